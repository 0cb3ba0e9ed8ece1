import {
  CHUNK_MASK,
  CHUNK_SHIFT,
  type Codec,
  type Metric,
  packedBytes,
  type Scorer,
  type Slab,
  type Vectors,
} from '@omen/core'
import { type Partition, squaresOfPart } from './pq-train.ts'

/*
 * A bound query is a table of what each centroid of each part adds to the distance. The arithmetic is that of the C++
 * twin, step by step in f32, so that both give the same distance to the bit.
 */

abstract class TableScorer implements Scorer {
  protected readonly slab: Slab
  protected readonly cut: Partition
  /** What all distances have in common: 1 − cos. */
  protected readonly base: number
  readonly #tables: Float32Array
  readonly #metric: Metric
  readonly #decode: Codec['decode']
  readonly #decoded: Float32Array

  constructor(slab: Slab, cut: Partition, tables: Float32Array, metric: Metric, decode: Codec['decode']) {
    this.slab = slab
    this.cut = cut
    this.base = metric === 'cosine' ? 1 : 0
    this.#tables = tables
    this.#metric = metric
    this.#decode = decode
    this.#decoded = new Float32Array(cut.dimension)
  }

  abstract bind(query: Vectors): void

  bindRow(row: number): void {
    this.#decode(this.slab.row(row), this.#decoded)
    this.bind(this.#decoded)
  }

  abstract score(rows: Uint32Array, count: number, distances: Float32Array): void

  /** Writes what each centroid of a part adds to the distance. */
  protected bindPart(query: Vectors, part: number, out: Float32Array): void {
    if (this.#metric === 'l2') {
      squaresOfPart(query, this.cut, part, this.#tables, out)
      return
    }
    const { starts, centroids } = this.cut
    out.fill(0)
    for (let i = starts[part]!; i < starts[part + 1]!; i++) {
      const q = query[i]!
      const start = i * centroids
      for (let c = 0; c < centroids; c++) out[c] = out[c]! - Math.fround(q * this.#tables[start + c]!)
    }
  }
}

/** Codes of 8 bits: sums of floats, four at a time because each addition waits for the one before it. */
export class ByteTableScorer extends TableScorer {
  readonly #table: Float32Array = new Float32Array(this.cut.parts * 256)

  bind(query: Vectors): void {
    for (let part = 0; part < this.cut.parts; part++) {
      this.bindPart(query, part, this.#table.subarray(part * 256, (part + 1) * 256))
    }
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.slab
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const sum = this.#sum(chunks[row >>> CHUNK_SHIFT]!, (row & CHUNK_MASK) * bytesPerRow)
      distances[i] = sum + this.base
    }
  }

  #sum(codes: Uint8Array, start: number): number {
    const table = this.#table
    const parts = this.cut.parts
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    let p = 0
    for (; p + 3 < parts; p += 4) {
      const at = p * 256
      s0 = Math.fround(s0 + table[at + codes[start + p]!]!)
      s1 = Math.fround(s1 + table[at + 256 + codes[start + p + 1]!]!)
      s2 = Math.fround(s2 + table[at + 512 + codes[start + p + 2]!]!)
      s3 = Math.fround(s3 + table[at + 768 + codes[start + p + 3]!]!)
    }
    for (; p < parts; p++) s0 = Math.fround(s0 + table[p * 256 + codes[start + p]!]!)
    return Math.fround(Math.fround(s0 + s1) + Math.fround(s2 + s3))
  }
}

const LEAST_WIDTH = Math.fround(1e-36)

/** Codes of 4 bits: tables of 16 bytes that fit a register, all with the step of the part whose entries differ most. */
export class NibbleTableScorer extends TableScorer {
  /** For each byte of a code the table of its lower half, then that of its upper half. */
  readonly #table: Uint8Array = new Uint8Array(32 * packedBytes(this.cut.parts, 4))
  readonly #floats: Float32Array = new Float32Array(this.cut.parts * 16)
  #step = 0
  #bias = 0

  bind(query: Vectors): void {
    const { parts } = this.cut
    const least = new Float32Array(parts)
    let widest = 0
    let sum = this.base
    for (let part = 0; part < parts; part++) {
      const entries = this.#floats.subarray(part * 16, (part + 1) * 16)
      this.bindPart(query, part, entries)
      let most = -Infinity
      least[part] = Infinity
      for (const entry of entries) {
        if (entry < least[part]!) least[part] = entry
        if (entry > most) most = entry
      }
      widest = Math.max(widest, Math.fround(most - least[part]!))
      sum += least[part]!
    }
    // Below, the inverse is beyond f32.
    const inverse = widest > LEAST_WIDTH ? Math.fround(255 / widest) : 0
    const bytes = this.#table.length / 32
    for (let part = 0; part < parts; part++) {
      const to = part < bytes ? 32 * part : 32 * (part - bytes) + 16
      for (let c = 0; c < 16; c++) {
        const above = Math.fround(this.#floats[part * 16 + c]! - least[part]!)
        const rounded = Math.floor(Math.fround(Math.fround(above * inverse) + 0.5))
        this.#table[to + c] = Math.min(255, rounded)
      }
    }
    this.#step = Math.fround(widest / 255)
    this.#bias = Math.fround(sum)
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.slab
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      const sum = this.#sum(chunks[row >>> CHUNK_SHIFT]!, (row & CHUNK_MASK) * bytesPerRow)
      distances[i] = Math.fround(Math.fround(sum) * this.#step) + this.#bias
    }
  }

  #sum(codes: Uint8Array, start: number): number {
    const table = this.#table
    const bytes = table.length / 32
    let low = 0
    let high = 0
    for (let j = 0; j < bytes; j++) {
      const byte = codes[start + j]!
      low += table[32 * j + (byte & 15)]!
      high += table[32 * j + 16 + (byte >> 4)]!
    }
    return low + high
  }
}
