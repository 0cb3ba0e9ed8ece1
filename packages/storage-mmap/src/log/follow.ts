import {
  closedError,
  type LogReader,
  type LogRecord,
  OmenError,
  Queue,
  type StorageBackend,
} from '@omen/core'
import {
  checkSequence,
  type Expected,
  listLogFiles,
  type NamedFile,
  openNamed,
  readRecords,
} from './files.ts'
import { loadHash } from './hash.ts'
import { databaseIdBytes } from './open.ts'
import { corruptLog, isDamage, type Walked, walk } from './walk.ts'

/** How often a file may be taken away between being listed and being opened. */
const ATTEMPTS = 10

/**
 * Opens a log for reading while its writer, in this process or another, appends to it; nothing is changed.
 *
 * What is being written shows when it is whole, which may be before its append is acknowledged.
 *
 * @param storage borrowed until the reader is closed; it may be read-only
 * @throws OmenError `not_found` when there is no log yet; `corrupt_log`, `unsupported`, `invalid_argument`, `io`
 */
export async function followLog(
  storage: StorageBackend,
  options: { readonly databaseId: string },
): Promise<LogReader> {
  const reader = new FollowedLog(storage, {
    databaseId: databaseIdBytes(options.databaseId),
    hash: await loadHash(),
  })
  await reader.refresh()
  return reader
}

/** How far the last file was seen. */
interface Seen extends Pick<Walked, 'end' | 'latest'> {
  readonly name: string
  readonly fileId: bigint
}

class FollowedLog implements LogReader {
  readonly #storage: StorageBackend
  readonly #expected: Expected
  readonly #queue: Queue = new Queue()
  #files: readonly NamedFile[] = []
  #seen: Seen | undefined
  #closed = false

  constructor(storage: StorageBackend, expected: Expected) {
    this.#storage = storage
    this.#expected = expected
  }

  get firstSequence(): number {
    return this.#files[0]?.firstSequence ?? this.nextSequence
  }

  get nextSequence(): number {
    return this.#seen?.end.sequence ?? 1
  }

  async *read(sequence: number): AsyncGenerator<LogRecord, void, undefined> {
    const check = (): void => {
      if (this.#closed) throw closedError()
    }
    check()
    checkSequence(sequence, this.firstSequence, this.nextSequence)
    const limits = { from: sequence, to: this.nextSequence }
    yield* readRecords(this.#storage, this.#files, { ...limits, expected: this.#expected, check })
  }

  async refresh(): Promise<void> {
    if (this.#closed) throw closedError()
    return this.#queue.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#look()
        } catch (error) {
          const gone = error instanceof OmenError && error.code === 'not_found' && this.#files.length > 0
          if (!gone || attempt === ATTEMPTS) throw error
        }
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #look(): Promise<void> {
    const files = await listLogFiles(this.#storage)
    const last = files.at(-1)
    if (!last) throw new OmenError('not_found', 'there is no log here')
    const file = await openNamed(this.#storage, last, this.#expected)
    if (isDamage(file)) throw corruptLog(file)
    try {
      const seen = this.#seen
      const same = seen?.name === last.name && seen.fileId === file.header.fileId ? seen : undefined
      if (same?.latest) {
        const latest = await file.recordAt(same.latest.at)
        if (!latest || isDamage(latest) || latest.checksum !== same.latest.checksum) throw staleError()
      }
      const { end, latest } = await walk(file, same?.end)
      if (seen && end.sequence < seen.end.sequence) throw staleError()
      this.#files = files
      this.#seen = { name: last.name, fileId: file.header.fileId, end, latest: latest ?? same?.latest }
    } finally {
      await file.close()
    }
  }
}

function staleError(): OmenError {
  return new OmenError(
    'stale',
    'records that were read are in the log no more, as after a crash: open it again',
  )
}
