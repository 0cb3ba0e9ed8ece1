import { dotF32, l2F32 } from './kernels.ts'
import { checkShape, type Metric } from './metric.ts'
import { FloatScorer, roundUp } from './none.ts'
import type { Codec } from './quantizer.ts'

const NAME = 'given/1'

/** The shape of vectors of floats. */
export interface FloatShape {
  readonly dimension: number
  readonly metric: Exclude<Metric, 'hamming'>
}

/**
 * Codes that are the vectors as they were given, bit for bit, also under cosine, where scoring divides by their lengths:
 * exact distances straight from where a database keeps its vectors.
 *
 * A row takes dimension · 4 bytes, rounded up to a multiple of 16; the padding is zero. The owner of the slab puts rows
 * there itself: `Codes.encode` would bring them to unit length first.
 *
 * @throws OmenError `unknown_metric`, `invalid_argument` as `checkShape`
 */
export function given(shape: FloatShape): Codec {
  checkShape(shape)
  const { dimension, metric } = shape
  const bytes = dimension * Float32Array.BYTES_PER_ELEMENT
  const kernel = { l2: l2F32, dot: dotF32, cosine: cosineF32 }[metric]
  return {
    quantizer: NAME,
    shape,
    bytesPerRow: roundUp(bytes, 16),
    parameters: new Float32Array(0),
    encode(vector, code) {
      code.set(new Uint8Array(vector.buffer, vector.byteOffset, bytes))
      code.fill(0, bytes)
    },
    decode(code, vector) {
      new Uint8Array(vector.buffer, vector.byteOffset, bytes).set(code.subarray(0, bytes))
    },
    scorer: (slab) => new FloatScorer(slab, dimension, kernel, 0, metric === 'dot' ? -1 : 1),
    native: { kind: 'given' },
  }
}

/** 1 − cos of two vectors of any length, and 1 when either is zero: the twin of the accelerator's kernel. */
function cosineF32(a: Float32Array, aOffset: number, b: Float32Array, bOffset: number, n: number): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    const x = a[aOffset + i] as number
    const y = b[bOffset + i] as number
    ab += x * y
    aa += x * x
    bb += y * y
  }
  const squared = aa * bb
  return squared > 0 ? 1 - ab / Math.sqrt(squared) : 1
}
