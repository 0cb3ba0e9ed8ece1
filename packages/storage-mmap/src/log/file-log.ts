import {
  closedError,
  type Log,
  type LogAppendOptions,
  type LogRecord,
  OmenError,
  Queue,
  type StorageBackend,
  takeTurn,
} from '@omen/core'
import { type LogFaults, NO_FAULTS } from './faults.ts'
import { checkSequence, listLogFiles, type NamedFile, readRecords } from './files.ts'
import { loadHash } from './hash.ts'
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from './layout.ts'
import { databaseIdBytes, type OpenedTail, openTail } from './open.ts'
import { Reserve } from './reserve.ts'
import { groupBytes, Tail, type TailOptions } from './tail.ts'

export interface FileLogOptions {
  /** A UUID: a log of another database is refused. */
  readonly databaseId: string
  /** A file that would grow beyond this is left for a new one: 32 MiB when left out. */
  readonly fileBytes?: number
  /** Appends written by one write and one sync, as long as they come together: 1 MiB when left out. */
  readonly groupBytes?: number
  /** Set aside on the disk for when it is full, see `LogAppendOptions.urgent`: 1 MiB when left out, 0 for nothing. */
  readonly reserveBytes?: number
  /** The sequence that a log begins at that is not there yet: 1 when left out. */
  readonly firstSequence?: number
  /** Whether a log that is not there is damage, rather than one to begin: false when left out. */
  readonly mustExist?: boolean
}

/** What a log has done since it was opened. */
export interface LogCounters {
  /** Appends acknowledged. */
  readonly appends: number
  readonly records: number
  /** Groups that were synced: how many appends share a sync is what the two are compared for. */
  readonly syncs: number
  readonly bytesWritten: number
}

/** A `Log` in files, which counts what it does. */
export interface FileLog extends Log {
  counters(): LogCounters
  /** Bytes of the log on disk, what is set aside included. */
  sizeBytes(): Promise<number>
}

interface Append {
  readonly records: readonly Uint8Array[]
  readonly options: LogAppendOptions
  resolve(sequence: number): void
  reject(error: unknown): void
}

/**
 * Opens the log in a storage's folder for writing, or begins one; the caller holds the storage's lock.
 *
 * What a crash cut short is cut off, and what may not be durable is written again, before it resolves.
 *
 * @param storage borrowed until the log is closed
 * @throws OmenError `corrupt_log` naming file and byte, for damage that no crash can leave; `unsupported` for another version of
 * the format; `invalid_argument`, `disk_full`, `io`
 */
export function openFileLog(storage: StorageBackend, options: FileLogOptions): Promise<FileLog> {
  return openLogWith(storage, options, NO_FAULTS)
}

/** As `openFileLog`, with bugs planted. */
export async function openLogWith(
  storage: StorageBackend,
  options: FileLogOptions,
  faults: LogFaults,
): Promise<FileLog> {
  const { fileBytes = 2 ** 25, reserveBytes = 2 ** 20, firstSequence = 1 } = options
  const databaseId = databaseIdBytes(options.databaseId)
  if (options.mustExist && (await listLogFiles(storage)).length === 0)
    throw new OmenError('corrupt_log', 'the log is gone: no file of it is there')
  const tailOptions = { storage, databaseId, fileBytes, hash: await loadHash(), faults }
  const reserve = new Reserve(storage, reserveBytes)
  const open = (): Promise<OpenedTail> => openTail(tailOptions, firstSequence)
  const { files, tail } = await open().catch(async (error: unknown) => {
    if (!isDiskFull(error) || !(await reserve.release())) throw error
    return open()
  })
  await reserve.restore()
  return new OpenFileLog(tailOptions, new Tail(tailOptions, tail), files, reserve, options.groupBytes)
}

class OpenFileLog implements FileLog {
  readonly #options: TailOptions
  readonly #tail: Tail
  readonly #reserve: Reserve
  readonly #groupBytes: number
  readonly #queue: Queue = new Queue()
  #files: NamedFile[]
  #waiting: Append[] = []
  #closing: Promise<void> | undefined
  #failure: OmenError | undefined
  #counters: LogCounters = { appends: 0, records: 0, syncs: 0, bytesWritten: 0 }

  constructor(
    options: TailOptions,
    tail: Tail,
    files: readonly NamedFile[],
    reserve: Reserve,
    groupBytes = 2 ** 20,
  ) {
    this.#options = options
    this.#tail = tail
    this.#files = [...files]
    this.#reserve = reserve
    this.#groupBytes = groupBytes
  }

  get firstSequence(): number {
    return this.#files[0]?.firstSequence ?? this.nextSequence
  }

  get nextSequence(): number {
    return this.#tail.nextSequence
  }

  counters(): LogCounters {
    return this.#counters
  }

  async sizeBytes(): Promise<number> {
    const files = await this.#options.storage.list()
    return files.reduce((sum, { name, sizeBytes }) => sum + (name.startsWith('log-') ? sizeBytes : 0), 0)
  }

  async append(records: readonly Uint8Array[], options: LogAppendOptions = {}): Promise<number> {
    if (this.#closing) throw closedError()
    for (const { length } of records) {
      if (length > MAX_PAYLOAD_BYTES) {
        throw new OmenError(
          'invalid_argument',
          `a record has at most ${MAX_PAYLOAD_BYTES} bytes, got ${length}`,
        )
      }
    }
    const result = new Promise<number>((resolve, reject) => {
      this.#waiting.push({ records, options, resolve, reject })
    })
    if (this.#waiting.length === 1) this.#queue.run(() => this.#commit()).catch(() => undefined)
    return result
  }

  read(sequence: number): AsyncIterable<LogRecord> {
    return this.#read(sequence)
  }

  async truncateBefore(sequence: number): Promise<void> {
    if (this.#closing) throw closedError()
    return this.#queue.run(async () => {
      this.#checkWorks()
      checkSequence(sequence, 1, this.nextSequence)
      await this.#truncate(sequence)
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.run(async () => {
      if (!this.#failure) await this.#finish()
    })
    return this.#closing
  }

  async *#read(sequence: number): AsyncGenerator<LogRecord, void, undefined> {
    const check = (): void => {
      if (this.#closing) throw closedError()
    }
    check()
    checkSequence(sequence, this.firstSequence, this.nextSequence)
    const { storage, databaseId, hash } = this.#options
    const expected = { databaseId, hash }
    yield* readRecords(storage, [...this.#files], {
      from: sequence,
      to: this.nextSequence,
      expected,
      check,
    })
  }

  /** Writes what waits, a group at a time: the next one gathers while this one is synced. */
  async #commit(): Promise<void> {
    // Whoever appends in this turn of the event loop comes along.
    await takeTurn()
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        this.#checkWorks()
        await this.#write(group)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
  }

  #takeGroup(): Append[] {
    let bytes = 0
    let count = 0
    for (const { records } of this.#waiting) {
      bytes += groupBytes([records])
      if (count > 0 && bytes > this.#groupBytes) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Writes a group; when the disk is full, what is urgent of it by what was set aside. */
  async #write(group: readonly Append[]): Promise<void> {
    try {
      await this.#put(group)
    } catch (error) {
      if (!isDiskFull(error)) throw this.#fail(error)
      const urgent = group.filter(({ options }) => options.urgent)
      for (const append of group) if (!append.options.urgent) append.reject(error)
      if (urgent.length === 0) return
      try {
        if (!(await this.#reserve.release())) throw error
        await this.#put(urgent)
      } catch (again) {
        if (isDiskFull(again)) throw again
        throw this.#fail(again)
      }
    }
  }

  async #put(group: readonly Append[]): Promise<void> {
    const appends = group.map(({ records }) => records)
    const bytes = groupBytes(appends)
    if (this.#tail.isFull(bytes)) await this.#rotate()
    let sequence = this.nextSequence
    const synced = group.some(({ options }) => options.durability !== 'buffered')
    if (bytes > 0) await this.#tail.write(appends, synced ? 'synced' : 'buffered')
    const records = this.nextSequence - sequence
    const { appends: before, ...counters } = this.#counters
    this.#counters = {
      appends: before + group.length,
      records: counters.records + records,
      syncs: counters.syncs + (synced && bytes > 0 ? 1 : 0),
      bytesWritten: counters.bytesWritten + bytes,
    }
    for (const append of group) {
      append.resolve(sequence)
      sequence += append.records.length
    }
  }

  async #rotate(): Promise<void> {
    await this.#tail.rotate()
    this.#files = [...this.#files, this.#tail.state]
  }

  async #truncate(sequence: number): Promise<void> {
    try {
      if (sequence === this.nextSequence && this.#tail.state.end.offset > HEADER_BYTES) await this.#rotate()
    } catch (error) {
      // A full disk keeps the last file; those before it can go all the same.
      if (!isDiskFull(error)) throw this.#fail(error)
    }
    for (;;) {
      const [oldest, second] = this.#files
      if (!oldest || !second || second.firstSequence > sequence) break
      // Oldest first, one after another: whatever a crash leaves has no hole.
      this.#files = this.#files.slice(1)
      await this.#options.storage.remove(oldest.name)
    }
    await this.#reserve.restore()
  }

  async #finish(): Promise<void> {
    try {
      await this.#tail.sync()
    } catch (error) {
      throw this.#fail(error)
    }
    // Without the mark, opening takes longer, that is all.
    await this.#tail.mark().catch(() => undefined)
  }

  /** Remembers that nothing more may be written: what is in the file now is for whoever opens it to find out. */
  #fail(cause: unknown): OmenError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new OmenError(
      'io',
      `the log could not be written, and takes no more until it is opened again; whether what was being written is in it ` +
        `is not known: ${reason}`,
      { cause },
    )
    return this.#failure
  }

  #checkWorks(): void {
    if (this.#failure) throw this.#failure
  }
}

function isDiskFull(error: unknown): error is OmenError {
  return error instanceof OmenError && error.code === 'disk_full'
}
