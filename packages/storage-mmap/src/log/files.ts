import { type LogRecord, OmenError, type StorageBackend } from '@omen/core'
import type { Hash } from './hash.ts'
import { sequenceOfName } from './layout.ts'
import { corruptLog, type Damage, isDamage, type LogFile, openLogFile, type Position } from './walk.ts'

/** A file of a log by its name. */
export interface NamedFile {
  readonly name: string
  readonly firstSequence: number
}

/** The files of the log, in order. */
export async function listLogFiles(storage: StorageBackend): Promise<NamedFile[]> {
  return (await storage.list()).flatMap(({ name }) => {
    const firstSequence = sequenceOfName(name)
    return firstSequence === undefined ? [] : [{ name, firstSequence }]
  })
}

/** Which log a file must be of. */
export interface Expected {
  /** 16 bytes; undefined: any. */
  readonly databaseId: Uint8Array | undefined
  readonly hash: Hash
}

/** Opens a file and checks that it is the one that its name says, of the right database. */
export async function openNamed(
  storage: StorageBackend,
  { name, firstSequence }: NamedFile,
  { databaseId, hash }: Expected,
): Promise<LogFile | Damage> {
  const file = await openLogFile(storage, name, hash)
  if (isDamage(file)) return file
  if (databaseId?.some((byte, i) => byte !== file.header.databaseId[i])) {
    await file.close()
    throw new OmenError(
      'corrupt_log',
      `${name} is of another database: it has been copied here, move it away`,
    )
  }
  if (file.header.firstSequence === firstSequence) return file
  await file.close()
  return { file: name, offset: 40, why: `it begins at sequence ${file.header.firstSequence}` }
}

/**
 * Reads records from `from` up to before `to`, all of which are there.
 *
 * @throws OmenError `out_of_range` when they were truncated away meanwhile; `corrupt_log`, `io`
 */
export async function* readRecords(
  storage: StorageBackend,
  files: readonly NamedFile[],
  {
    from,
    to,
    expected,
    check,
  }: {
    readonly from: number
    readonly to: number
    readonly expected: Expected
    /** Called before each record: throws when the log was closed. */
    readonly check: () => void
  },
): AsyncGenerator<LogRecord, void, undefined> {
  let next: Position | undefined
  for (const [i, named] of files.entries()) {
    const end = files[i + 1]?.firstSequence ?? Number.POSITIVE_INFINITY
    if (end <= from) continue
    check()
    if (named.firstSequence >= to) return
    const file = await openNamed(storage, named, expected).catch(ifRemoved)
    if (isDamage(file)) throw corruptLog(file)
    try {
      if (next && file.header.previous !== next.previous) {
        throw corruptLog({ file: named.name, offset: 48, why: 'it does not follow the file before' })
      }
      let position = file.begin
      // A file that another follows is read to its end: what follows goes on from a mark, too.
      while (position.sequence < Math.min(end, to) || (end <= to && position.offset < file.sizeBytes)) {
        const record = await file.recordAt(position)
        if (isDamage(record)) throw corruptLog(record)
        if (!record || record.head.sequence > end) {
          throw corruptLog({
            file: named.name,
            offset: position.offset,
            why: 'records are missing at its end',
          })
        }
        const { type, sequence } = record.head
        const counts = type === 'data' ? 1 : 0
        position = { offset: record.end, sequence: sequence + counts, previous: record.checksum }
        if (counts === 0 || sequence < from) continue
        yield { sequence, bytes: record.payload }
        check()
      }
      next = position
    } finally {
      await file.close()
    }
  }
}

/** Throws unless there is a record of this sequence, or it is the next one. */
export function checkSequence(sequence: number, first: number, next: number): void {
  if (Number.isInteger(sequence) && sequence >= first && sequence <= next) return
  throw new OmenError(
    'out_of_range',
    `sequence ${sequence} is outside the log, which has ${first} up to before ${next}`,
  )
}

function ifRemoved(error: unknown): never {
  if (error instanceof OmenError && error.code === 'not_found') {
    throw new OmenError('out_of_range', 'the records were truncated away while they were read', {
      cause: error,
    })
  }
  throw error
}
