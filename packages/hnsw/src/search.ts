import {
  type Codes,
  clampDistance,
  elementsPerVector,
  type NativeSearch,
  NO_ROW,
  OmenError,
  prepareVectors,
  type ResultBuffers,
  type Scorer,
  type Vectors,
  vectorError,
} from '@omen/core'
import { ALIVE, type Graph } from './graph.ts'
import { MatchWalk, type RowTest } from './match-walk.ts'
import { Pool } from './pool.ts'
import { LayerSearch, type WalkEnds } from './search-layer.ts'
import { Settling } from './settling.ts'
import { TwinCollector } from './twins.ts'

/** Rows that an exact scan scores at a time. */
const SCAN_BATCH = 64
/** A row around which matches are so many times rarer than elsewhere lies apart from them. */
const SPARSE = 4
/** How much wider than it seems to need a walk is made that is made again. */
const MARGIN = 1.25
/** What of the time that it took to find the closest a walk goes on for; as in C++ (search.cpp). */
const PERSISTENCE = 0.8
const SPARSE_PERSISTENCE = 1.5
/** Numbers that say what one search did: see `ResultBuffers.work`. */
export const WORK_NUMBERS = 3

/** Answers queries from a graph (Malkov & Yashunin 2018, Alg. 5), with filters, tombstones, rescoring and a radius. */
export class Searcher {
  readonly #graph: Graph
  readonly #codes: Codes
  readonly #scorer: Scorer
  readonly #exactScorer: Scorer | undefined
  readonly #search: LayerSearch
  readonly #matchWalk: MatchWalk
  readonly #twins: TwinCollector
  readonly #prepared: Vectors
  /** Candidates with their exact distances. */
  readonly #rescored: Pool = new Pool()
  /** Whether twins hang on the candidates: not on those of a scan, which meets every row itself. */
  #chains = false
  /** Whether rows of equal codes may be told apart by those for rescoring, so that each of them is compared. */
  readonly #toldApart: boolean
  /** Candidates that the last search compared again. */
  #compared = 0
  readonly #batch: Uint32Array = new Uint32Array(SCAN_BATCH)
  readonly #distances: Float32Array = new Float32Array(SCAN_BATCH)

  /** @param toldApart whether rows that hang on each other may differ by the codes for rescoring */
  constructor(graph: Graph, codes: Codes, rescoring: Codes | undefined, toldApart: boolean) {
    this.#graph = graph
    this.#codes = codes
    this.#scorer = codes.scorer()
    this.#exactScorer = rescoring?.scorer()
    this.#toldApart = toldApart
    this.#search = new LayerSearch(graph)
    this.#matchWalk = new MatchWalk(graph, this.#search.pool)
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
    for (const walk of [this.#search, this.#matchWalk]) walk.hops = walk.distances = 0
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
    const found = this.#settle(search, index)
    let count = 0
    for (; count < found.size && count < search.k; count++) {
      const distance = clampDistance(shape.metric, found.distances[count]!)
      if (!(distance <= search.radius)) break
      out.rows[index * search.k + count] = found.rows[count]!
      out.distances[index * search.k + count] = distance
    }
    out.counts[index] = count
    if (out.work) {
      const distances = this.#search.distances + this.#matchWalk.distances
      const hops = this.#search.hops + this.#matchWalk.hops
      out.work.set([distances, hops, this.#exactScorer ? this.#compared : 0], index * WORK_NUMBERS)
    }
  }

  /** The candidates by the best distances there are, with those that hang on them. */
  #settle(search: NativeSearch, index: number): Pool {
    const scorer = this.#exactScorer
    let found = this.#search.pool
    const withTwins = (count: number): Pool =>
      this.#chains ? this.#twins.collect(found, count, this.#testFor(search.accept)) : found
    if (this.#toldApart) found = withTwins(comparedAgain(search))
    if (scorer) found = this.#rescore(scorer, found, search, index)
    return this.#toldApart ? found : withTwins(search.k)
  }

  /** Whether the pool is full of rows within the radius, so that there may be more. */
  #reachesWithin(radius: number): boolean {
    const { pool } = this.#search
    return pool.full && pool.distances[pool.size - 1]! <= radius
  }

  /** Fills the pool with the closest `beam` rows that may be returned. */
  #findCandidates(search: NativeSearch, beam: number): void {
    const graph = this.#graph
    const { entry } = graph
    const accepts = this.#testFor(search.accept)
    this.#search.pool.reset(beam)
    this.#chains = false
    if (entry === NO_ROW) return
    if (search.strategy === 'scan') {
      this.#scan(beam, search.accept, accepts)
      return
    }
    this.#chains = graph.chained > 0
    this.#search.descend(this.#scorer, entry, graph.level(entry), 1)
    if (!search.accept && graph.removed === 0)
      this.#search.walk(this.#scorer, beam, 0, { within: within(search, 1) })
    else this.#findMatches(search, beam, accepts)
  }

  #findMatches(search: NativeSearch, beam: number, accepts: RowTest): void {
    this.#search.descend(this.#scorer, this.#search.closestRow, 0, 0)
    const { closestRow: closest } = this.#search
    const { accept, share, strategy } = search
    const apart =
      accept !== undefined && this.#matchWalk.shareAround(closest, this.#matchTest(accepts)) * SPARSE < share
    const plain = strategy === 'plain'
    if (plain && !apart && this.#walkPastOthers(search, beam, accepts)) return
    this.#walkMatches(search, closest, beam, accepts, apart || plain)
  }

  /**
   * A walk that keeps so many rows that `beam` of them should match, and drops the others in the end.
   *
   * @returns false where it leaves too few: the query lies where matches are rare
   */
  #walkPastOthers(search: NativeSearch, beam: number, accepts: RowTest): boolean {
    const { pool, closestRow, closestDistance } = this.#search
    let { widening } = search
    for (let again = true; ; again = false) {
      const ends = {
        within: within(search, widening),
        settling: this.#settling(search, widening, PERSISTENCE),
      }
      this.#search.walk(this.#scorer, Math.ceil(beam * widening), 0, ends)
      this.#search.closestRow = closestRow
      this.#search.closestDistance = closestDistance
      const whole = !ends.within && !pool.full && pool.peek() < 0
      const expected = pool.size / widening
      pool.keep(this.#matchTest(accepts), beam)
      const enough = whole || pool.size * 4 >= expected * 3
      if (enough && this.#reaches(Math.min(search.k, beam), accepts)) return true
      // Somewhat fewer than expected: a somewhat wider walk will do.
      if (!again || whole || pool.size * SPARSE < expected) return false
      widening *= Math.max(MARGIN, (MARGIN * expected) / pool.size)
    }
  }

  /**
   * A walk from match to match; a scan where that finds too few or takes as long.
   *
   * @param closest the row closest to the query, which need not match
   * @param apart whether the query lies apart from the matches
   */
  #walkMatches(search: NativeSearch, closest: number, beam: number, accepts: RowTest, apart: boolean): void {
    const { accept, patience } = search
    const widening = apart ? search.widening * search.sparseWidening : search.widening
    const settling = this.#settling(search, 1, apart ? SPARSE_PERSISTENCE : PERSISTENCE)
    const wide = Math.ceil(beam * widening)
    const matches = this.#matchTest(accepts)
    const walk = { scorer: this.#scorer, matches, accept, closest, beam: wide, patience, settling }
    const walked = widening > 0 && this.#matchWalk.run(walk)
    if (walked && this.#reaches(Math.min(search.k, beam), accepts)) return
    this.#chains = false
    this.#scan(beam, accept, accepts)
  }

  /** What ends a walk of which one row in `widening` matches. */
  #settling(search: NativeSearch, widening: number, persistence: number): Settling | undefined {
    if (!search.settles || search.radius !== Infinity) return undefined
    const wanted = this.#exactScorer ? comparedAgain(search) : search.k
    return new Settling(Math.ceil(wanted * widening), persistence)
  }

  /** Whether a row or one that hangs on it passes. */
  #matchTest(accepts: RowTest): RowTest {
    return this.#chains ? (row) => this.#twins.accepts(row, accepts) : accepts
  }

  /** Whether the pool leads to so many rows that may be returned. */
  #reaches(wanted: number, accepts: RowTest): boolean {
    const { pool } = this.#search
    return pool.size >= wanted || (this.#chains && this.#twins.count(pool, wanted, accepts) >= wanted)
  }

  #testFor(accept: Uint32Array | undefined): RowTest {
    const graph = this.#graph
    if (!accept) return (row) => graph.stateOf(row) === ALIVE
    return (row) => ((accept[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0 && graph.stateOf(row) === ALIVE
  }

  /** Fills the pool with the closest `beam` of all rows that may be returned. */
  #scan(beam: number, accept: Uint32Array | undefined, accepts: RowTest): void {
    const { pool } = this.#search
    const batch = this.#batch
    const { rows } = this.#graph
    const words = Math.ceil(rows / 32)
    pool.reset(beam)
    let count = 0
    const score = (): void => {
      this.#scorer.score(batch, count, this.#distances)
      for (let i = 0; i < count; i++) pool.insert(this.#distances[i]!, batch[i]!)
      this.#search.distances += count
      count = 0
    }
    for (let i = 0; i < words; i++) {
      // Signed, as bits are worked on.
      for (let word = accept ? (accept[i] ?? 0) | 0 : -1; word !== 0; word &= word - 1) {
        const row = i * 32 + 31 - Math.clz32(word & -word)
        if (row < rows && accepts(row)) batch[count++] = row
        if (count === SCAN_BATCH) score()
      }
    }
    score()
  }

  /**
   * The best candidates in order of their exact distances. Where the codes have a bound, a candidate that even at the near
   * end of it is farther than the first k is left out.
   */
  #rescore(exact: Scorer, found: Pool, search: NativeSearch, index: number): Pool {
    const { k } = search
    const count = Math.min(found.size, comparedAgain(search))
    bindQuery(exact, this.#prepared, index)
    this.#rescored.reset(count)
    this.#compared = 0
    const margin = (place: number): number => this.#scorer.margin?.(found.rows[place]!) ?? Infinity
    if (count <= k || margin(0) === Infinity) {
      this.#compare(exact, found, 0, count, () => true)
      return this.#rescored
    }
    this.#compare(exact, found, 0, k, () => true)
    const farthest = this.#rescored.distances[k - 1]!
    this.#compare(exact, found, k, count, (i) => Math.fround(found.distances[i]! - margin(i)) <= farthest)
    return this.#rescored
  }

  /** Compares the candidates at places `from` … `to` − 1 that a test lets through again. */
  #compare(exact: Scorer, found: Pool, from: number, to: number, test: (place: number) => boolean): void {
    let size = 0
    for (let i = from; i < to; i++) {
      if (test(i)) this.#batch[size++] = found.rows[i]!
      if (size < SCAN_BATCH && i < to - 1) continue
      exact.score(this.#batch, size, this.#distances)
      for (let j = 0; j < size; j++) this.#rescored.insert(this.#distances[j]!, this.#batch[j]!)
      this.#compared += size
      size = 0
    }
  }
}

/** What is close enough for a walk of which one row in `widening` matches; undefined: everything. */
function within({ k, epsilon, radius, accept }: NativeSearch, widening: number): WalkEnds['within'] {
  if (epsilon === Infinity || radius !== Infinity || accept) return undefined
  return { places: Math.ceil(k * widening), factor: Math.fround(1 + epsilon) }
}

/** Candidates that are compared again, at most. */
function comparedAgain({ k, rescore }: NativeSearch): number {
  return Math.max(k, rescore)
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
