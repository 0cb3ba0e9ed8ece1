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
import { TwinCollector } from './twins.ts'

/** Rows that an exact scan scores at a time. */
const SCAN_BATCH = 64
/** Numbers that say what one search did: see `ResultBuffers.work`. */
export const WORK_NUMBERS = 3

/** Answers queries from a graph (Malkov & Yashunin 2018, Alg. 5), with filters, tombstones, rescoring and a radius. */
export class Searcher {
  readonly #graph: Graph
  readonly #codes: Codes
  readonly #scorer: Scorer
  readonly #exactScorer: Scorer | undefined
  readonly #search: LayerSearch
  readonly #twins: TwinCollector
  readonly #prepared: Vectors
  /** Candidates with their exact distances. */
  readonly #rescored: Pool = new Pool()
  /** Whether twins hang on the candidates: not on those of a scan, which meets every row itself. */
  #chains = false
  /** Candidates that the last search compared by the exact codes. */
  #compared = 0
  readonly #batch: Uint32Array = new Uint32Array(SCAN_BATCH)
  readonly #distances: Float32Array = new Float32Array(SCAN_BATCH)

  constructor(graph: Graph, codes: Codes, exact: Codes | undefined) {
    this.#graph = graph
    this.#codes = codes
    this.#scorer = codes.scorer()
    this.#exactScorer = exact?.scorer()
    this.#search = new LayerSearch(graph)
    this.#twins = new TwinCollector(graph)
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
    this.#search.hops = 0
    this.#search.distances = 0
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
    const closest = this.#exactScorer ? this.#rescore(this.#exactScorer, search, index) : this.#search.pool
    const found = this.#chains
      ? this.#twins.collect(closest, search.k, this.#testFor(search.accept))
      : closest
    let count = 0
    for (; count < found.size && count < search.k; count++) {
      const distance = clampDistance(shape.metric, found.distances[count]!)
      if (!(distance <= search.radius)) break
      out.rows[index * search.k + count] = found.rows[count]!
      out.distances[index * search.k + count] = distance
    }
    out.counts[index] = count
    if (out.work) {
      const { distances, hops } = this.#search
      out.work.set([distances, hops, this.#exactScorer ? this.#compared : 0], index * WORK_NUMBERS)
    }
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
    this.#chains = false
    if (entry === NO_ROW) return
    if (accept && isFew(accept, beam, graph.rows)) {
      this.#scan(beam, this.#testFor(accept))
      return
    }
    this.#chains = graph.chained > 0
    this.#search.descend(this.#scorer, entry, graph.level(entry), 1)
    if (!accept && graph.removed === 0) {
      this.#search.walk(this.#scorer, beam, 0)
      return
    }
    const accepts = this.#testFor(accept)
    const twins = this.#twins
    const reaches: RowTest = this.#chains ? (row) => twins.accepts(row, accepts) : accepts
    this.#search.walkFiltered(this.#scorer, beam, reaches)
    // The walk may have been cut off from rows that match; a scan finds them all.
    const wanted = Math.min(k, beam)
    if (pool.size >= wanted || (this.#chains && twins.count(pool, wanted, accepts) >= wanted)) return
    this.#chains = false
    this.#scan(beam, accepts)
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

  /**
   * The best candidates in order of their exact distances. Where the codes have a bound, a candidate that even at the near
   * end of it is farther than the first k is left out.
   */
  #rescore(exact: Scorer, { k, rescore }: NativeSearch, index: number): Pool {
    const { pool } = this.#search
    const count = Math.min(pool.size, Math.max(k, rescore))
    bindQuery(exact, this.#prepared, index)
    this.#rescored.reset(count)
    this.#compared = 0
    const margin = (place: number): number => this.#scorer.margin?.(pool.rows[place]!) ?? Infinity
    if (count <= k || margin(0) === Infinity) {
      this.#compare(exact, 0, count, () => true)
      return this.#rescored
    }
    this.#compare(exact, 0, k, () => true)
    const farthest = this.#rescored.distances[k - 1]!
    this.#compare(exact, k, count, (i) => Math.fround(pool.distances[i]! - margin(i)) <= farthest)
    return this.#rescored
  }

  /** Compares the candidates at places `from` … `to` − 1 that a test lets through by the exact codes. */
  #compare(exact: Scorer, from: number, to: number, test: (place: number) => boolean): void {
    const { pool } = this.#search
    let size = 0
    for (let i = from; i < to; i++) {
      if (test(i)) this.#batch[size++] = pool.rows[i]!
      if (size < SCAN_BATCH && i < to - 1) continue
      exact.score(this.#batch, size, this.#distances)
      for (let j = 0; j < size; j++) this.#rescored.insert(this.#distances[j]!, this.#batch[j]!)
      this.#compared += size
      size = 0
    }
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
