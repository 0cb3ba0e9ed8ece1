import type { CheckedSearch, NativeSearch, SearchStrategy } from '@omen/core'
import type { Parts } from './parts.ts'

/** How a search would go about it, for people who ask why it takes as long as it does. */
export interface SearchPlan {
  readonly strategy: SearchStrategy
  /** Rows that may be returned; of those accepted, some may have been removed. */
  readonly matches: number
  /** About how many rows it compares by the codes that it walks by. */
  readonly distances: number
}

type Decision = Pick<NativeSearch, 'strategy' | 'share' | 'widening' | 'sparseWidening' | 'patience'>

/*
 * What the parts of a search cost, in nanoseconds of one core of Zen 4; only their ratios matter. Codes come from memory:
 * their bytes are most of the cost of a distance (`bench kernels` in docs/kernels.md, with prefetching). A scan meets
 * rows in order; a walk has the visited set and the pool on top.
 */
const NS_PER_BYTE = 0.107
const NS_PER_SCANNED_ROW = 10
const NS_PER_WALKED_ROW = 25
/** Reading a list, and asking of each row on it whether it matches. */
const NS_PER_LIST = 50

/*
 * How walks over graphs of real vectors go, as multiples of m: neighbours that a row has on average, and rows that are
 * compared for each row expanded.
 */
const DEGREE = 1.3
const PLAIN_COMPARED = 1.1
const FILTERED_COMPARED = 2
/** Of the matches within two steps, those that were not seen before. */
const UNSEEN = 0.65
/** Candidates that a walk among matches needs to find as many of the nearest as a walk of all rows. */
const FILTERED_WIDENING = 1.1

/** Where matches are rare around a query, a walk needs so many times more candidates to find as many of the nearest. */
const SPARSE_WIDENING = 4
/** A scan that costs so many times a usual walk is still made there: the wider walk costs about as much, and finds less. */
const SPARSE_SCAN = 4
/** Of its beam, what a walk that ends when the closest have settled has expanded then. */
const SETTLED = 0.5
/** Lists that a walk expands which epsilon ends, whatever its beam: some dozens to some hundreds. */
const EPSILON_EXPANDED = 64
const FOREVER = 0xffffffff

/** One way to search, with what it would cost. */
interface Way {
  readonly widening: number
  readonly distances: number
  readonly costNs: number
}

/**
 * Decides how to find rows where not all may be returned, from what each way would cost.
 *
 * @param search with k, beam and rescore no larger than there are rows
 */
export function planSearch(
  parts: Parts,
  search: Pick<CheckedSearch, 'accept' | 'strategy' | 'settles' | 'epsilon'>,
  beam: number,
): Decision & SearchPlan {
  const { graph } = parts
  const matches = Math.min(search.accept?.count() ?? graph.alive, graph.alive)
  const ways = waysToSearch(parts, matches, expandedOf(search, beam))
  const strategy = search.strategy ?? cheapest(ways, matches <= beam)
  const { widening, distances } = ways[strategy]
  const scanInstead = ways.scan.costNs <= SPARSE_SCAN * ways.filtered.costNs
  return {
    strategy,
    matches,
    distances: Math.round(distances),
    share: matches / graph.rows,
    widening,
    sparseWidening: search.strategy === undefined && scanInstead ? 0 : SPARSE_WIDENING,
    patience: search.strategy === undefined ? patienceOf(ways) : FOREVER,
  }
}

/** Of its beam, about what a walk expands. */
function expandedOf(
  { accept, settles, epsilon }: Pick<CheckedSearch, 'accept' | 'settles' | 'epsilon'>,
  beam: number,
): number {
  if (settles) return beam * SETTLED
  return accept === undefined && epsilon < Infinity ? Math.min(beam, EPSILON_EXPANDED) : beam
}

/** What a search would do, for whoever asks. */
export function describePlan(parts: Parts | undefined, search: CheckedSearch): SearchPlan {
  if (!parts || parts.graph.alive === 0) return { strategy: 'scan', matches: 0, distances: 0 }
  const { strategy, matches, distances } = planSearch(parts, search, Math.min(search.beam, parts.graph.rows))
  return { strategy, matches, distances }
}

/** A walk that has taken as long as it takes to look at all matches should have looked at them. */
function patienceOf({ scan, filtered }: Record<SearchStrategy, Way>): number {
  const nsPerDistance = filtered.costNs / Math.max(1, filtered.distances)
  return Math.min(FOREVER, Math.ceil(scan.costNs / nsPerDistance))
}

function cheapest(ways: Record<SearchStrategy, Way>, few: boolean): SearchStrategy {
  if (few || ways.scan.costNs <= Math.min(ways.plain.costNs, ways.filtered.costNs)) return 'scan'
  return ways.plain.costNs <= ways.filtered.costNs ? 'plain' : 'filtered'
}

function waysToSearch({ graph, codes }: Parts, matches: number, beam: number): Record<SearchStrategy, Way> {
  const { m, rows } = graph
  const share = Math.max(matches, 1) / rows
  const bytesNs = NS_PER_BYTE * codes.codec.bytesPerRow
  const most = Math.max(1, rows / beam)

  const past = Math.min(most, 1 / share)
  const pastDistances = beam * past * PLAIN_COMPARED * m

  // Two steps lead to so many matches; where those are fewer than a list holds, more rows must be expanded.
  const reach = (DEGREE * m) ** 2 * share
  const widening = Math.min(most, Math.max(FILTERED_WIDENING, (2 * m) / reach))
  const expanded = beam * widening
  const distances = expanded * Math.min(FILTERED_COMPARED * m, UNSEEN * reach)
  const lists = expanded * (1 + Math.min(DEGREE * m, FILTERED_COMPARED / share))

  return {
    plain: {
      widening: past,
      distances: pastDistances,
      costNs: pastDistances * (NS_PER_WALKED_ROW + bytesNs),
    },
    filtered: {
      widening,
      distances,
      costNs: distances * (NS_PER_WALKED_ROW + bytesNs) + lists * NS_PER_LIST,
    },
    scan: { widening: 1, distances: matches, costNs: matches * (NS_PER_SCANNED_ROW + bytesNs) },
  }
}
