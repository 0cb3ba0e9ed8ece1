import { CHUNK_MASK, CHUNK_SHIFT, dotF32, type Scorer, type Slab, type Vectors } from '@omen/core'
import type { RabitqCodec } from './rabitq-codec.ts'
import { LEAST_SHARE, NORMAL_STEPS } from './rabitq-encode.ts'
import { roundToBytes } from './round-to-bytes.ts'

/** Bytes behind a row's codes: its scale, its constant and its error, as f32. */
export const FACTOR_BYTES = 12

/**
 * Standard deviations that a margin is wide. The paper's ε₀ of 1.9 bounds 97 of 100 errors to one side, which is 94 to both;
 * 2 bounds 95 to both.
 */
const MARGIN_DEVIATIONS = 2

/**
 * With x' the difference of a row from the mean and v = 2u − (2^bits − 1) its code u on the grid, <q', x'> is estimated by
 * scale · <q', v>, where the row's scale is |x'|² / <x', v>. Then l2 is |q'|² + |x'|² − 2<q', x'>, and the inner product
 * <q', x'> + <q', mean> + <mean, x>: the row's constant is |x'|² or −<mean, x>.
 *
 * The arithmetic is that of the C++ twin, step by step in f32, so that both give the same distance to the bit.
 */
export class RabitqScorer implements Scorer {
  readonly #slab: Slab
  readonly #codec: RabitqCodec
  /** The slab's chunks as floats, for the factors; follows the slab as it grows. */
  readonly #factors: Float32Array[] = []
  readonly #rotated: Float32Array
  readonly #query: Int8Array
  /** (2^bits − 1) / 2 · Σ q, which centres the codes. */
  #centre = 0
  #multiplier = 0
  #bias = 0
  /** What a row's error and scale are multiplied by in its margin. */
  #errorWeight = 0
  #scaleWeight = 0

  constructor(slab: Slab, codec: RabitqCodec) {
    this.#slab = slab
    this.#codec = codec
    this.#rotated = new Float32Array(codec.shape.dimension)
    // Packed fields fill whole bytes: up to seven beyond the last component.
    this.#query = new Int8Array(codec.shape.dimension + 7)
  }

  bind(query: Vectors): void {
    this.#bindRotated(this.#codec.rotateDifference(query as Float32Array, this.#rotated))
  }

  bindRow(row: number): void {
    this.#codec.decodeRotated(this.#slab.row(row), this.#rotated)
    this.#bindRotated(dotF32(this.#rotated, 0, this.#rotated, 0, this.#rotated.length))
  }

  #bindRotated(squared: number): void {
    const { bits, shape, rotatedMean } = this.#codec
    const { dimension, metric } = shape
    const step = roundToBytes(this.#rotated, this.#query)
    let sum = 0
    let lost = 0
    for (let i = 0; i < dimension; i++) {
      const byte = this.#query[i]!
      const off = this.#rotated[i]! - Math.fround(step * byte)
      sum += byte
      lost += off * off
    }
    this.#centre = Math.fround(((2 ** bits - 1) / 2) * sum)
    const weight = metric === 'l2' ? 2 : 1
    this.#multiplier = Math.fround(-2 * weight * step)
    const product = dotF32(this.#rotated, 0, rotatedMean, 0, dimension)
    this.#bias = Math.fround(metric === 'l2' ? squared : (metric === 'cosine' ? 1 : 0) - product)
    this.#errorWeight = Math.fround(MARGIN_DEVIATIONS * weight * Math.sqrt(squared))
    // What rounding the query lost, times a row's length over √dimension, which the step it was coded with gives.
    const spread = 2 / (LEAST_SHARE * NORMAL_STEPS[bits]!)
    this.#scaleWeight = Math.fround(MARGIN_DEVIATIONS * weight * spread * Math.sqrt(lost))
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    this.#follow()
    const { chunks, bytesPerRow } = this.#slab
    const { planes, factorsAt } = this.#codec
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const start = (row & CHUNK_MASK) * bytesPerRow
      const factors = this.#factors[row >>> CHUNK_SHIFT]!
      const sum = planes.dot(this.#query, chunks[row >>> CHUNK_SHIFT]!, start)
      const at = (start + factorsAt) >>> 2
      const scaled = Math.fround(Math.fround(sum - this.#centre) * factors[at]!)
      distances[i] = Math.fround(Math.fround(scaled * this.#multiplier) + factors[at + 1]!) + this.#bias
    }
  }

  margin(row: number): number {
    this.#follow()
    const factors = this.#factors[row >>> CHUNK_SHIFT]!
    const at = ((row & CHUNK_MASK) * this.#slab.bytesPerRow + this.#codec.factorsAt) >>> 2
    const byCode = this.#errorWeight * factors[at + 2]!
    const byQuery = this.#scaleWeight * factors[at]!
    return Math.fround(Math.sqrt(byCode * byCode + byQuery * byQuery))
  }

  #follow(): void {
    for (let i = this.#factors.length; i < this.#slab.chunks.length; i++) {
      const chunk = this.#slab.chunks[i]!
      this.#factors.push(new Float32Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 4))
    }
  }
}
