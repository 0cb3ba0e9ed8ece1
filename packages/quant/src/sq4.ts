import {
  type Codec,
  packedBytes,
  packFields,
  type Quantizer,
  type Scorer,
  type Shape,
  type Slab,
  unpackFields,
} from '@omen/core'
import { type Affine, checkQuantile, readAffine, trainAffine } from './affine-train.ts'
import { checkFloatShape } from './float-shape.ts'
import { packedRowBytes } from './row-bytes.ts'
import { Sq4DotScorer, Sq4L2Scorer } from './sq4-scorers.ts'

const NAME = 'sq4/1'

/** Codes that a component can have, less one. */
const STEPS = 15

export interface Sq4Options {
  /**
   * Share of the components at either end, from 0 to 0.1, that the scale need not reach and that are clipped to it. Left out,
   * training takes what gives the least squared error; for integers that fit, a scale of 1, which loses nothing.
   */
  readonly quantile?: number
}

/**
 * Stores components as 4-bit integers with one scale and offset for all: x ≈ scale · e + offset, for l2, dot and cosine.
 *
 * A row takes half a byte a component and nothing beside, rounded up to a multiple of 4, or of 64 where that costs at most
 * three tenths. A component inside the trained range comes back within scale / 2; one outside comes back as the nearest end
 * of the range. Integers from 0 to 15 or −8 to 7 are exact. Queries are rounded to a grid eight times finer, by `dot` to
 * signed bytes with a scale of their own. Rescore what it finds: 30 candidates for ten results.
 *
 * Train it on a sample that has the range of the data.
 *
 * @throws OmenError `invalid_argument` for a quantile outside 0 to 0.1; `unsupported` under `hamming`
 */
export function sq4(options: Sq4Options = {}): Quantizer {
  const { quantile } = options
  checkQuantile(quantile)
  return {
    name: NAME,
    train: (sample, shape) => {
      checkFloatShape(NAME, shape)
      return sq4Codec(trainAffine(sample, shape, STEPS, quantile), shape)
    },
    open: (parameters, shape) => {
      checkFloatShape(NAME, shape)
      return sq4Codec(readAffine(NAME, parameters), shape)
    },
  }
}

function sq4Codec(affine: Affine, shape: Shape): Codec {
  const { dimension, metric } = shape
  const { scale, offset } = affine
  const inverse = Math.fround(1 / scale)
  const bytes = packedBytes(dimension, 4)
  const fields = new Uint8Array(dimension)
  const decode: Codec['decode'] = (code, vector) => {
    unpackFields(code, 0, dimension, 4, fields)
    for (let i = 0; i < dimension; i++) vector[i] = Math.fround(scale * fields[i]!) + offset
  }
  return {
    quantizer: NAME,
    shape,
    bytesPerRow: packedRowBytes(bytes),
    parameters: Float32Array.of(scale, offset),
    encode(vector, code) {
      for (let i = 0; i < dimension; i++) {
        // Each step rounds to f32, in this order and without fusing, so that C++ gives the same code to the bit.
        const x = Math.fround(Math.fround(vector[i]! - offset) * inverse)
        fields[i] = Math.min(STEPS, Math.max(0, Math.fround(x + 0.5)))
      }
      packFields(fields, dimension, 4, code, 0)
      code.fill(0, bytes)
    },
    decode,
    scorer: (slab: Slab): Scorer =>
      metric === 'dot'
        ? new Sq4DotScorer(slab, dimension, affine, decode)
        : new Sq4L2Scorer(slab, dimension, affine, metric === 'cosine'),
    native: { kind: 'sq4', scale, offset },
  }
}
