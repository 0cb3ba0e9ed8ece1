import { valueAtRecall } from '../curve.ts'
import { ratios } from '../metrics.ts'
import { medianInterval, type Spread } from '../statistics.ts'
import type { Expected, Way } from './expectations.ts'
import type { VariantPoint, VariantResults } from './measure.ts'
import type { AblationRow } from './plan.ts'

/** What a row compares, each undefined where a variant does not reach the recall or was not measured. */
export interface AblationFactors {
  /** How many times faster it is with the technique: the median of the rounds, and how well it is known. */
  readonly speeds: Readonly<Record<Way, Spread | undefined>>
  /** Distances that a search computes with it, over those without it. */
  readonly distances: number | undefined
  /** Lists that a search reads with it, over those without it. */
  readonly hops: number | undefined
}

/**
 * Compares the two variants of a row at a recall, round by round. Between the two beams around the recall speeds are
 * interpolated: where both give the same answers, that compares them at equal beams.
 */
export function ablationFactors(
  variants: readonly VariantResults[],
  row: AblationRow,
  recall: number,
): AblationFactors {
  const on = variants.find(({ id }) => id === row.with)
  const off = variants.find(({ id }) => id === row.without)
  const faster = (of: (point: VariantPoint) => readonly number[]): Spread | undefined => {
    const [own, other] = [on && speedsAt(on, recall, of), off && speedsAt(off, recall, of)]
    return own && other && medianInterval(ratios(own, other))
  }
  const fewer = (of: (point: VariantPoint) => number): number | undefined => {
    const [own, other] = [on && valueAt(on, recall, of), off && valueAt(off, recall, of)]
    return own === undefined || other === undefined ? undefined : own / other
  }
  const built = on && off && on.buildSeconds.length > 0 && off.buildSeconds.length > 0
  return {
    speeds: {
      single: faster(({ single }) => single),
      batch: faster(({ batch }) => batch),
      build: built ? medianInterval(ratios(off.buildSeconds, on.buildSeconds)) : undefined,
    },
    distances: fewer(({ work }) => work.distances),
    hops: fewer(({ work }) => work.hops),
  }
}

/** The sentence for a factor whose spread does not touch what was expected; undefined where it does. */
export function difference(
  factor: Spread | undefined,
  expected: Expected | undefined,
): { readonly side: 'below' | 'above'; readonly why: string | undefined } | undefined {
  if (!factor || !expected) return undefined
  // As people read them, with two decimals.
  if (Math.round(factor.high * 100) < Math.round(expected.low * 100)) {
    return { side: 'below', why: expected.below }
  }
  if (Math.round(factor.low * 100) > Math.round(expected.high * 100)) {
    return { side: 'above', why: expected.above }
  }
  return undefined
}

/** The speeds of every round at a recall. */
function speedsAt(
  { points }: VariantResults,
  recall: number,
  of: (point: VariantPoint) => readonly number[],
): number[] | undefined {
  const [first] = points
  const speeds = (first ? of(first) : []).map((_, round) =>
    valueAtRecall(
      points.map((point) => ({ recall: point.recall, value: of(point)[round] ?? 0 })),
      recall,
    ),
  )
  return speeds.length > 0 && speeds.every((speed) => speed !== undefined) ? speeds : undefined
}

/** A count, of which fewer is better, at a recall. */
function valueAt(
  { points }: VariantResults,
  recall: number,
  of: (point: VariantPoint) => number,
): number | undefined {
  const inverse = valueAtRecall(
    points.map((point) => ({ recall: point.recall, value: 1 / of(point) })),
    recall,
  )
  return inverse === undefined ? undefined : 1 / inverse
}
