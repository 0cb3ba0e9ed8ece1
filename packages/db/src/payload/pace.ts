import { Turns, throwIfAborted } from '@omen/core'

/** What long work in TypeScript watches between its steps. */
export class Pace {
  readonly #turns: Turns = new Turns()
  readonly #signal: AbortSignal | undefined

  /** @throws OmenError `aborted` */
  constructor(signal: AbortSignal | undefined) {
    throwIfAborted(signal)
    this.#signal = signal
  }

  /** Whether to `take` a turn before going on; ask after every few hundred steps. */
  get due(): boolean {
    return this.#turns.due
  }

  /** @throws OmenError `aborted` */
  async take(): Promise<void> {
    throwIfAborted(this.#signal)
    await this.#turns.take()
  }
}
