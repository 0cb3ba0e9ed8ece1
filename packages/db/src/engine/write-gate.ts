/**
 * Lets changes that read before they write be alone, from their reading up to their place in the log; all others pass side by
 * side. First come, first served.
 */
export class WriteGate {
  /** Settles when the last one that asked to be alone has its place; undefined when nobody is or waits. */
  #last: Promise<void> | undefined
  /** Settles when the last change that was asked for has passed or is in line to be alone. */
  #arrived: Promise<void> = Promise.resolve()

  /**
   * Brings changes to the gate in the order of the calls, however long each is kept from it.
   *
   * @param admit resolves when the change may go on; what comes after it waits too
   * @param go calls `pass` or `alone`
   */
  arrive<T>(admit: () => Promise<void>, go: () => Promise<T>): Promise<T> {
    // Wrapped, since who comes next waits for the place and not for the outcome.
    const placed = this.#arrived.then(admit).then(() => ({ outcome: go() }))
    this.#arrived = placed.then(nothing, nothing)
    return placed.then(({ outcome }) => outcome)
  }

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

function nothing(): void {}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
