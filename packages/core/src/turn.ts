/** How long work in TypeScript may hold the event loop before it lets others run. */
export const TURN_MS = 2

/** Lets the event loop take a turn: timers, I/O and other promises run before this resolves. */
export function takeTurn(): Promise<void> {
  // Browsers have no setImmediate; there a timer, though slower, does the same.
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}

/** Says when work has held the event loop for `TURN_MS`, from its making or from the last turn on. */
export class Turns {
  #since: number = performance.now()

  /** Whether it is time to let others run; ask between pieces of about a hundred microseconds. */
  get due(): boolean {
    return performance.now() - this.#since >= TURN_MS
  }

  async take(): Promise<void> {
    await takeTurn()
    this.#since = performance.now()
  }
}
