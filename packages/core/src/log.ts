import { OmenError } from './errors.ts'
import { closedError } from './queue.ts'
import type { AppendDurability } from './storage.ts'

/**
 * A sequence of records: the truth that everything else can be made again from. Sequences count up by one from 1.
 *
 * Now a local file; later perhaps a shared log on an existing distributed system, read by replicas.
 */
export interface Log {
  /** The oldest record that can still be read; equal to `nextSequence` when there is none. */
  readonly firstSequence: number
  /** The sequence that the next record will get. */
  readonly nextSequence: number
  /**
   * Appends records, all or none, in order. When it resolves they survive a power cut; a `buffered` append survives the
   * end of the process but perhaps no power cut, until a later `synced` one resolves.
   *
   * Calls may overlap: they are appended in the order of the calls, and one sync may serve many.
   *
   * @param records borrowed until the promise settles; a record may be empty
   * @returns the sequence of the first one; with no records, the next sequence
   * @throws OmenError `disk_full`: then none is there; `io`: then all or none are, and the log takes no more until it is opened
   * again; `closed`
   */
  append(records: readonly Uint8Array[], options?: LogAppendOptions): Promise<number>
  /**
   * Reads records in order, from `sequence` up to at least the last one appended when it was called.
   *
   * @param sequence from `firstSequence` to `nextSequence`
   * @throws OmenError `out_of_range` for a record that was truncated away or is not there yet, `closed`, `io`
   */
  read(sequence: number): AsyncIterable<LogRecord>
  /**
   * Forgets records before `sequence`, for good; it may keep some of them, as far as its files reach.
   *
   * @throws OmenError `out_of_range` beyond `nextSequence`, `closed`, `io`
   */
  truncateBefore(sequence: number): Promise<void>
  /** Ends it: later calls throw `closed`. Closing twice is fine. */
  close(): Promise<void>
}

export interface LogAppendOptions {
  /** `synced` when left out. */
  readonly durability?: AppendDurability | undefined
  /** Whether it may use what is set aside for a full disk: for records that give space back, such as deletions. */
  readonly urgent?: boolean | undefined
}

/** A log as others read it, in this process or another, while its writer appends. */
export interface LogReader {
  /** The oldest record that could be read when last looked. */
  readonly firstSequence: number
  /** One more than the newest record that could be read when last looked. */
  readonly nextSequence: number
  /** As `Log.read`; a record that the writer took away since then is `out_of_range`: open again. */
  read(sequence: number): AsyncIterable<LogRecord>
  /**
   * Looks again; records of one append come all together.
   *
   * @throws OmenError `stale` when records that were seen are there no more, as after a crash: open again; `corrupt_log`, `io`
   */
  refresh(): Promise<void>
  /** Ends it: later calls throw `closed`. Closing twice is fine. */
  close(): Promise<void>
}

export interface LogRecord {
  readonly sequence: number
  /** Borrowed until the next record is asked for. */
  readonly bytes: Uint8Array
}

/** What a `MemoryLog` keeps, to be opened again by another. */
export interface MemoryLogRecords {
  firstSequence: number
  readonly records: Uint8Array[]
}

/** A `Log` in memory: for tests and for databases that need not outlive the process. */
export class MemoryLog implements Log {
  readonly #kept: MemoryLogRecords
  #closed = false

  /** @param kept what an earlier log kept, to go on from there: borrowed and changed */
  constructor(kept: MemoryLogRecords = { firstSequence: 1, records: [] }) {
    this.#kept = kept
  }

  get firstSequence(): number {
    return this.#kept.firstSequence
  }

  get nextSequence(): number {
    return this.#kept.firstSequence + this.#kept.records.length
  }

  async append(records: readonly Uint8Array[]): Promise<number> {
    this.#checkOpen()
    const first = this.nextSequence
    this.#kept.records.push(...records.map((record) => new Uint8Array(record)))
    return first
  }

  async *read(sequence: number): AsyncGenerator<LogRecord, void, undefined> {
    for (let next = sequence; ; next++) {
      this.#checkOpen()
      this.#checkSequence(next, this.firstSequence)
      const bytes = this.#kept.records[next - this.firstSequence]
      if (!bytes) return
      yield { sequence: next, bytes }
    }
  }

  async truncateBefore(sequence: number): Promise<void> {
    this.#checkOpen()
    this.#checkSequence(sequence, 1)
    const dropped = sequence - this.firstSequence
    if (dropped <= 0) return
    this.#kept.records.splice(0, dropped)
    this.#kept.firstSequence = sequence
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError()
  }

  #checkSequence(sequence: number, first: number): void {
    if (Number.isInteger(sequence) && sequence >= first && sequence <= this.nextSequence) return
    throw new OmenError(
      'out_of_range',
      `sequence ${sequence} is outside the log, which has ${first} up to before ${this.nextSequence}`,
    )
  }
}
