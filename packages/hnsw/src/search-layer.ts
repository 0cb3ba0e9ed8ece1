import { comesBefore, NO_ROW, type Scorer } from '@omen/core'
import type { Graph } from './graph.ts'
import { Pool } from './pool.ts'
import type { Settling } from './settling.ts'
import { Visited } from './visited.ts'

/** What ends a walk before all that its beam holds is expanded. */
export interface WalkEnds {
  /** As `Pool.within` takes it. */
  readonly within?: { readonly places: number; readonly factor: number } | undefined
  readonly settling?: Settling | undefined
}

/**
 * Walks the layers of a graph towards whatever a scorer is bound to (Malkov & Yashunin 2018, Alg. 2).
 *
 * It owns what a walk needs, so that no walk allocates; one walk at a time.
 */
export class LayerSearch {
  /** What the last walk found, closest first: borrowed, valid until the next walk. */
  readonly pool: Pool = new Pool()
  /** Where the last descent ended. */
  closestRow: number = NO_ROW
  closestDistance = 0
  /** What was done since somebody last set them to zero. */
  hops = 0
  distances = 0
  readonly #graph: Graph
  readonly #visited: Visited = new Visited()
  /** The rows being compared, and those to be compared next. */
  #batch: Uint32Array
  #ahead: Uint32Array
  readonly #distances: Float32Array

  constructor(graph: Graph) {
    this.#graph = graph
    this.#batch = new Uint32Array(graph.capacity(0))
    this.#ahead = new Uint32Array(graph.capacity(0))
    this.#distances = new Float32Array(graph.capacity(0))
  }

  /** Walks greedily from a row down layers `top` … `bottom`; ends at the closest row it met. */
  descend(scorer: Scorer, from: number, top: number, bottom: number): void {
    this.#batch[0] = from
    scorer.score(this.#batch, 1, this.#distances)
    this.closestRow = from
    this.closestDistance = this.#distances[0]!
    for (let layer = top; layer >= bottom; layer--) {
      let before = NO_ROW
      while (before !== this.closestRow) {
        before = this.closestRow
        const count = this.#gatherAll(before, layer)
        scorer.score(this.#batch, count, this.#distances)
        for (let i = 0; i < count; i++) {
          const row = this.#batch[i]!
          const distance = this.#distances[i]!
          if (!comesBefore(distance, row, this.closestDistance, this.closestRow)) continue
          this.closestRow = row
          this.closestDistance = distance
        }
      }
    }
  }

  /**
   * Fills the pool with the `beam` closest rows that a walk of one layer finds, from where the last descent ended.
   *
   * The next list is expanded before the one at hand is compared, as in C++, where its codes then travel from memory
   * meanwhile.
   *
   * @param ends what may end the walk before
   */
  walk(scorer: Scorer, beam: number, layer: number, { within, settling }: WalkEnds = {}): void {
    const { pool } = this
    const distances = this.#distances
    this.#visited.reset(this.#graph.rows)
    this.#visited.add(this.closestRow)
    pool.reset(beam)
    if (within) pool.within(within.places, within.factor)
    if (settling) pool.limit(settling.reach)
    pool.insert(this.closestDistance, this.closestRow)
    let count = this.#expand(layer, settling)
    while (count >= 0) {
      const batch = this.#ahead
      this.#ahead = this.#batch
      this.#batch = batch
      let next = this.#expand(layer, settling)
      scorer.score(batch, count, distances)
      for (let i = 0; i < count; i++) pool.insert(distances[i]!, batch[i]!)
      if (next < 0) next = this.#expand(layer, settling)
      count = next
    }
    this.closestRow = pool.rows[0]!
    this.closestDistance = pool.distances[0]!
  }

  /** Puts the unseen neighbours of the closest candidate in `#ahead`. @returns how many; −1 at the end of the walk */
  #expand(layer: number, settling: Settling | undefined): number {
    const { pool } = this
    const next = pool.peek()
    if (next < 0 || settling?.endsAt(next)) return -1
    if (settling) pool.limit(settling.reach)
    return this.#gatherUnseen(pool.rows[pool.expandNext()]!, layer, this.#ahead)
  }

  #gatherAll(row: number, layer: number): number {
    const words = this.#graph.words(row, layer)
    const start = this.#graph.start(row, layer)
    const capacity = this.#graph.capacity(layer)
    let count = 0
    for (; count < capacity; count++) {
      const neighbour = words[start + count]!
      if (neighbour === NO_ROW) break
      this.#batch[count] = neighbour
    }
    this.hops++
    this.distances += count
    return count
  }

  #gatherUnseen(row: number, layer: number, batch: Uint32Array): number {
    const words = this.#graph.words(row, layer)
    const start = this.#graph.start(row, layer)
    const end = start + this.#graph.capacity(layer)
    const visited = this.#visited
    let count = 0
    for (let i = start; i < end; i++) {
      const neighbour = words[i]!
      if (neighbour === NO_ROW) break
      if (visited.add(neighbour)) batch[count++] = neighbour
    }
    this.hops++
    this.distances += count
    return count
  }
}
