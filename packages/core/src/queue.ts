import { OmenError, throwIfAborted } from './errors.ts'

/** Runs asynchronous tasks one after another: how the changes of an index wait for each other. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve()
  #closed = false
  #waiting = 0

  /** Tasks running or waiting. */
  get pending(): number {
    return this.#waiting
  }

  /**
   * Runs the task when all that came before have settled, whether they failed or not.
   *
   * @throws OmenError `closed` when the queue was closed before the task's turn, `aborted` when the signal fired before it
   */
  run<T>(task: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    this.#waiting++
    const result = this.#tail.then(() => {
      if (this.#closed) throw closedError()
      throwIfAborted(signal)
      return task()
    })
    const settled = (): void => {
      this.#waiting--
    }
    this.#tail = result.then(settled, settled)
    return result
  }

  /** Resolves when all tasks that there are have settled. */
  async ended(): Promise<void> {
    await this.#tail
  }

  /** Refuses every task that has not started; a running one is left to notice by itself. */
  close(): void {
    this.#closed = true
  }
}

/** The error of every call to something that was closed. */
export function closedError(): OmenError {
  return new OmenError('closed', 'it was closed: open or build it again before using it')
}
