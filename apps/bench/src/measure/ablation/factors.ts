import { countAtRecall, roundsAtRecall } from '../curve.ts'
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
    const [own, other] = [on, off].map((variant) => variant && roundsAtRecall(variant.points, recall, of))
    return own && other && medianInterval(ratios(own, other))
  }
  const fewer = (of: (point: VariantPoint) => number): number | undefined => {
    const [own, other] = [on, off].map((variant) => variant && countAtRecall(variant.points, recall, of))
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
