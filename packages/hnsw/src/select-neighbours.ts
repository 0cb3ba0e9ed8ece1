import type { Scorer } from '@omen/core'
import type { Graph } from './graph.ts'
import type { Pool } from './pool.ts'

/** Chosen ones scored at a time: most candidates are closer to one of the first, which are the closest to the base. */
const STEP = 4

/**
 * Chooses diverse neighbours for a row: a candidate is taken when it is closer to the row than to any chosen before it
 * (Malkov & Yashunin 2018, Alg. 4, without its extensions). On a tie it is not, lest exact duplicates fill the list.
 */
export class NeighbourSelector {
  /** The first `count` are chosen; whoever selects puts those to keep in any case here first. */
  readonly chosen: Uint32Array
  count = 0
  readonly #scorer: Scorer
  readonly #some: Uint32Array = new Uint32Array(STEP)
  readonly #distances: Float32Array = new Float32Array(STEP)

  /** @param scorer of the selector's own: rebound all the time */
  constructor(graph: Graph, scorer: Scorer) {
    this.chosen = new Uint32Array(graph.capacity(0))
    this.#scorer = scorer
  }

  /** Adds candidates, sorted by their distance to the base row, to the chosen until there are `limit`. */
  select(candidates: Pool, limit: number): void {
    for (let i = 0; i < candidates.size && this.count < limit; i++) {
      const row = candidates.rows[i]!
      if (this.#isDiverse(row, candidates.distances[i]!)) this.chosen[this.count++] = row
    }
  }

  #isDiverse(row: number, distanceToBase: number): boolean {
    const { chosen, count } = this
    const some = this.#some
    const distances = this.#distances
    this.#scorer.bindRow(row)
    for (let from = 0; from < count; from += STEP) {
      const size = Math.min(STEP, count - from)
      for (let j = 0; j < size; j++) some[j] = chosen[from + j]!
      this.#scorer.score(some, size, distances)
      for (let j = 0; j < size; j++) if (!(distances[j]! > distanceToBase)) return false
    }
    return true
  }
}
