import { allocateVectors, elementsPerVector, prepareVectors, type Shape, type Vectors } from './metric.ts'
import type { Codec, Quantizer } from './quantizer.ts'

/** Vectors that a quantizer looks at: enough for scales and centroids, few enough to take no time. */
export const TRAINING_VECTORS = 16_384

/**
 * Trains a quantizer on a sample of raw vectors, spread evenly over all of them so that their order does not matter.
 *
 * @param vectors whole raw vectors, at least one: borrowed
 * @throws OmenError `not_finite`, `zero_vector` for a vector of the sample, naming it; `unsupported` by the quantizer
 */
export function trainCodec(quantizer: Quantizer, vectors: Vectors, shape: Shape): Codec {
  const elements = elementsPerVector(shape)
  const total = vectors.length / elements
  const count = Math.min(total, TRAINING_VECTORS)
  const sample = allocateVectors(shape, count)
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * total) / count)
    const target = sample.subarray(i * elements, (i + 1) * elements)
    prepareVectors(vectors.subarray(from * elements, (from + 1) * elements), shape, target, from)
  }
  return quantizer.train(sample, shape)
}
