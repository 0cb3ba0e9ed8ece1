import { comesBefore, type Metric, unreachable } from '@omen/core'
import type { SegmentExplanation } from '@omen/schema'
import type { CheckedFilter } from '@omen/schema/check'
import type { SegmentView, View } from '../engine/view.ts'
import type { SegmentHits, SegmentSearch } from '../segment/segment.ts'
import { matchesOf } from './matching.ts'

/** A search that was checked. */
export interface CheckedSearch {
  readonly field: string
  readonly metric: Metric
  /** Queries x dimension. */
  readonly queries: Float32Array
  readonly where: CheckedFilter | undefined
  readonly limit: number
  readonly offset: number
  readonly beam: number | undefined
  readonly exact: boolean
  readonly radius: number | undefined
  readonly threads: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Rows found in one segment, closest first. */
export interface Found {
  readonly segment: SegmentView
  readonly rows: Uint32Array
  readonly distances: Float32Array
  /** The place of each row among all that were found, in all segments; undefined where this is the only one. */
  readonly places: readonly number[] | undefined
}

/** How many rows were found. */
export function countFound(found: readonly Found[]): number {
  let count = 0
  for (const { rows } of found) count += rows.length
  return count
}

/**
 * What a user sees of a distance: larger is closer. `cosine`: the cosine, from −1 to 1; `dot`: the product; `l2`: 1 / (1 + the
 * squared distance), from 0 to 1.
 */
export function scoreOf(metric: Metric, distance: number): number {
  switch (metric) {
    case 'cosine':
      return 1 - distance
    case 'dot':
      return -distance
    case 'l2':
    case 'hamming':
      return 1 / (1 + distance)
    default:
      return unreachable(metric)
  }
}

/**
 * Searches every segment of a view for one query.
 *
 * @param explanations filled, one for each segment, where it is there
 * @throws OmenError as `Segment.search`
 */
export async function searchView(
  view: View,
  search: CheckedSearch,
  explanations?: SegmentExplanation[],
): Promise<Found[]> {
  const { segments } = view
  // One segment is the common case of small collections, and needs no merging.
  const hits =
    segments.length === 1
      ? [await searchSegment(segments[0] as SegmentView, search, explanations)]
      : await Promise.all(segments.map((segment) => searchSegment(segment, search, explanations)))
  if (explanations) explain(segments, search, hits, explanations)
  return mergeHits(segments, hits, search)
}

function searchSegment(
  view: SegmentView,
  search: CheckedSearch,
  explanations: SegmentExplanation[] | undefined,
): Promise<SegmentHits> {
  const asked = segmentSearch(view, search)
  return view.segment.search(search.field, search.queries, explanations ? { ...asked, explain: true } : asked)
}

function segmentSearch(view: SegmentView, search: CheckedSearch): SegmentSearch & { threads?: number } {
  const { beam, exact, radius, signal, threads } = search
  return {
    k: search.offset + search.limit,
    beam,
    exact,
    radius,
    signal,
    accept: matchesOf(view, search.where),
    rows: view.rows < view.segment.rows ? view.rows : undefined,
    ...(threads === undefined ? {} : { threads }),
  }
}

/**
 * Searches every segment of a view for many queries.
 *
 * @returns the rows found for each query
 * @throws OmenError as `Segment.searchMany`
 */
export async function searchViewMany(view: View, search: CheckedSearch, count: number): Promise<Found[][]> {
  const hits: SegmentHits[][] = []
  for (const segment of view.segments) {
    // One after another: each uses all threads.
    hits.push(await segment.segment.searchMany(search.field, search.queries, segmentSearch(segment, search)))
  }
  return Array.from({ length: count }, (_, i) =>
    mergeHits(
      view.segments,
      hits.map((each) => each[i] as SegmentHits),
      search,
    ),
  )
}

/** The closest of what the segments found; ties by segment, the oldest first, then by row. */
function mergeHits(
  segments: readonly SegmentView[],
  hits: readonly SegmentHits[],
  { limit, offset }: CheckedSearch,
): Found[] {
  const [first] = hits
  if (first && hits.length === 1) return [foundIn(segments[0] as SegmentView, first, offset, offset + limit)]
  const next = new Uint32Array(hits.length)
  const places = hits.map((): number[] => [])
  for (let place = 0; place < offset + limit; place++) {
    const best = closestOf(hits, next)
    if (best < 0) break
    next[best] = (next[best] as number) + 1
    if (place >= offset) (places[best] as number[]).push(place - offset)
  }
  const found: Found[] = []
  for (const [i, each] of places.entries()) {
    if (each.length === 0) continue
    const to = next[i] as number
    found.push({
      ...foundIn(segments[i] as SegmentView, hits[i] as SegmentHits, to - each.length, to),
      places: each,
    })
  }
  return found
}

/** The segment whose next row is the closest; −1 where there is none left. */
function closestOf(hits: readonly SegmentHits[], next: Uint32Array): number {
  let best = -1
  let closest = Infinity
  for (let i = 0; i < hits.length; i++) {
    const { distances } = hits[i] as SegmentHits
    const at = next[i] as number
    if (at >= distances.length) continue
    const distance = distances[at] as number
    if (best >= 0 && !comesBefore(distance, i, closest, best)) continue
    best = i
    closest = distance
  }
  return best
}

function foundIn(segment: SegmentView, { rows, distances }: SegmentHits, from: number, to: number): Found {
  const whole = from === 0 && to >= rows.length
  return {
    segment,
    rows: whole ? rows : rows.subarray(from, to),
    distances: whole ? distances : distances.subarray(from, to),
    places: undefined,
  }
}

function explain(
  segments: readonly SegmentView[],
  search: CheckedSearch,
  hits: readonly SegmentHits[],
  explanations: SegmentExplanation[],
): void {
  for (const [i, view] of segments.entries()) {
    const accept = matchesOf(view, search.where)
    explanations.push({
      segment: view.segment.id,
      rows: view.liveRows,
      matches: accept ? accept.count() : view.liveRows,
      ...(hits[i] as SegmentHits).plan,
    })
  }
}
