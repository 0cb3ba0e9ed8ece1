import type { NativeSearch, ResultBuffers, Vectors, Workers } from '@omen/core'

/**
 * What runs over a graph's slabs: the hot loops, in TypeScript or in C++, with the same results.
 *
 * Its caller has checked all arguments, and lets one change at a time run, beside any number of searches.
 */
export interface Engine {
  readonly kind: 'typescript' | 'native'
  /**
   * Checks a graph from elsewhere as `checkGraph` does.
   *
   * @returns what is wrong, in a clause; undefined when nothing is
   */
  check(): Promise<string | undefined>
  /**
   * Links rows whose codes are in place and whose state is alive.
   *
   * @returns rows linked: all, or the first so many when it was stopped
   */
  insert(rows: Uint32Array, run: Run): Promise<number>
  /** Gives rows that link to tombstones new neighbours. Ends early when stopped. */
  relink(rows: Uint32Array, run: Run): Promise<void>
  /** @throws OmenError `not_finite`, `zero_vector`, `out_of_range` for the query */
  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): void
  search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<void>
  /** @param run.report is told of queries done where the engine can */
  searchMany(queries: Vectors, search: NativeSearch, out: ResultBuffers, run: Run): Promise<void>
}

/** How a long operation runs. */
export interface Run extends Workers {
  /** Asked now and then: whether to end early. */
  readonly stopped: () => boolean
  /** Told now and then how many rows are done. */
  readonly report?: (done: number) => void
}
