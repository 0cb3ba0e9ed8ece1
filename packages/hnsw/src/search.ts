import {
  type Codes,
  clampDistance,
  elementsPerVector,
  type NativeSearch,
  NO_ROW,
  OmenError,
  populationCount,
  prepareVectors,
  type ResultBuffers,
  type Scorer,
  type Vectors,
  vectorError,
} from '@omen/core'
import { ALIVE, type Graph } from './graph.ts'
import { Pool } from './pool.ts'
import { LayerSearch, type RowTest } from './search-layer.ts'

/** Rows that an exact scan scores at a time. */
const SCAN_BATCH = 64

/** Answers queries from a graph (Malkov & Yashunin 2018, Alg. 5), with filters, tombstones, rescoring and a radius. */
export class Searcher {
  readonly #graph: Graph
  readonly #codes: Codes
  readonly #scorer: Scorer
  readonly #exactScorer: Scorer | undefined
  readonly #search: LayerSearch
  readonly #prepared: Vectors
  /** Candidates with their exact distances. */
  readonly #rescored: Pool = new Pool()
  readonly #batch: Uint32Array = new Uint32Array(SCAN_BATCH)
  readonly #distances: Float32Array = new Float32Array(SCAN_BATCH)

  constructor(graph: Graph, codes: Codes, exact: Codes | undefined) {
    this.#graph = graph
    this.#codes = codes
    this.#scorer = codes.scorer()
    this.#exactScorer = exact?.scorer()
    this.#search = new LayerSearch(graph)
    const { shape } = codes.codec
    const Elements = shape.metric === 'hamming' ? Uint8Array : Float32Array
    this.#prepared = new Elements(elementsPerVector(shape))
  }

  /**
   * Searches for one raw query.
   *
   * @param index the query's place in its batch: where its results go, and its name in errors
   * @param out written from place index · k on
   * @throws OmenError `not_finite`, `zero_vector`, `out_of_range` for the query
   */
  search(query: Vectors, search: NativeSearch, out: ResultBuffers, index: number): void {
    const { shape } = this.#codes.codec
    const prepared = this.#prepared
    prepareVectors(query, shape, prepared, index)
    bindQuery(this.#scorer, prepared, index)
    // A radius may hold far fewer rows than k: the beam then starts as it is and widens until it reaches outside.
    const bounded = search.radius !== Infinity
    let beam = bounded ? search.beam : Math.max(search.beam, search.k)
    this.#findCandidates(search, beam)
    while (bounded && beam < search.k && this.#reachesWithin(search.radius)) {
      beam = Math.min(2 * beam, search.k)
      this.#findCandidates(search, beam)
    }
    const found = this.#exactScorer ? this.#rescore(this.#exactScorer, search, index) : this.#search.pool
    let count = 0
    for (; count < found.size && count < search.k; count++) {
      const distance = clampDistance(shape.metric, found.distances[count]!)
      if (!(distance <= search.radius)) break
      out.rows[index * search.k + count] = found.rows[count]!
      out.distances[index * search.k + count] = distance
    }
    out.counts[index] = count
  }

  /** Whether the pool is full of rows within the radius, so that there may be more. */
  #reachesWithin(radius: number): boolean {
    const { pool } = this.#search
    return pool.full && pool.distances[pool.size - 1]! <= radius
  }

  /** Fills the pool with the closest `beam` rows that may be returned. */
  #findCandidates({ k, accept }: NativeSearch, beam: number): void {
    const graph = this.#graph
    const { pool } = this.#search
    const { entry } = graph
    pool.reset(beam)
    if (entry === NO_ROW) return
    if (accept && isFew(accept, beam, graph.rows)) {
      this.#scan(beam, this.#testFor(accept))
      return
    }
    this.#search.descend(this.#scorer, entry, graph.level(entry), 1)
    if (!accept && graph.removed === 0) {
      this.#search.walk(this.#scorer, beam, 0)
      return
    }
    const accepts = this.#testFor(accept)
    this.#search.walkFiltered(this.#scorer, beam, accepts)
    // The walk may have been cut off from rows that match; a scan finds them all.
    if (pool.size < Math.min(k, beam)) this.#scan(beam, accepts)
  }

  #testFor(accept: Uint32Array | undefined): RowTest {
    const graph = this.#graph
    if (!accept) return (row) => graph.stateOf(row) === ALIVE
    return (row) => ((accept[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0 && graph.stateOf(row) === ALIVE
  }

  /** Fills the pool with the closest `beam` of all rows that may be returned. */
  #scan(beam: number, accepts: RowTest): void {
    const { pool } = this.#search
    const batch = this.#batch
    const { rows } = this.#graph
    pool.reset(beam)
    let count = 0
    for (let row = 0; row < rows; row++) {
      if (accepts(row)) batch[count++] = row
      if (count < SCAN_BATCH && row < rows - 1) continue
      this.#scorer.score(batch, count, this.#distances)
      for (let i = 0; i < count; i++) pool.insert(this.#distances[i]!, batch[i]!)
      count = 0
    }
  }

  /** The best candidates in order of their exact distances. */
  #rescore(scorer: Scorer, { k, rescore }: NativeSearch, index: number): Pool {
    const { pool } = this.#search
    const count = Math.min(pool.size, Math.max(k, rescore))
    bindQuery(scorer, this.#prepared, index)
    this.#rescored.reset(count)
    for (let from = 0; from < count; from += SCAN_BATCH) {
      const size = Math.min(SCAN_BATCH, count - from)
      for (let i = 0; i < size; i++) this.#batch[i] = pool.rows[from + i]!
      scorer.score(this.#batch, size, this.#distances)
      for (let i = 0; i < size; i++) this.#rescored.insert(this.#distances[i]!, this.#batch[i]!)
    }
    return this.#rescored
  }
}

/** Whether so few rows are accepted that a scan of them is cheaper than a walk that has to look for them. */
function isFew(accept: Uint32Array, beam: number, rows: number): boolean {
  let count = 0
  for (const word of accept) count += populationCount(word)
  return count <= beam || count * 100 <= rows
}

/** Binds a prepared query; codes that cannot hold it do not know its place in the batch. */
function bindQuery(scorer: Scorer, prepared: Vectors, index: number): void {
  try {
    scorer.bind(prepared)
  } catch (error) {
    if (error instanceof OmenError && error.code === 'out_of_range') throw vectorError('out_of_range', index)
    throw error
  }
}
