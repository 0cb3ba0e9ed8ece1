import {
  CHUNK_MASK,
  CHUNK_SHIFT,
  type Codec,
  dotI8U8,
  l2U8,
  type Scorer,
  type Slab,
  type Vectors,
} from '@omen/core'
import type { Affine } from './affine-train.ts'
import { roundToBytes } from './round-to-bytes.ts'

/*
 * The arithmetic is that of the C++ twin, step by step in f32, so that both give the same distance to the bit: the sum of
 * integers is exact, is rounded to f32, and is then multiplied in f32.
 */

/** l2 and cosine: multiplier · Σ (a − b)² of the query's code and the row's. */
export class Sq8L2Scorer implements Scorer {
  readonly #slab: Slab
  readonly #dimension: number
  readonly #multiplier: number
  readonly #encode: Codec['encode']
  readonly #own: Uint8Array
  #query: Uint8Array
  #queryOffset = 0

  constructor(slab: Slab, dimension: number, multiplier: number, encode: Codec['encode']) {
    this.#slab = slab
    this.#dimension = dimension
    this.#multiplier = multiplier
    this.#encode = encode
    this.#own = new Uint8Array(slab.bytesPerRow)
    this.#query = this.#own
  }

  bind(query: Vectors): void {
    this.#encode(query, this.#own)
    this.#query = this.#own
    this.#queryOffset = 0
  }

  bindRow(row: number): void {
    this.#query = this.#slab.chunks[row >>> CHUNK_SHIFT] as Uint8Array
    this.#queryOffset = (row & CHUNK_MASK) * this.#slab.bytesPerRow
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    const dimension = this.#dimension
    const multiplier = this.#multiplier
    const query = this.#query
    const queryOffset = this.#queryOffset
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const chunk = chunks[row >>> CHUNK_SHIFT] as Uint8Array
      const sum = l2U8(query, queryOffset, chunk, (row & CHUNK_MASK) * bytesPerRow, dimension)
      // A product of two f32 is exact here, and storing it rounds once: as a product in f32 does.
      distances[i] = Math.fround(sum) * multiplier
    }
  }
}

/**
 * dot: with x = scale · e + offset and the query rounded to q ≈ t · b, −Σ qx = −scale · t · Σ be − offset · Σ q.
 *
 * b is signed, 127 at most, with t = max |q| / 127; Σ q is of the query itself, which loses nothing.
 */
export class Sq8DotScorer implements Scorer {
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
    this.#query = new Int8Array(dimension)
    this.#decoded = new Float32Array(dimension)
  }

  bind(query: Vectors): void {
    const step = roundToBytes(query as Float32Array, this.#query)
    let sum = 0
    for (const x of query) sum += x
    this.#multiplier = -Math.fround(this.#affine.scale * step)
    this.#bias = -Math.fround(this.#affine.offset * sum)
  }

  bindRow(row: number): void {
    this.#decode(this.#slab.row(row), this.#decoded)
    this.bind(this.#decoded)
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    const multiplier = this.#multiplier
    const bias = this.#bias
    const query = this.#query
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const chunk = chunks[row >>> CHUNK_SHIFT] as Uint8Array
      const sum = dotI8U8(query, 0, chunk, (row & CHUNK_MASK) * bytesPerRow, query.length)
      distances[i] = Math.fround(Math.fround(sum) * multiplier) + bias
    }
  }
}
