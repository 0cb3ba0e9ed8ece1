/** The asynchronous searches that run: a row number may be given to another vector only when those that may have seen it ended. */
export class RunningSearches {
  readonly #running: Set<Promise<unknown>> = new Set()

  /** Remembers a search until it ends. */
  track<T>(search: Promise<T>): Promise<T> {
    this.#running.add(search)
    const forget = (): void => {
      this.#running.delete(search)
    }
    search.then(forget, forget)
    return search
  }

  /** Resolves when all searches that run now have ended; those that begin later are not waited for. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#running])
  }
}
