import { availableParallelism } from 'node:os'

/** How long the event loop is kept turning after a call, at most: longer calls do not notice a late answer. */
const AWAKE_MS = 1

const cores: number = availableParallelism()
/** Cores that background work of this thread keeps busy. */
let busy = 0

/** Counts the threads of background work, a core each, until it settles. */
export async function inBackground<T>(threads: number, work: Promise<T>): Promise<T> {
  busy += threads
  try {
    return await work
  } finally {
    busy -= threads
  }
}

/**
 * Keeps the event loop from falling asleep while a short call runs on the pool.
 *
 * A sleeping loop takes some 20 µs to wake, as long as the search it waits for. One that has an immediate to run polls
 * instead, serving everything else in between, and sees the answer within a microsecond or two. Where no other core is free,
 * turning would take time from the very call that is waited for. So it would where several run: then what comes of one call
 * keeps the loop busy until the next is done.
 */
export class Awake {
  readonly #yieldThread: () => void
  #waiting = 0
  #until = 0
  #turning = false

  /** @param yieldThread lets another thread of this core run first: the pool's may have been put beside this one */
  constructor(yieldThread: () => void) {
    this.#yieldThread = yieldThread
  }

  /** Settles as the given promise does. */
  async during<T>(call: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0 && cores - busy > 1) this.#begin()
    try {
      return await call
    } finally {
      this.#waiting--
    }
  }

  #begin(): void {
    this.#until = performance.now() + AWAKE_MS
    if (this.#turning) return
    this.#turning = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    if (this.#waiting !== 1 || performance.now() > this.#until) {
      this.#turning = false
      return
    }
    this.#yieldThread()
    setImmediate(this.#turn)
  }
}
