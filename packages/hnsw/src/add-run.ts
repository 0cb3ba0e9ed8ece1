import { type AddOptions, checkWholeNumber, closedError, throwIfAborted } from '@omen/core'
import type { Run } from './engine.ts'

/** One call of `add` while it runs: when it must end early, and whom to tell how far it is. */
export class AddRun implements Run {
  readonly threads: number
  readonly background: boolean | undefined
  readonly stopped: () => boolean
  readonly report: (done: number) => void
  readonly #options: AddOptions
  readonly #closed: () => boolean
  /** What the caller's `onProgress` threw. */
  #failure: { readonly error: unknown } | undefined

  /** @throws OmenError `invalid_argument` for a wrong number of threads */
  constructor(options: AddOptions, total: number, threads: number, closed: () => boolean) {
    this.#options = options
    this.#closed = closed
    this.threads = options.threads === undefined ? threads : checkWholeNumber('threads', options.threads)
    this.background = options.background
    this.stopped = () => closed() || options.signal?.aborted === true || this.#failure !== undefined
    this.report = (done) => {
      if (this.#failure || !options.onProgress) return
      try {
        options.onProgress({ done, total })
      } catch (error) {
        // It may be called by a timer, where nobody would catch it; it fails the add instead.
        this.#failure = { error }
      }
    }
  }

  /** Throws why the call must end, where it must. */
  check(): void {
    if (this.#closed()) throw closedError()
    if (this.#failure) throw this.#failure.error
    throwIfAborted(this.#options.signal)
  }
}
