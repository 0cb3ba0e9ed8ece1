import { closedError, type Log, type LogAppendOptions, OmenError, Turns } from '@omen/core'
import type { Durability } from '@omen/schema'
import { type Change, encodeChange } from './change.ts'
import type { EngineHooks } from './points.ts'

const MARK: Change = { kind: 'mark', collection: 0 }

/** What a change did. */
export interface Applied {
  /** Its place in the log, which is the version of the rows that it wrote. */
  readonly sequence: number
  /** Rows that it wrote. */
  readonly written: number
  /** Rows that were there before and are not any more, or not as they were. */
  readonly removed: number
}

interface Entry {
  readonly change: Change
  readonly durability: Durability
  sequence: number | undefined
  failure: { readonly error: unknown } | undefined
  resolve(applied: Applied): void
  reject(error: unknown): void
}

/**
 * The way of every change: into the log, then, in the order of the log, into memory, then back to the caller. Many may be on
 * their way at once, and share a sync.
 */
export class Commits {
  readonly #log: Log
  readonly #apply: (change: Change, sequence: number) => Applied
  readonly #hooks: EngineHooks
  /** Changes on their way, in the order of the log. */
  readonly #entries: Entry[] = []
  #draining = false
  #applied: number
  /** Why nothing can be written any more. */
  #fatal: OmenError | undefined
  #bytes = 0
  #settled: (() => void)[] = []
  /** Whether the log may hold something that a power cut would take. */
  #unsynced = false
  /** Changes in memory whose record is not in the log yet. */
  readonly #ahead: Set<Entry> = new Set()

  constructor(
    log: Log,
    applied: number,
    apply: (change: Change, sequence: number) => Applied,
    hooks: EngineHooks,
  ) {
    this.#log = log
    this.#applied = applied
    this.#apply = apply
    this.#hooks = hooks
  }

  /** The last record that was applied. */
  get applied(): number {
    return this.#applied
  }

  /** Makes a change that the log holds already; none for a record that says nothing new. */
  replayed(change: Change | undefined, sequence: number, bytes: number): void {
    this.#bytes += bytes
    if (change) this.#apply(change, sequence)
    this.#applied = sequence
  }

  /** Bytes of the records that were replayed or taken in since the database was opened. */
  get bytes(): number {
    return this.#bytes
  }

  /** Changes that are on their way. */
  get pending(): number {
    return this.#entries.length
  }

  get fatal(): OmenError | undefined {
    return this.#fatal
  }

  /** Refuses every change from now on; those on their way end with this error. */
  fail(error: OmenError): void {
    if (this.#fatal) return
    this.#fatal = error
    for (const entry of this.#entries.splice(0)) entry.reject(error)
    this.#wake()
  }

  /**
   * Commits a change. It is in its place in the order when this returns, and done when the promise resolves.
   *
   * @param bytes the change as the log takes it: borrowed until the promise settles
   * @throws OmenError `disk_full`: then it did not happen; `unknown_outcome`: then it may have, and opening the database again
   * will tell; `closed`
   */
  commit(change: Change, bytes: Uint8Array, durability: Durability): Promise<Applied> {
    if (this.#fatal) return Promise.reject(this.#fatal)
    return new Promise((resolve, reject) => {
      const entry: Entry = { change, durability, sequence: undefined, failure: undefined, resolve, reject }
      this.#hooks.point?.('write:before-append')
      this.#entries.push(entry)
      this.#bytes += bytes.length
      if (durability !== 'synced') this.#unsynced = true
      this.#log.append([bytes], logOptions(entry)).then(
        (sequence) => this.#logged(entry, sequence),
        (error: unknown) => this.#notLogged(entry, error),
      )
      if (durability === 'memory') this.#drain()
    })
  }

  #logged(entry: Entry, sequence: number): void {
    this.#hooks.point?.('write:appended')
    if (!this.#ahead.delete(entry)) {
      entry.sequence = sequence
      this.#drain()
    } else if (sequence !== entry.sequence) {
      this.#failBehind(new OmenError('io', `record ${entry.sequence} became ${sequence}`))
    } else {
      this.#wakeWhenSettled()
    }
  }

  #notLogged(entry: Entry, error: unknown): void {
    if (this.#ahead.has(entry)) {
      this.#failBehind(error)
    } else if (isRefusal(error)) {
      entry.failure = { error }
      this.#drain()
    } else {
      this.fail(
        new OmenError(
          'unknown_outcome',
          'the log could not be written, so nobody knows whether this change is in it: open the database again',
          { cause: error },
        ),
      )
    }
  }

  /** What memory holds is not what the log holds. */
  #failBehind(cause: unknown): void {
    this.fail(
      new OmenError(
        'io',
        'a change that was made in memory first did not reach the log: open the database again, without it',
        { cause },
      ),
    )
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    void this.#drainInTurns()
  }

  /** Applies what is ready, in order. Starts at once, so that one change alone waits for nothing. */
  async #drainInTurns(): Promise<void> {
    const turns = new Turns()
    for (let entry = this.#entries[0]; entry; entry = this.#entries[0]) {
      if (entry.failure) {
        this.#entries.shift()
        entry.reject(entry.failure.error)
        continue
      }
      if (entry.sequence === undefined) {
        if (entry.durability !== 'memory') break
        entry.sequence = this.#applied + 1
        this.#ahead.add(entry)
      }
      this.#entries.shift()
      this.#applyEntry(entry, entry.sequence)
      if (turns.due) await turns.take()
    }
    this.#draining = false
    this.#wakeWhenSettled()
  }

  #applyEntry(entry: Entry, sequence: number): void {
    try {
      this.#hooks.point?.('write:before-apply')
      const applied = this.#apply(entry.change, sequence)
      this.#applied = sequence
      this.#hooks.point?.('write:applied')
      entry.resolve(applied)
    } catch (cause) {
      const error = new OmenError(
        'unknown_outcome',
        `record ${sequence} is in the log and could not be applied: open the database again`,
        { cause },
      )
      entry.reject(error)
      this.fail(error)
    }
  }

  /** Resolves when every change that was on its way has ended. */
  async settled(): Promise<void> {
    while (this.#entries.length > 0) await new Promise<void>((resolve) => this.#settled.push(resolve))
  }

  #wakeWhenSettled(): void {
    if (this.#entries.length === 0) this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#settled.splice(0)) resolve()
  }

  /**
   * Makes every change that was applied survive a power cut, whatever its durability.
   *
   * @throws OmenError as `commit`
   */
  async sync(): Promise<void> {
    if (this.#fatal) throw this.#fatal
    if (!this.#unsynced) return
    this.#unsynced = false
    try {
      await this.commit(MARK, encodeChange(MARK), 'synced')
    } catch (error) {
      this.#unsynced = true
      throw error
    }
  }

  /** Refuses changes from now on, and waits for those on their way. */
  async close(): Promise<void> {
    await this.settled()
    this.fail(closedError())
  }
}

function logOptions({ change, durability }: Entry): LogAppendOptions {
  return {
    durability: durability === 'synced' ? 'synced' : 'buffered',
    // What gives space back may use what is set aside for a full disk.
    urgent: change.kind === 'delete' || change.kind === 'drop' || change.kind === 'mark',
  }
}

/** Whether the log took nothing, and goes on. */
function isRefusal(error: unknown): boolean {
  return error instanceof OmenError && (error.code === 'disk_full' || error.code === 'invalid_argument')
}
