import {
  Bitset,
  type CheckedSearch,
  clampDistance,
  elementsPerVector,
  prepareVectors,
  type SearchManyResult,
  TopK,
  Turns,
  type Vectors,
} from '@omen/core'
import type { Parts } from './parts.ts'
import { resultBuffers } from './results.ts'

/** How good searches are. */
export interface RecallReport {
  /** Of the rows that exact searches find, the share that was found: from 0 to 1. */
  readonly recall: number
  /** Queries that it was measured with. */
  readonly queries: number
}

/** What an exact search for a query finds. */
export interface Truth {
  /** How many rows. */
  readonly count: number
  /** How far the farthest of them is: a row as close as that is as good as any of them, so ties do no harm. */
  readonly farthest: number
}

/**
 * Searches exactly, by the finest codes.
 *
 * @param queries raw: borrowed
 * @param check called after each turn of the event loop; what it throws ends it
 */
export async function findTruth(
  parts: Parts,
  queries: Vectors,
  search: Pick<CheckedSearch, 'k' | 'radius' | 'accept'>,
  threads: number,
  check: () => void,
): Promise<Truth[]> {
  const candidates = aliveRows(parts)
  if (search.accept) candidates.and(search.accept)
  const k = Math.min(search.k, candidates.count())
  const found = await exactDistances(parts, queries, k, candidates, threads, check)
  return found.map(({ distances, count }) => {
    const within = countWithin(distances, count, search.radius)
    return { count: within, farthest: within === 0 ? -Infinity : (distances[within - 1] as number) }
  })
}

/**
 * The share of what exact searches find that was found.
 *
 * @param k places for each search in `found`
 */
export function recallOf(truth: readonly Truth[], found: SearchManyResult, k: number): number {
  let wanted = 0
  let hits = 0
  for (const [i, { count, farthest }] of truth.entries()) {
    const own = found.distances.subarray(i * k, i * k + (found.counts[i] as number))
    wanted += count
    hits += Math.min(count, countWithin(own, own.length, farthest))
  }
  return wanted === 0 ? 1 : hits / wanted
}

interface ExactDistances {
  readonly distances: Float32Array
  readonly count: number
}

function countWithin(sorted: Float32Array, count: number, radius: number): number {
  let within = 0
  while (within < count && (sorted[within] as number) <= radius) within++
  return within
}

function aliveRows({ graph }: Parts): Bitset {
  const alive = new Bitset(graph.rows)
  for (let row = 0; row < graph.rows; row++) if (graph.isAlive(row)) alive.set(row)
  return alive
}

async function exactDistances(
  { codes, rescoring, graph }: Parts,
  queries: Vectors,
  k: number,
  candidates: Bitset,
  threads: number,
  check: () => void,
): Promise<ExactDistances[]> {
  const finest = rescoring ?? codes
  const { shape } = finest.codec
  const elements = elementsPerVector(shape)
  const count = queries.length / elements
  if (k === 0) return Array.from({ length: count }, () => ({ distances: new Float32Array(0), count: 0 }))
  if (finest.native) {
    const out = resultBuffers(count, k)
    await finest.native.scan(queries, k, graph.rows, candidates.words, threads, out)
    return Array.from({ length: count }, (_, i) => ({
      distances: out.distances.subarray(i * k, (i + 1) * k),
      count: out.counts[i] as number,
    }))
  }
  const scorer = finest.scorer()
  const rows = Uint32Array.from(candidates)
  const distances = new Float32Array(rows.length)
  const prepared = queries.slice(0, elements)
  const turns = new Turns()
  const results: ExactDistances[] = []
  for (let i = 0; i < count; i++) {
    prepareVectors(queries.subarray(i * elements, (i + 1) * elements), shape, prepared, i)
    scorer.bind(prepared)
    scorer.score(rows, rows.length, distances)
    const top = new TopK(k)
    for (let j = 0; j < rows.length; j++) {
      top.push(clampDistance(shape.metric, distances[j] as number), rows[j] as number)
    }
    const taken = top.take()
    results.push({ distances: taken.distances, count: taken.rows.length })
    if (turns.due) {
      await turns.take()
      check()
    }
  }
  return results
}
