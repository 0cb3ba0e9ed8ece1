import { NO_ROW, type Scorer } from '@omen/core'
import type { Graph } from './graph.ts'
import { rowHash } from './levels.ts'
import type { Pool } from './pool.ts'
import type { Settling } from './settling.ts'
import { Visited } from './visited.ts'

/** Whether a search may return a row. */
export type RowTest = (row: number) => boolean

/** As in C++ (match_walk.cpp), where their reasons stand. */
const SEEDS = 16
const SEED_WORDS = 1024

/** What a walk among matches is asked. */
export interface MatchSearch {
  readonly scorer: Scorer
  readonly matches: RowTest
  /** Bits of the rows that are accepted; undefined: all are. */
  readonly accept: Uint32Array | undefined
  /** Row to begin around, a match or not. */
  readonly closest: number
  readonly beam: number
  /** Rows compared after which the walk gives up. */
  readonly patience: number
  /** What may end the walk before; undefined: only its beam. */
  readonly settling: Settling | undefined
}

/**
 * Walks of the base layer that compare only rows that a search may return (ACORN: Patel et al. 2024).
 *
 * What stands between two matches is stepped over: the matches among the neighbours of its neighbours that do not match
 * are a match's neighbours, too, until there are as many new ones as a list holds.
 */
export class MatchWalk {
  /** What was done since somebody last set them to zero. */
  hops = 0
  distances = 0
  readonly #graph: Graph
  readonly #pool: Pool
  readonly #visited: Visited = new Visited()
  readonly #batch: Uint32Array
  readonly #distances: Float32Array
  /** Neighbours of a row that do not match. */
  readonly #others: Uint32Array
  #count = 0

  /** @param pool where walks leave what they find */
  constructor(graph: Graph, pool: Pool) {
    this.#graph = graph
    this.#pool = pool
    // A list of matches that is not quite full, another one behind it, and what the walk starts from.
    this.#batch = new Uint32Array(2 * graph.capacity(0) + SEEDS + 1)
    this.#distances = new Float32Array(this.#batch.length)
    this.#others = new Uint32Array(graph.capacity(0))
  }

  /** The share of matches among the rows within two steps of a row: what the neighbourhood of a query has of them. */
  shareAround(row: number, matches: RowTest): number {
    let seen = 0
    let matching = 0
    const look = (neighbour: number): void => {
      seen++
      if (matches(neighbour)) matching++
    }
    this.#each(row, (neighbour) => {
      look(neighbour)
      this.#each(neighbour, look)
    })
    return seen === 0 ? 0 : matching / seen
  }

  /** Fills the pool with the `beam` closest matches that can be found, or those found when they settle. @returns false when it gave up */
  run(search: MatchSearch): boolean {
    const { closest, beam, matches, patience, settling } = search
    const pool = this.#pool
    this.#visited.reset(this.#graph.rows)
    pool.reset(beam)
    if (settling) pool.limit(settling.reach)
    this.#count = 0
    const before = this.distances
    this.#takeSeeds(search)
    if (matches(closest)) this.#take(closest)
    this.#expand(closest, search)
    for (let next = pool.peek(); next >= 0 && !settling?.endsAt(next); next = pool.peek()) {
      if (this.distances - before > patience) return false
      if (settling) pool.limit(settling.reach)
      this.#expand(pool.rows[pool.expandNext()]!, search)
    }
    return true
  }

  #takeSeeds({ accept, matches }: MatchSearch): void {
    const words = Math.min(accept?.length ?? 0, Math.ceil(this.#graph.rows / 32))
    if (!accept || words === 0) return
    for (let i = 0; i < SEEDS; i++) {
      let at = rowHash(i) % words
      for (let step = 0; step < SEED_WORDS && accept[at] === 0; step++) at = at + 1 === words ? 0 : at + 1
      const word = accept[at]!
      if (word === 0) continue
      const row = at * 32 + 31 - Math.clz32(word & -word)
      if (matches(row)) this.#take(row)
    }
  }

  #expand(row: number, { scorer, matches }: MatchSearch): void {
    const enough = this.#graph.capacity(0)
    const others = this.#others
    let count = 0
    this.hops++
    this.#each(row, (neighbour) => {
      if (matches(neighbour)) this.#take(neighbour)
      else if (!this.#visited.has(neighbour)) others[count++] = neighbour
    })
    for (let i = 0; i < count && this.#count < enough; i++) {
      this.#visited.add(others[i]!)
      this.hops++
      this.#each(others[i]!, (neighbour) => {
        if (matches(neighbour)) this.#take(neighbour)
      })
    }
    this.#compare(scorer)
  }

  #take(row: number): void {
    if (this.#visited.add(row)) this.#batch[this.#count++] = row
  }

  #compare(scorer: Scorer): void {
    scorer.score(this.#batch, this.#count, this.#distances)
    for (let i = 0; i < this.#count; i++) this.#pool.insert(this.#distances[i]!, this.#batch[i]!)
    this.distances += this.#count
    this.#count = 0
  }

  /** Visits a row's neighbours on the base layer. */
  #each(row: number, visit: (neighbour: number) => void): void {
    const words = this.#graph.words(row, 0)
    const start = this.#graph.start(row, 0)
    const end = start + this.#graph.capacity(0)
    for (let i = start; i < end && words[i] !== NO_ROW; i++) visit(words[i]!)
  }
}
