import { closedError } from '@omen/core'

/** Counts who holds something, and ends it when the last one lets go. */
export class References {
  readonly #end: () => void
  #count = 1

  constructor(end: () => void) {
    this.#end = end
  }

  /** @throws OmenError `closed` */
  retain(): void {
    if (this.#count === 0) throw closedError()
    this.#count++
  }

  release(): void {
    if (this.#count > 0 && --this.#count === 0) this.#end()
  }

  /** Runs a task that needs it open. @throws OmenError `closed`, and what the task throws */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.retain()
    try {
      return await task()
    } finally {
      this.release()
    }
  }
}
