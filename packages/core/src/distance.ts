import { OmenError } from './errors.ts'
import { dotF32, hammingBits, l2F32 } from './kernels.ts'
import { countVectors, type Metric, type Shape, type Vectors, vectorError } from './metric.ts'
import { clampDistance } from './top-k.ts'

/**
 * The distance of two vectors in the units of the metric (see `Metric`), in double precision.
 *
 * @param a one vector, `Float32Array` (for `hamming` `Uint8Array`): borrowed
 * @param b one vector as long as `a`: borrowed
 * @throws OmenError `dimension_mismatch` for different lengths, `invalid_argument` for a wrong array type, `not_finite`;
 * `zero_vector` under cosine
 */
export function distance(a: Vectors, b: Vectors, metric: Metric): number {
  if (a.length !== b.length || a.length === 0) {
    throw new OmenError(
      'dimension_mismatch',
      `vectors of ${a.length} and ${b.length} elements have no distance`,
    )
  }
  const shape: Shape = { metric, dimension: metric === 'hamming' ? a.length * 8 : a.length }
  for (const vector of [a, b]) countVectors(vector, shape)
  if (a instanceof Float32Array && b instanceof Float32Array) {
    return clampDistance(metric, floatDistance(a, b, metric))
  }
  return hammingBits(a as Uint8Array, 0, b as Uint8Array, 0, a.length)
}

function floatDistance(a: Float32Array, b: Float32Array, metric: Metric): number {
  const n = a.length
  const squared = [a, b].map((vector, index) => {
    const sum = dotF32(vector, 0, vector, 0, n)
    if (!Number.isFinite(sum)) throw vectorError('not_finite', index)
    if (metric === 'cosine' && sum === 0) throw vectorError('zero_vector', index)
    return sum
  })
  if (metric === 'l2') return l2F32(a, 0, b, 0, n)
  const product = dotF32(a, 0, b, 0, n)
  return metric === 'dot' ? -product : 1 - product / Math.sqrt((squared[0] ?? 0) * (squared[1] ?? 0))
}
