import { type Codec, type Quantizer, rowBytes, type Scorer, type Shape, type Slab } from '@omen/core'
import { type Affine, checkQuantile, readAffine, trainAffine } from './affine-train.ts'
import { checkFloatShape } from './float-shape.ts'
import { Sq8DotScorer, Sq8L2Scorer } from './sq8-scorers.ts'

const NAME = 'sq8/1'

/** Codes that a component can have, less one. */
const STEPS = 255

export interface Sq8Options {
  /**
   * Share of the components at either end, from 0 to 0.1, that the scale need not reach and that are clipped to it. Left out,
   * training takes what gives the least squared error; for integers that fit, a scale of 1, which loses nothing.
   */
  readonly quantile?: number
}

/**
 * Stores components as 8-bit integers with one scale and offset for all: x ≈ scale · e + offset, for l2, dot and cosine.
 *
 * One scale for all dimensions lets integer kernels compare two codes without touching a float. A row takes `dimension`
 * bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. A component inside the trained range
 * comes back within scale / 2 (and the rounding of f32); one outside comes back as the nearest end of the range. Integers
 * 0 to 255 (SIFT) or −128 to 127 are exact. Queries are rounded too: by `dot` to signed bytes with a scale of their own.
 *
 * Train it on a sample that has the range of the data.
 *
 * @throws OmenError `invalid_argument` for a quantile outside 0 to 0.1; `unsupported` under `hamming`
 */
export function sq8(options: Sq8Options = {}): Quantizer {
  const { quantile } = options
  checkQuantile(quantile)
  return {
    name: NAME,
    train: (sample, shape) => {
      checkFloatShape(NAME, shape)
      return sq8Codec(trainAffine(sample, shape, STEPS, quantile), shape)
    },
    open: (parameters, shape) => {
      checkFloatShape(NAME, shape)
      return sq8Codec(readAffine(NAME, parameters), shape)
    },
  }
}

function sq8Codec(affine: Affine, shape: Shape): Codec {
  const { dimension, metric } = shape
  const { scale, offset } = affine
  const inverse = Math.fround(1 / scale)
  const encode: Codec['encode'] = (vector, code) => {
    for (let i = 0; i < dimension; i++) {
      // Each step rounds to f32, in this order and without fusing, so that C++ gives the same code to the bit.
      const x = Math.fround(Math.fround((vector[i] as number) - offset) * inverse)
      // Storing truncates, which for a positive number is the floor.
      code[i] = Math.min(255, Math.max(0, Math.fround(x + 0.5)))
    }
    code.fill(0, dimension)
  }
  const decode: Codec['decode'] = (code, vector) => {
    for (let i = 0; i < dimension; i++) vector[i] = Math.fround(scale * (code[i] as number)) + offset
  }
  return {
    quantizer: NAME,
    shape,
    bytesPerRow: rowBytes(dimension),
    parameters: Float32Array.of(scale, offset),
    encode,
    decode,
    scorer: (slab: Slab): Scorer =>
      metric === 'dot'
        ? new Sq8DotScorer(slab, dimension, affine, decode)
        : new Sq8L2Scorer(slab, dimension, multiplierFor(metric, scale), encode),
    native: { kind: 'scalar', element: 'u8', scale, offset },
  }
}

/** The distance of two codes is this times Σ (a − b)²; for unit vectors 1 − cos = ½ |a − b|². */
function multiplierFor(metric: Shape['metric'], scale: number): number {
  const squared = Math.fround(scale * scale)
  return metric === 'cosine' ? Math.fround(0.5 * squared) : squared
}
