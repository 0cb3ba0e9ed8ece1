import {
  type CheckedSearch,
  elementsPerVector,
  type NativeSearch,
  NO_ROW,
  OmenError,
  prepareVectors,
  type ResultBuffers,
  type SearchManyResult,
  type SearchResult,
  type Shape,
  settleResults,
  type Vectors,
} from '@omen/core'
import type { Parts } from './parts.ts'
import { planSearch } from './plan.ts'

/** Places for the results of searches, all of them missing yet. */
export function resultBuffers(searches: number, k: number): SearchManyResult {
  return {
    rows: new Uint32Array(searches * k).fill(NO_ROW),
    distances: new Float32Array(searches * k).fill(Infinity),
    counts: new Uint32Array(searches),
  }
}

const LEAST_K = 16
const MOST_IDLE = 64
const MOST_IDLE_K = 1024

/**
 * Buffers of single searches that are over, for those to come. An array that C++ sees for the first time is given memory
 * outside of the heap, which takes as long as a hundredth of a search; three of them do for one.
 */
export class IdleBuffers {
  readonly #shape: Shape
  readonly #idle: SearchManyResult[] = []

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** Room for k results, whatever was in it. */
  take(k: number): SearchManyResult {
    const out = k <= MOST_IDLE_K ? this.#idle.pop() : undefined
    return out && out.rows.length >= k ? out : resultBuffers(1, Math.max(k, LEAST_K))
  }

  /**
   * Copies what a search has found, and keeps its buffers for another.
   *
   * @param out that `take` gave, and nobody writes to any more
   */
  giveBack(out: SearchManyResult, asked: NativeSearch): SearchResult {
    const { rows, distances, counts } = out
    const count = settle(this.#shape, out, 0, counts[0] as number, asked)
    if (this.#idle.length < MOST_IDLE && rows.length <= MOST_IDLE_K) this.#idle.push(out)
    return { rows: rows.slice(0, count), distances: distances.slice(0, count) }
  }
}

/** What an engine is asked: no search needs more room than there are rows. */
export function limitSearch(search: CheckedSearch, parts: Parts): NativeSearch {
  const { rows } = parts.graph
  const beam = Math.min(search.beam, rows)
  const { strategy, share, widening, sparseWidening, patience } = planSearch(parts, search, beam)
  return {
    k: Math.min(search.k, rows),
    beam,
    epsilon: search.epsilon,
    rescore: Math.min(search.rescore, rows),
    radius: search.radius,
    accept: search.accept?.words,
    strategy,
    share,
    widening,
    sparseWidening,
    patience,
    settles: search.settles,
  }
}

/** The answer of an empty index: a query that is refused is refused here too. */
export function nothing(queries: Vectors, shape: Shape): SearchResult {
  prepareVectors(queries, shape, queries.slice())
  return { rows: new Uint32Array(0), distances: new Float32Array(0) }
}

/** Puts results in order whose distances were made equal by clamping; returns how many there are. */
export function settle(
  { metric }: Shape,
  out: ResultBuffers,
  search: number,
  count: number,
  { k, radius }: NativeSearch,
): number {
  if (metric !== 'cosine') return count
  const from = search * k
  const rows = out.rows.subarray(from, from + count)
  return settleResults('cosine', rows, out.distances.subarray(from, from + count), radius)
}

/** Spreads results from `from` places a search to `to`, at least as many. */
export function spread(results: SearchManyResult, from: number, to: number): SearchManyResult {
  const { rows, distances, counts } = results
  clearMissing(results, from)
  if (from === to) return results
  const wide = resultBuffers(counts.length, to)
  for (let i = 0; i < counts.length; i++) {
    wide.rows.set(rows.subarray(i * from, (i + 1) * from), i * to)
    wide.distances.set(distances.subarray(i * from, (i + 1) * from), i * to)
  }
  wide.counts.set(counts)
  return wide
}

/** Marks the places beyond each search's results as missing, whatever was left there. */
function clearMissing({ rows, distances, counts }: SearchManyResult, k: number): void {
  for (let i = 0; i < counts.length; i++) {
    const from = i * k + (counts[i] as number)
    rows.fill(NO_ROW, from, (i + 1) * k)
    distances.fill(Infinity, from, (i + 1) * k)
  }
}

/** Decodes the vector of an alive row from the finest codes. @throws OmenError `unknown_row` */
export function vectorOf(parts: Parts | undefined, row: number): Vectors {
  if (!parts?.graph.isAlive(row)) {
    throw new OmenError('unknown_row', `row ${String(row)} is not in the index`)
  }
  const { codec, slab } = parts.exact ?? parts.codes
  const elements = elementsPerVector(codec.shape)
  const vector = codec.shape.metric === 'hamming' ? new Uint8Array(elements) : new Float32Array(elements)
  codec.decode(slab.row(row), vector)
  return vector
}
