import {
  CHUNK_MASK,
  CHUNK_SHIFT,
  type Codec,
  dotF32,
  dotI8Packed,
  type NativeCodec,
  OmenError,
  packedBytes,
  packedComponents,
  packFields,
  type Quantizer,
  rowBytes,
  type Scorer,
  type Shape,
  type Slab,
  unpackFields,
  type Vectors,
} from '@omen/core'
import { checkFloatShape } from './float-shape.ts'
import { meanOf } from './mean.ts'
import { roundToBytes } from './round-to-bytes.ts'

const NAME = 'binary/1'

/**
 * Stores for every component whether it is above the sample's mean of that component: 1 bit each, for l2, dot and cosine.
 *
 * A row takes ⌈dimension / 8⌉ bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. A component
 * comes back as the mean plus or minus what the sample's components are off by on average. Queries keep the sizes of
 * theirs, rounded to signed bytes, which ranks rows more finely than counting bits that differ (Dong, Charikar and Li,
 * "Asymmetric Distance Estimation with Sketches for Similarity Search in High-Dimensional Spaces", 2008). It suits vectors
 * of many components, with rescoring of hundreds of candidates; `rabitq({ bits: 1 })` finds more, for 12 bytes a row.
 *
 * @throws OmenError `unsupported` under `hamming`: bits are stored as they are by `none`
 */
export function binary(): Quantizer {
  return quantizer
}

const quantizer: Quantizer = {
  name: NAME,
  train: (sample, shape) => {
    checkFloatShape(NAME, shape)
    const mean = meanOf(sample, shape.dimension)
    return new BinaryCodec(mean, spreadOf(sample, mean), shape)
  },
  open: (parameters, shape) => {
    checkFloatShape(NAME, shape)
    const { dimension } = shape
    const [mean, spread] = [parameters.slice(0, dimension), parameters.slice(dimension)]
    const sizes = dotF32(mean, 0, mean, 0, mean.length) + dotF32(spread, 0, spread, 0, spread.length)
    if (parameters.length !== 2 * dimension || !(sizes < Infinity) || spread.some((size) => size < 0)) {
      throw new OmenError(
        'corrupt_index',
        `${NAME} takes ${dimension} means and as many sizes, got ${parameters.length} numbers`,
      )
    }
    return new BinaryCodec(mean, spread, shape)
  },
}

/** How far each component is from its mean, on average: the size that ±size has least squared error with. */
function spreadOf(sample: Vectors, mean: Float32Array): Float32Array {
  const sums = new Float64Array(mean.length)
  for (let start = 0; start < sample.length; start += mean.length) {
    for (let i = 0; i < mean.length; i++) sums[i]! += Math.abs(Math.fround(sample[start + i]! - mean[i]!))
  }
  const count = sample.length / mean.length
  return Float32Array.from(sums, (sum) => sum / count)
}

class BinaryCodec implements Codec {
  readonly quantizer: string = NAME
  readonly shape: Shape
  readonly bytesPerRow: number
  readonly parameters: Float32Array
  readonly native: NativeCodec
  readonly mean: Float32Array
  readonly spread: Float32Array
  readonly #bits: Uint8Array

  constructor(mean: Float32Array, spread: Float32Array, shape: Shape) {
    this.shape = shape
    this.bytesPerRow = rowBytes(packedBytes(shape.dimension, 1))
    this.parameters = new Float32Array(2 * shape.dimension)
    this.parameters.set(mean)
    this.parameters.set(spread, shape.dimension)
    this.native = { kind: 'binary', parameters: this.parameters }
    this.mean = mean
    this.spread = spread
    this.#bits = new Uint8Array(shape.dimension)
  }

  encode(vector: Vectors, code: Uint8Array): void {
    const { dimension } = this.shape
    for (let i = 0; i < dimension; i++) this.#bits[i] = vector[i]! >= this.mean[i]! ? 1 : 0
    code.fill(0)
    packFields(this.#bits, dimension, 1, code, 0)
  }

  decode(code: Uint8Array, vector: Vectors): void {
    const { dimension } = this.shape
    unpackFields(code, 0, dimension, 1, this.#bits)
    for (let i = 0; i < dimension; i++) {
      vector[i] = this.mean[i]! + (this.#bits[i] === 1 ? this.spread[i]! : -this.spread[i]!)
    }
  }

  scorer(slab: Slab): Scorer {
    return new BinaryScorer(slab, this)
  }
}

/**
 * With x = mean ± spread, q' = q − mean and weights w = q' · spread, rounded to t · b: Σ q'(x − mean) = Σ ±w, and as the
 * signs are 2u − 1 of the bits u, that is 2t · (Σ bu − Σ b / 2). Then l2 is |q'|² + Σ spread² − 2 Σ ±w, and the inner product
 * Σ q · mean + Σ ±(q · spread), where the query keeps its place.
 *
 * The arithmetic is that of the C++ twin, step by step in f32, so that both give the same distance to the bit.
 */
class BinaryScorer implements Scorer {
  readonly #slab: Slab
  readonly #codec: BinaryCodec
  readonly #weights: Float32Array
  readonly #query: Int8Array
  readonly #decoded: Float32Array
  #centre = 0
  #multiplier = 0
  #bias = 0

  constructor(slab: Slab, codec: BinaryCodec) {
    const { dimension } = codec.shape
    this.#slab = slab
    this.#codec = codec
    this.#weights = new Float32Array(dimension)
    this.#query = new Int8Array(packedComponents(dimension, 1))
    this.#decoded = new Float32Array(dimension)
  }

  bind(query: Vectors): void {
    const { shape, mean, spread } = this.#codec
    const { dimension, metric } = shape
    const weights = this.#weights
    if (metric === 'l2') {
      for (let i = 0; i < dimension; i++) weights[i] = query[i]! - mean[i]!
      const squares = dotF32(weights, 0, weights, 0, dimension) + dotF32(spread, 0, spread, 0, dimension)
      this.#bias = Math.fround(squares)
      for (let i = 0; i < dimension; i++) weights[i]! *= spread[i]!
    } else {
      for (let i = 0; i < dimension; i++) weights[i] = query[i]! * spread[i]!
      const product = dotF32(query as Float32Array, 0, mean, 0, dimension)
      this.#bias = Math.fround((metric === 'cosine' ? 1 : 0) - product)
    }
    const step = roundToBytes(weights, this.#query)
    let sum = 0
    for (let i = 0; i < dimension; i++) sum += this.#query[i]!
    this.#centre = sum / 2
    this.#multiplier = Math.fround((metric === 'l2' ? -4 : -2) * step)
  }

  bindRow(row: number): void {
    this.#codec.decode(this.#slab.row(row), this.#decoded)
    this.bind(this.#decoded)
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    const { dimension } = this.#codec.shape
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const chunk = chunks[row >>> CHUNK_SHIFT]!
      const sum = dotI8Packed(this.#query, chunk, (row & CHUNK_MASK) * bytesPerRow, dimension, 1)
      distances[i] = Math.fround(Math.fround(sum - this.#centre) * this.#multiplier) + this.#bias
    }
  }
}
