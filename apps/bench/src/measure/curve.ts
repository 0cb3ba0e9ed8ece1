import type { Point } from '../results.ts'

/** One place of a curve of speed over recall. */
interface Place {
  readonly recall: number
  readonly value: number
}

/**
 * The speed at a recall, between the two measured beams around it: linear in recall, logarithmic in speed, as the
 * curves are drawn. Only places that no other beats in both count.
 *
 * @returns undefined outside what was measured: nothing is extrapolated
 */
export function valueAtRecall(places: readonly Place[], recall: number): number | undefined {
  const front = frontier(places)
  const above = front.findIndex((place) => place.recall >= recall)
  const right = front[above]
  if (!right) return undefined
  if (right.recall === recall) return right.value
  const left = front[above - 1]
  // Settings with less recall were measured, and were slower: this one is the best there is.
  if (!left) return places.some((place) => place.recall <= recall) ? right.value : undefined
  const share = (recall - left.recall) / (right.recall - left.recall)
  return Math.exp(Math.log(left.value) * (1 - share) + Math.log(right.value) * share)
}

/** The places that no other beats in both recall and speed, by rising recall. */
export function frontier(places: readonly Place[]): Place[] {
  const sorted = [...places].sort((a, b) => b.recall - a.recall || b.value - a.value)
  const front: Place[] = []
  for (const place of sorted) {
    const last = front.at(-1)
    if (!last || place.value > last.value) front.push(place)
  }
  return front.reverse()
}

/** The queries per second on one thread of each round, at a recall; undefined where the curve does not reach it. */
export function qpsAtRecall(points: readonly Point[], recall: number): number[] | undefined {
  return roundsAtRecall(points, recall, ({ qps }) => qps)
}

/** A speed of each round, at a recall; undefined where it was not measured or the curve does not reach it. */
export function roundsAtRecall<Of extends { readonly recall: number }>(
  points: readonly Of[],
  recall: number,
  speeds: (point: Of) => readonly number[] | undefined,
): number[] | undefined {
  const first = points[0]
  const rounds = first ? (speeds(first)?.length ?? 0) : 0
  const values: number[] = []
  for (let round = 0; round < rounds; round++) {
    const places = points.map((point) => ({ recall: point.recall, value: speeds(point)?.[round] ?? 0 }))
    const value = valueAtRecall(places, recall)
    if (value === undefined) return undefined
    values.push(value)
  }
  return rounds > 0 ? values : undefined
}

/** How many times the speed of one thread all threads have, both in one call for all queries, at a recall. */
export function threadScaling(points: readonly Point[], recall: number): number[] | undefined {
  const all = roundsAtRecall(points, recall, ({ qpsAllThreads }) => qpsAllThreads)
  const one = roundsAtRecall(points, recall, ({ qpsBatch }) => qpsBatch)
  return all && one && all.map((value, round) => value / (one[round] ?? Number.NaN))
}

/** The distances that a query takes at a recall. */
export function distancesAtRecall(points: readonly Point[], recall: number): number[] | undefined {
  const value = countAtRecall(points, recall, ({ work }) => work?.distances)
  return value === undefined ? undefined : [value]
}

/** A count at a recall: few are good, as with speeds many are. Points where it was not taken do not count. */
export function countAtRecall<Of extends { readonly recall: number }>(
  points: readonly Of[],
  recall: number,
  count: (point: Of) => number | undefined,
): number | undefined {
  const counted = points.flatMap((point) => {
    const value = count(point)
    return value === undefined ? [] : [{ recall: point.recall, value: 1 / value }]
  })
  const inverse = valueAtRecall(counted, recall)
  return inverse === undefined ? undefined : 1 / inverse
}
