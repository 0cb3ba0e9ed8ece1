import { HttpError } from '../http/errors.ts'

interface Waiting {
  readonly enter: () => void
  readonly refuse: (error: Error) => void
  readonly since: number
}

/** How much a gate lets through. */
export interface GateLimits {
  readonly concurrency: number
  readonly queue: number
  readonly queueMs: number
}

/** Lets so many requests work at the same time; some more wait for their turn, and the rest is told to come again. */
export class Gate {
  readonly #limits: GateLimits
  readonly #waiting: Waiting[] = []
  #working = 0
  #refused = 0

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  /** Requests that are worked on. */
  get working(): number {
    return this.#working
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Requests that were told to come again, since the beginning. */
  get refused(): number {
    return this.#refused
  }

  /**
   * Takes a place, which `leave` gives back.
   *
   * @returns undefined where one was free, so that nobody waits for a turn of the event loop without need
   * @throws OmenError `overloaded` when too many wait, or when its turn did not come in time
   */
  enter(): Promise<void> | undefined {
    if (this.#working < this.#limits.concurrency) {
      this.#working++
      return undefined
    }
    if (this.#waiting.length >= this.#limits.queue) {
      this.#refused++
      throw overloaded()
    }
    return new Promise((enter, refuse) => this.#waiting.push({ enter, refuse, since: performance.now() }))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next) next.enter()
    else this.#working--
  }

  /** Refuses who has waited too long; called every now and then. */
  sweep(now: number): void {
    while (this.#waiting[0] && now - this.#waiting[0].since > this.#limits.queueMs) {
      this.#refused++
      this.#waiting.shift()?.refuse(overloaded())
    }
  }
}

function overloaded(): HttpError {
  return new HttpError('overloaded', 'the server has more to do than it can: try again in a moment', {
    retryAfterSeconds: 1,
  })
}
