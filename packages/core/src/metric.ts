import { OmenError, unreachable } from './errors.ts'
import { dotF32 } from './kernels.ts'

/**
 * How far apart two vectors are; smaller is closer.
 *
 * | metric    | distance                                             | vectors                       |
 * | --------- | ---------------------------------------------------- | ----------------------------- |
 * | `l2`      | squared Euclidean: Σ (a − b)²                        | `Float32Array`                |
 * | `dot`     | negative inner product: −Σ a·b                       | `Float32Array`                |
 * | `cosine`  | 1 − cos(a, b), in [0, 2]                             | `Float32Array`, none all zero |
 * | `hamming` | number of differing bits                             | `Uint8Array`, 8 bits a byte   |
 */
export type Metric = 'l2' | 'dot' | 'cosine' | 'hamming'

export const METRICS: readonly Metric[] = ['l2', 'dot', 'cosine', 'hamming']

/** Rows of vectors one after another: `Float32Array` of rows x dimension, or for `hamming` bytes of rows x dimension/8. */
export type Vectors = Float32Array | Uint8Array

/** What all vectors of one index have in common. */
export interface Shape {
  /** Components of a vector; for `hamming` the number of bits, a multiple of 8. */
  readonly dimension: number
  readonly metric: Metric
}

/** The largest dimension accepted. */
export const MAX_DIMENSION = 65_536

/** Elements of the typed array that one vector takes: the dimension, or bytes for `hamming`. */
export function elementsPerVector(shape: Shape): number {
  return shape.metric === 'hamming' ? shape.dimension / 8 : shape.dimension
}

/** Room for vectors, all zero. Not `slice` of others: that of a `Buffer`, which is a `Uint8Array` too, shares their memory. */
export function allocateVectors(shape: Shape, count: number): Vectors {
  const elements = elementsPerVector(shape) * count
  return shape.metric === 'hamming' ? new Uint8Array(elements) : new Float32Array(elements)
}

/**
 * Checks that a shape can be indexed.
 *
 * @throws OmenError `unknown_metric`, or `invalid_argument` for a dimension that is no whole number from 1 to
 * `MAX_DIMENSION` (under `hamming` also: no multiple of 8)
 */
export function checkShape(shape: Shape): void {
  const { dimension, metric } = shape
  if (!METRICS.includes(metric)) {
    throw new OmenError(
      'unknown_metric',
      `unknown metric ${String(metric)}: choose one of ${METRICS.join(', ')}`,
    )
  }
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > MAX_DIMENSION) {
    throw new OmenError(
      'invalid_argument',
      `dimension must be a whole number from 1 to ${MAX_DIMENSION}, got ${String(dimension)}`,
    )
  }
  if (metric === 'hamming' && dimension % 8 !== 0) {
    throw new OmenError(
      'invalid_argument',
      `hamming needs a dimension that is a multiple of 8, got ${dimension}`,
    )
  }
}

/**
 * Counts the vectors in a block, after checking its type and length.
 *
 * @throws OmenError `invalid_argument` for a wrong array type, `dimension_mismatch` for a length that is no multiple
 */
export function countVectors(vectors: Vectors, shape: Shape): number {
  const bits = shape.metric === 'hamming'
  const expected = bits ? Uint8Array : Float32Array
  if (!(vectors instanceof expected)) {
    throw new OmenError('invalid_argument', `metric ${shape.metric} takes vectors as ${expected.name}`)
  }
  const elements = elementsPerVector(shape)
  if (vectors.length % elements !== 0) {
    throw new OmenError(
      'dimension_mismatch',
      `${vectors.length} elements are no whole number of vectors of dimension ${shape.dimension}` +
        (bits ? ` (${elements} bytes each)` : ''),
    )
  }
  return vectors.length / elements
}

/**
 * Checks vectors and brings them to the form that codes and scorers take: for `cosine` scaled to unit length, else
 * copied as they are. One pass, once per vector or query.
 *
 * @param source whole vectors: borrowed
 * @param target as long as `source`; overwritten (may be `source` itself)
 * @param firstIndex added to the index named in errors, for a block that is part of a larger one
 * @throws OmenError `not_finite` for NaN, infinity or a squared length beyond the range of f32; `zero_vector` under cosine
 */
export function prepareVectors(source: Vectors, shape: Shape, target: Vectors, firstIndex = 0): void {
  const { metric, dimension } = shape
  switch (metric) {
    case 'hamming':
      if (target !== source) target.set(source)
      return
    case 'l2':
    case 'dot':
    case 'cosine':
      break
    default:
      unreachable(metric)
  }
  for (let start = 0; start < source.length; start += dimension) {
    const squared = dotF32(source as Float32Array, start, source as Float32Array, start, dimension)
    // One test covers NaN, infinity, and lengths whose distances would overflow to them.
    if (!(squared <= MAX_SQUARED_LENGTH)) throw vectorError('not_finite', firstIndex + start / dimension)
    if (metric === 'cosine') {
      if (squared < MIN_SQUARED_LENGTH) throw vectorError('zero_vector', firstIndex + start / dimension)
      const scale = 1 / Math.sqrt(squared)
      for (let i = start; i < start + dimension; i++) target[i] = (source[i] as number) * scale
    } else if (target !== source) {
      for (let i = start; i < start + dimension; i++) target[i] = source[i] as number
    }
  }
}

/** Half of the largest f32: the distance of two such vectors, at most four times it, is still no NaN. */
export const MAX_SQUARED_LENGTH = 1.7e38
/** Below this the direction of a vector is lost in rounding. */
export const MIN_SQUARED_LENGTH = 1e-36

/** The error for a vector that `prepareVectors`, or the accelerator in its place, refuses. */
export function vectorError(code: 'not_finite' | 'zero_vector' | 'out_of_range', index: number): OmenError {
  const why = {
    not_finite:
      'has a component that is NaN, infinite or too large (its squared length must stay below 1.7e38)',
    zero_vector: 'is zero, and has no direction to compare by cosine',
    out_of_range: 'has a component outside the range of its codes (f16 holds ±65504)',
  }[code]
  return new OmenError(code, `vector ${index} ${why}`)
}
