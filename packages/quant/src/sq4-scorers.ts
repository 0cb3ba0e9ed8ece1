import {
  CHUNK_MASK,
  CHUNK_SHIFT,
  type Codec,
  dotI8Packed,
  l2U7U4,
  packedComponents,
  type Scorer,
  type Slab,
  unpackFields,
  type Vectors,
} from '@omen/core'
import type { Affine } from './affine-train.ts'
import { roundToBytes } from './round-to-bytes.ts'

/*
 * The arithmetic is that of the C++ twin, step by step in f32, so that both give the same distance to the bit: the sum of
 * integers is exact, is rounded to f32, and is then multiplied in f32.
 */

/** Steps of a query's grid for one of the codes'. */
const FINER = 8

/** l2 and cosine: multiplier · Σ (q − 8e)² of the query q on the finer grid and the row's codes e. */
export class Sq4L2Scorer implements Scorer {
  readonly #slab: Slab
  readonly #dimension: number
  readonly #offset: number
  readonly #inverse: number
  readonly #multiplier: number
  readonly #query: Uint8Array

  constructor(slab: Slab, dimension: number, { scale, offset }: Affine, cosine: boolean) {
    this.#slab = slab
    this.#dimension = dimension
    this.#offset = offset
    // A power of two: exact.
    this.#inverse = FINER * Math.fround(1 / scale)
    const squared = Math.fround(Math.fround(scale * scale) / FINER ** 2)
    // Unit vectors: 1 − cos = ½ |a − b|².
    this.#multiplier = cosine ? Math.fround(0.5 * squared) : squared
    this.#query = new Uint8Array(packedComponents(dimension, 4))
  }

  bind(query: Vectors): void {
    for (let i = 0; i < this.#dimension; i++) {
      const x = Math.fround(Math.fround(query[i]! - this.#offset) * this.#inverse)
      this.#query[i] = Math.min(127, Math.max(0, Math.fround(x + 0.5)))
    }
  }

  bindRow(row: number): void {
    unpackFields(this.#slab.row(row), 0, this.#dimension, 4, this.#query)
    for (let i = 0; i < this.#dimension; i++) this.#query[i]! *= FINER
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    const multiplier = this.#multiplier
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const chunk = chunks[row >>> CHUNK_SHIFT]!
      const sum = l2U7U4(this.#query, chunk, (row & CHUNK_MASK) * bytesPerRow, this.#dimension)
      // A product of two f32 is exact here, and storing it rounds once: as a product in f32 does.
      distances[i] = Math.fround(sum) * multiplier
    }
  }
}

/**
 * dot: with x = scale · e + offset and the query rounded to q ≈ t · b, −Σ qx = −scale · t · Σ be − offset · t · Σ b.
 *
 * Both sums are of the rounded query: what rounding loses then meets the components, which are smaller than the codes.
 */
export class Sq4DotScorer implements Scorer {
  readonly #slab: Slab
  readonly #affine: Affine
  readonly #decode: Codec['decode']
  readonly #query: Int8Array
  readonly #decoded: Float32Array
  #multiplier = 0
  #bias = 0

  constructor(slab: Slab, dimension: number, affine: Affine, decode: Codec['decode']) {
    this.#slab = slab
    this.#affine = affine
    this.#decode = decode
    this.#query = new Int8Array(packedComponents(dimension, 4))
    this.#decoded = new Float32Array(dimension)
  }

  bind(query: Vectors): void {
    const step = roundToBytes(query as Float32Array, this.#query)
    let sum = 0
    for (const byte of this.#query) sum += byte
    this.#multiplier = -Math.fround(this.#affine.scale * step)
    this.#bias = -Math.fround(this.#affine.offset * Math.fround(step * sum))
  }

  bindRow(row: number): void {
    this.#decode(this.#slab.row(row), this.#decoded)
    this.bind(this.#decoded)
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    const dimension = this.#decoded.length
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const chunk = chunks[row >>> CHUNK_SHIFT]!
      const sum = dotI8Packed(this.#query, chunk, (row & CHUNK_MASK) * bytesPerRow, dimension, 4)
      distances[i] = Math.fround(Math.fround(sum) * this.#multiplier) + this.#bias
    }
  }
}
