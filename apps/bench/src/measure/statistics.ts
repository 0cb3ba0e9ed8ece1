/** Middle and spread of repeated measurements. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The value below which the given share of values lies, interpolated between neighbours.
 *
 * @param values in any order; not changed
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return Number.NaN
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low
  return low + (high - low) * (at - below)
}

export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5)
}

/** The median with the lowest and the highest value. */
export function spread(values: ArrayLike<number>): Spread {
  return { median: median(values), low: quantile(values, 0), high: quantile(values, 1) }
}

/**
 * The median, with the values between which that of endless repetitions lies in 95 of 100 cases, whatever the distribution:
 * it is off by so many ranks (the normal approximation of the sign test). The lowest and highest of fewer than six values.
 */
export function medianInterval(values: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(values).sort()
  const count = sorted.length
  const rank = Math.max(0, Math.floor((count - 1.96 * Math.sqrt(count)) / 2))
  return {
    median: median(sorted),
    low: sorted[rank] ?? Number.NaN,
    high: sorted[count - 1 - rank] ?? Number.NaN,
  }
}
