import type { Vectors } from '@omen/core'

/** The mean of all vectors of a sample. */
export function meanOf(sample: Vectors, dimension: number): Float32Array {
  const sums = new Float64Array(dimension)
  for (let start = 0; start < sample.length; start += dimension) {
    for (let i = 0; i < dimension; i++) sums[i]! += sample[start + i]!
  }
  const count = sample.length / dimension
  return Float32Array.from(sums, (sum) => sum / count)
}
