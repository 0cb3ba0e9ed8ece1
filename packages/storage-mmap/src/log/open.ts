import { OmenError, type StorageBackend } from '@omen/core'
import { type Expected, listLogFiles, type NamedFile, openNamed } from './files.ts'
import { encodeHeader, encodeRecord, Place } from './layout.ts'
import { allDurable, createFile, newFileId, type TailOptions, type TailState } from './tail.ts'
import { corruptLog, isDamage, type LogFile, lossAtEnd, type Walked, walk } from './walk.ts'

export interface OpenedTail {
  readonly files: readonly NamedFile[]
  readonly tail: TailState
}

/**
 * Finds the end of a log, or begins one. What a crash left behind it is cut, and what is not known to be durable is written
 * again, both by replacing the last file.
 *
 * @throws OmenError `corrupt_log` for damage that no crash can leave
 */
export async function openTail(options: TailOptions, firstSequence: number): Promise<OpenedTail> {
  const { storage, databaseId, hash, faults } = options
  const files = await listLogFiles(storage)
  const last = files.at(-1)
  if (!last) {
    const tail = await createFile(options, { sequence: firstSequence, previous: 0n })
    return { files: [tail], tail }
  }
  const file = await openLast(storage, last, { databaseId, hash })
  try {
    const walked = await walk(file)
    const loss = await lossAtEnd(file, walked)
    if (loss) throw corruptLog(loss)
    const { end, dataEnd } = walked
    const durable = faults.has('no-relog') ? end.offset : walked.durable
    if (end.offset === file.sizeBytes && dataEnd <= durable) {
      const { fileId } = file.header
      return { files, tail: { ...last, fileId, end, durable, dataEnd, proven: durable } }
    }
    return { files, tail: await writeAgain(options, file, walked) }
  } finally {
    await file.close()
  }
}

/** Opens the last file; its header is whole however a crash went, since it had its name only then. */
async function openLast(storage: StorageBackend, last: NamedFile, expected: Expected): Promise<LogFile> {
  const file = await openNamed(storage, last, expected)
  if (isDamage(file)) throw corruptLog(file)
  return file
}

/**
 * Writes the records of a file again, whole appends only, in its place: reading what a failed sync left shows it, though it
 * may be in memory alone.
 */
export async function writeAgain(
  { storage, hash }: Pick<TailOptions, 'storage' | 'hash'>,
  file: LogFile,
  { end }: Pick<Walked, 'end'>,
): Promise<TailState> {
  const fileId = newFileId()
  const bytes = new Uint8Array(end.offset)
  bytes.set(encodeHeader({ ...file.header, fileId, createdBytes: end.offset }, hash))
  const place = new Place(fileId, hash)
  let { previous } = file.header
  await walk(file, file.begin, (record) => {
    const { head, offset, payload } = record
    if (offset >= end.offset) return
    previous = encodeRecord(bytes, offset, { ...head, previous }, payload, place.at(offset))
  })
  await storage.replace(file.name, bytes)
  return {
    name: file.name,
    firstSequence: file.header.firstSequence,
    fileId,
    end: { ...end, previous },
    ...allDurable(end.offset),
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The 16 bytes of a database's id.
 *
 * @throws OmenError `invalid_argument` for what is no UUID
 */
export function databaseIdBytes(id: string): Uint8Array {
  if (typeof id !== 'string' || !UUID.test(id)) {
    throw new OmenError('invalid_argument', `a database id is a UUID, got ${JSON.stringify(id)}`)
  }
  return new Uint8Array(Buffer.from(id.replaceAll('-', ''), 'hex'))
}
