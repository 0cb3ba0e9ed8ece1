import type { LimitsConfig } from '../config/config.ts'
import { HttpError } from '../http/errors.ts'

/** A request from its headers to the end of its reply. */
export class Visit {
  /** Made when somebody asks for it: most requests are over before anybody could. */
  #abort: AbortController | undefined
  #ended: HttpError | undefined
  /** Undefined while the time does not run, such as for what may take long. */
  deadline: number | undefined
  /** How long the client wants to wait for the work. */
  timeoutMs: number | undefined
  /** Called when the deadline has passed. */
  overdue: () => void = () => this.end(new HttpError('timeout', 'the request took longer than it may'))
  /** Whether it was let in and works. */
  started = false
  /** Whether it lasts until somebody ends it. */
  endless = false
  /** Bytes of the body that are to come, at most. */
  announcedBytes = 0
  /** Bytes of the body that count as buffered. */
  bodyBytes = 0

  /** Fires when the time is over, the client is gone, or the server closes. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#ended) this.#abort.abort(this.#ended)
    }
    return this.#abort.signal
  }

  /** @throws the reason for which the work was ended, if it was */
  throwIfEnded(): void {
    if (this.#ended) throw this.#ended
  }

  /** Ends the work, for a reason that the reply may still tell. */
  end(reason: HttpError): void {
    this.#ended ??= reason
    this.#abort?.abort(reason)
  }
}

/** How often deadlines are looked at, in milliseconds. */
const SWEEP_MS = 100

/** The requests that there are: one timer looks after the deadlines of them all. */
export class UnderWay {
  readonly #visits = new Set<Visit>()
  readonly #limits: LimitsConfig
  readonly #timer: NodeJS.Timeout
  #bufferedBytes = 0
  #refused = 0

  /** @param swept called with the time whenever deadlines were looked at */
  constructor(limits: LimitsConfig, swept: (now: number) => void) {
    this.#limits = limits
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#sweep(now)
      swept(now)
    }, SWEEP_MS).unref()
  }

  get size(): number {
    return this.#visits.size
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Requests whose bodies there was no room for, since the beginning. */
  get refused(): number {
    return this.#refused
  }

  /**
   * Begins a request whose body is to come in time.
   *
   * @param bodyBytes how long the body is, or may be
   * @throws OmenError `overloaded` when there is no room for the body, `too_large`
   */
  begin(visit: Visit, bodyBytes: number): void {
    if (bodyBytes > this.#limits.bodyBytes) {
      throw new HttpError(
        'too_large',
        `a body has at most ${this.#limits.bodyBytes} bytes (limits.bodyBytes)`,
      )
    }
    if (this.#bufferedBytes > 0 && this.#bufferedBytes + bodyBytes > this.#limits.bufferedBytes) {
      this.#refused++
      throw new HttpError('overloaded', 'the server has no room for the body now: try again in a moment', {
        retryAfterSeconds: 1,
      })
    }
    visit.bodyBytes = bodyBytes
    this.#bufferedBytes += bodyBytes
    this.#visits.add(visit)
  }

  end(visit: Visit): void {
    if (this.#visits.delete(visit)) this.#bufferedBytes -= visit.bodyBytes
  }

  /** Ends what would go on for ever. */
  endStreams(reason: HttpError): void {
    for (const visit of this.#visits) if (visit.endless) visit.end(reason)
  }

  /** Ends the work of all requests. */
  endAll(reason: HttpError): void {
    for (const visit of this.#visits) visit.end(reason)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(now: number): void {
    for (const visit of this.#visits) {
      if (visit.deadline === undefined || now < visit.deadline) continue
      visit.deadline = undefined
      visit.overdue()
    }
  }
}
