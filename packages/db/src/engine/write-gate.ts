/**
 * Lets changes that read before they write be alone, from their reading up to their place in the log; all others pass side by
 * side. First come, first served.
 */
export class WriteGate {
  /** Settles when the last one that asked to be alone has its place; undefined when nobody is or waits. */
  #last: Promise<void> | undefined

  /** Takes a place in the log, behind those who asked to be alone before. */
  pass<T>(commit: () => Promise<T>): Promise<T> {
    // What waits is run in the order in which it came, without a step in between.
    return this.#last ? this.#last.then(commit) : commit()
  }

  /**
   * Reads and then writes, alone.
   *
   * @param settled resolves when all that came before can be read
   * @param read returns what takes a place in the log
   */
  async alone<T>(settled: () => Promise<void>, read: () => Promise<() => Promise<T>>): Promise<T> {
    const before = this.#last
    const { promise, resolve } = withResolver()
    this.#last = promise
    try {
      await before
      await settled()
      const commit = await read()
      return commit()
    } finally {
      if (this.#last === promise) this.#last = undefined
      resolve()
    }
  }
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
