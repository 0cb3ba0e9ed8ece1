import {
  CHUNK_MASK,
  CHUNK_SHIFT,
  dotF32,
  dotI8Packed,
  dotI8U8,
  packedComponents,
  type Scorer,
  type Slab,
  type Vectors,
} from '@omen/core'
import type { LvqCodec } from './lvq-codec.ts'
import { RESIDUAL_CENTRE, RESIDUAL_FACTOR_BYTES } from './lvq-codec.ts'
import { roundToBytes } from './round-to-bytes.ts'

/** Signed bytes of a query with their step: q ≈ step · byte. */
class QueryPlane {
  readonly bytes: Int8Array
  step = 0
  sum = 0

  constructor(components: number) {
    this.bytes = new Int8Array(components)
  }

  bind(query: Float32Array): void {
    this.step = roundToBytes(query, this.bytes)
    this.sum = 0
    for (const byte of this.bytes) this.sum += byte
  }
}

/**
 * With x' the difference of a row from the mean and x' ≈ scale · u + lower, <q', x'> is estimated by scale · <q', u> +
 * lower · Σ q', and what the residual adds. Then l2 is |q'|² + |x'|² − 2<q', x'>, and the inner product
 * <q', x'> + <q', mean> + <mean, x>: the row's constant is |x'|² or −<mean, x>, both of the vector itself.
 *
 * The query is rounded to signed bytes; under a residual, which is finer than these, what rounding lost is rounded to bytes
 * of its own. All sums are of the rounded query. The arithmetic is that of the C++ twin, step by step in f32.
 */
export class LvqScorer implements Scorer {
  readonly #slab: Slab
  readonly #codec: LvqCodec
  /** The slab's chunks as floats, for the factors; follows the slab as it grows. */
  readonly #factors: Float32Array[] = []
  readonly #difference: Float32Array
  readonly #high: QueryPlane
  readonly #low: QueryPlane | undefined
  readonly #residual: boolean
  #highWeight = 0
  #lowWeight = 0
  #bias = 0

  constructor(slab: Slab, codec: LvqCodec) {
    const { dimension } = codec.shape
    const { bits, residual, coarse } = codec.form
    const components = bits === 4 ? packedComponents(dimension, 4) : dimension
    this.#slab = slab
    this.#codec = codec
    this.#difference = new Float32Array(dimension)
    this.#high = new QueryPlane(components)
    this.#residual = residual && !coarse
    this.#low = this.#residual ? new QueryPlane(components) : undefined
  }

  bind(query: Vectors): void {
    this.#bindDifference(this.#codec.differenceOf(query as Float32Array, this.#difference))
  }

  bindRow(row: number): void {
    this.#codec.decodeDifference(this.#slab.row(row), this.#difference)
    this.#bindDifference(dotF32(this.#difference, 0, this.#difference, 0, this.#difference.length))
  }

  #bindDifference(squared: number): void {
    const { shape, parameters } = this.#codec
    const { dimension, metric } = shape
    const difference = this.#difference
    const product = dotF32(difference, 0, parameters, 0, dimension)
    this.#bias = Math.fround(metric === 'l2' ? squared : (metric === 'cosine' ? 1 : 0) - product)
    const weight = metric === 'l2' ? -2 : -1
    this.#high.bind(difference)
    this.#highWeight = weight * this.#high.step
    if (!this.#low) return
    const { bytes, step } = this.#high
    for (let i = 0; i < dimension; i++) difference[i] = difference[i]! - Math.fround(step * bytes[i]!)
    this.#low.bind(difference)
    this.#lowWeight = weight * this.#low.step
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    this.#follow()
    const { chunks, bytesPerRow } = this.#slab
    const { factorsAt } = this.#codec
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const chunk = chunks[row >>> CHUNK_SHIFT]!
      const factors = this.#factors[row >>> CHUNK_SHIFT]!
      const start = (row & CHUNK_MASK) * bytesPerRow
      let high = this.#estimate(this.#high, chunk, factors, start)
      if (this.#residual) high = Math.fround(high + this.#ofResidual(chunk, factors, start))
      let distance = Math.fround(high * this.#highWeight)
      if (this.#low) {
        const low = this.#estimate(this.#low, chunk, factors, start)
        distance = Math.fround(distance + Math.fround(low * this.#lowWeight))
      }
      distances[i] = Math.fround(distance + factors[((start + factorsAt) >>> 2) + 2]!) + this.#bias
    }
  }

  /** <q', x'> by the first codes, in steps of the plane. */
  #estimate(plane: QueryPlane, chunk: Uint8Array, factors: Float32Array, start: number): number {
    const { dimension } = this.#codec.shape
    const at = (start + this.#codec.factorsAt) >>> 2
    const sum =
      this.#codec.form.bits === 4
        ? dotI8Packed(plane.bytes, chunk, start, dimension, 4)
        : dotI8U8(plane.bytes, 0, chunk, start, dimension)
    const scaled = Math.fround(Math.fround(sum) * factors[at]!)
    return Math.fround(scaled + Math.fround(plane.sum * factors[at + 1]!))
  }

  /** What the residual adds to that. */
  #ofResidual(chunk: Uint8Array, factors: Float32Array, start: number): number {
    const at = start + this.#codec.firstBytes
    const { bytes, sum } = this.#high
    const product = dotI8U8(bytes, 0, chunk, at + RESIDUAL_FACTOR_BYTES, this.#codec.shape.dimension)
    return Math.fround(
      Math.fround(Math.fround(product) - Math.fround(RESIDUAL_CENTRE * sum)) * factors[at >>> 2]!,
    )
  }

  #follow(): void {
    for (let i = this.#factors.length; i < this.#slab.chunks.length; i++) {
      const chunk = this.#slab.chunks[i]!
      this.#factors.push(new Float32Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 4))
    }
  }
}
