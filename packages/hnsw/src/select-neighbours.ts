import type { Scorer } from '@omen/core'
import type { Graph } from './graph.ts'
import type { Pool } from './pool.ts'

/** Chosen ones scored at a time: most candidates are closer to one of the first, which are the closest to the base. */
const STEP = 4

/**
 * Chooses diverse neighbours for a row: a candidate is taken when it is closer to the row than alpha times its distance to
 * any chosen before it (robust prune: Subramanya et al. 2019, Alg. 2; with alpha 1, Malkov & Yashunin 2018, Alg. 4).
 *
 * On a tie with a chosen one it is taken when that one is closer to the row than both are to each other. So an exact
 * duplicate of the row keeps out other duplicates, which would fill the list, but not everything else: all others tie
 * with it, and without this rule a row with a duplicate would lose every link that leads away.
 */
export class NeighbourSelector {
  count = 0
  readonly #alpha: number
  readonly #scorer: Scorer
  readonly #chosen: Uint32Array
  /** Distances of the chosen to the row. */
  readonly #distances: Float32Array
  readonly #some: Uint32Array = new Uint32Array(STEP)
  readonly #someDistances: Float32Array = new Float32Array(STEP)

  /** @param scorer of the selector's own: rebound all the time */
  constructor(graph: Graph, scorer: Scorer) {
    this.#alpha = graph.alpha
    this.#scorer = scorer
    this.#chosen = new Uint32Array(graph.capacity(0))
    this.#distances = new Float32Array(graph.capacity(0))
  }

  /** The first `count` are chosen: borrowed, valid until the next change. */
  get chosen(): Uint32Array {
    return this.#chosen
  }

  clear(): void {
    this.count = 0
  }

  /** Takes a row in any case. */
  keep(distance: number, row: number): void {
    this.#chosen[this.count] = row
    this.#distances[this.count++] = distance
  }

  /** Adds candidates, sorted by their distance to the row, to the chosen until there are `limit`. */
  select(candidates: Pool, limit: number): void {
    for (let i = 0; i < candidates.size && this.count < limit; i++) {
      const row = candidates.rows[i]!
      const distance = candidates.distances[i]!
      if (this.#isDiverse(row, distance)) this.keep(distance, row)
    }
  }

  #isDiverse(row: number, distance: number): boolean {
    const chosen = this.#chosen
    const { count } = this
    const some = this.#some
    const someDistances = this.#someDistances
    this.#scorer.bindRow(row)
    for (let from = 0; from < count; from += STEP) {
      const size = Math.min(STEP, count - from)
      for (let j = 0; j < size; j++) some[j] = chosen[from + j]!
      this.#scorer.score(some, size, someDistances)
      for (let j = 0; j < size; j++) {
        const between = someDistances[j]!
        const apart = Math.fround(between * this.#alpha)
        if (apart > distance) continue
        if (apart < distance || !(between > this.#distances[from + j]!)) return false
      }
    }
    return true
  }
}
