import { Bitset, type SearchOptions, type SearchStrategy } from '@omen/core'
import { Hnsw, type HnswOptions } from '@omen/hnsw'
import type { Dataset } from '../data/dataset.ts'
import { groundTruth } from '../data/ground-truth.ts'
import { Random } from '../data/random.ts'
import { median } from './statistics.ts'

/** Candidates that a walk whose results are filtered afterwards may keep: with more a search takes seconds. */
const MOST_CANDIDATES = 20_000

/** How filtered searches are measured. */
export interface FilteredOptions {
  readonly index: Omit<HnswOptions, 'dimension' | 'metric'>
  /** Of all rows, those that match. */
  readonly shares: readonly number[]
  readonly k: number
  /** Filters of each kind and share, and queries asked with each. */
  readonly groups: number
  readonly queriesPerGroup: number
  /** Beams of the searches whose results are filtered afterwards. */
  readonly beams: readonly number[]
  /** Recall that those must reach to be compared with. */
  readonly recall: number
  readonly rounds: number
  readonly threads: number
  readonly seed: number
}

/** Rows drawn at random, or those farthest from where the queries lie. */
export const FILTER_KINDS = ['random', 'anti-correlated'] as const
export type FilterKind = (typeof FILTER_KINDS)[number]

/** Searches with one kind of filter, with default settings and by the other ways. Speeds are queries a second. */
export interface FilteredPoint {
  readonly kind: FilterKind
  readonly share: number
  readonly strategy: SearchStrategy
  readonly recall: number
  readonly qps: number
  /** Exact scan of the rows that match. */
  readonly scanQps: number
  /** The fastest search filtered afterwards that reaches the recall; absent where none does. */
  readonly postQps?: number
  /** Speed over the better of the two. */
  readonly ratio: number
}

/** A filter and the queries asked with it. */
interface Group {
  readonly accept: Bitset
  readonly queries: Float32Array
}

/** Builds an index with the given options and searches it with filters of every kind and share. */
export async function measureFiltered(dataset: Dataset, options: FilteredOptions): Promise<FilteredPoint[]> {
  const { dimension, metric, base } = dataset
  const { threads } = options
  const index = await Hnsw.build({ dimension, metric, vectors: base, threads, ...options.index })
  try {
    const points: FilteredPoint[] = []
    for (const kind of FILTER_KINDS) {
      const makers = await groupMakers(dataset, kind, options)
      for (const share of options.shares) {
        const groups = makers.map((make) => make(share))
        const beams = options.beams.filter((beam) => beam / share <= MOST_CANDIDATES)
        points.push({ kind, share, ...(await measurePoint(index, dimension, groups, { ...options, beams })) })
      }
    }
    return points
  } finally {
    index.close()
  }
}

async function measurePoint(
  index: Hnsw,
  dimension: number,
  groups: readonly Group[],
  { k, beams, recall: wanted, rounds, threads }: FilteredOptions,
): Promise<Omit<FilteredPoint, 'kind' | 'share'>> {
  const recallOf = async (way: SearchOptions): Promise<number> => {
    let sum = 0
    for (const { accept, queries } of groups) {
      sum += (await index.measureRecall(queries, { ...way, accept, threads })).recall
    }
    return sum / groups.length
  }
  const usual: SearchOptions = { k }
  const scan: SearchOptions = { k, strategy: 'scan' }
  const afterwards: SearchOptions[] = []
  for (const beam of beams) {
    const way: SearchOptions = { k, beam, strategy: 'plain' }
    // More candidates than the least that will do are slower.
    if (afterwards.length === 0 && (await recallOf(way)) >= wanted) afterwards.push(way)
  }
  const ways = [usual, scan, ...afterwards]
  const speeds = ways.map((): number[] => [])
  // By turns, so that what disturbs one disturbs all; back and forth, since each leaves in the caches what the next reads.
  for (let round = 0; round < rounds; round++) {
    const turns = [...ways.entries()]
    for (const [i, way] of round % 2 === 0 ? turns : turns.reverse()) {
      speeds[i]?.push(speedOf(index, dimension, groups, way))
    }
  }
  const [qps = 0, scanQps = 0, postQps] = speeds.map(median)
  const [first] = groups
  return {
    strategy: index.plan(first ? { ...usual, accept: first.accept } : usual).strategy,
    recall: await recallOf(usual),
    qps,
    scanQps,
    ...(postQps === undefined ? {} : { postQps }),
    ratio: qps / Math.max(scanQps, postQps ?? 0),
  }
}

/** Queries a second by one thread, one query a call. */
function speedOf(index: Hnsw, dimension: number, groups: readonly Group[], way: SearchOptions): number {
  let count = 0
  const start = performance.now()
  for (const { accept, queries } of groups) {
    for (let from = 0; from < queries.length; from += dimension, count++) {
      index.searchSync(queries.subarray(from, from + dimension), { ...way, accept })
    }
  }
  return (count / (performance.now() - start)) * 1000
}

/** For each group what makes its filter of a share of the rows. */
async function groupMakers(
  dataset: Dataset,
  kind: FilterKind,
  { groups, queriesPerGroup, seed }: FilteredOptions,
): Promise<((share: number) => Group)[]> {
  const { dimension, metric, rows, base, queryVectors } = dataset
  const random = new Random(seed)
  const makers: ((share: number) => Group)[] = []
  for (let group = 0; group < groups; group++) {
    const start = (group * queriesPerGroup) % Math.max(1, dataset.queries - queriesPerGroup + 1)
    if (kind === 'random') {
      const queries = queryVectors.slice(start * dimension, (start + queriesPerGroup) * dimension)
      makers.push((share) => {
        const drawn = random.sample(Math.max(1, Math.round(share * rows)), rows)
        return { queries, accept: Bitset.fromRows(drawn, rows) }
      })
      continue
    }
    // The queries around a pivot, and the rows in order of their distance to it.
    const pivot = queryVectors.slice(start * dimension, (start + 1) * dimension)
    const around = await groundTruth({
      base: queryVectors,
      queryVectors: pivot,
      dimension,
      metric,
      k: queriesPerGroup,
    })
    const queries = new Float32Array(queriesPerGroup * dimension)
    for (const [i, query] of around.rows.entries()) {
      queries.set(queryVectors.subarray(query * dimension, (query + 1) * dimension), i * dimension)
    }
    const order = (
      await groundTruth({ base, queryVectors: pivot, dimension, metric, k: rows, by: 'this thread' })
    ).rows
    makers.push((share) => {
      const far = order.subarray(rows - Math.max(1, Math.round(share * rows)))
      return { queries, accept: Bitset.fromRows(far, rows) }
    })
  }
  return makers
}
