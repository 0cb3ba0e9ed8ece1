import { OmenError } from './errors.ts'
import { checkShape, type Shape, type Vectors } from './metric.ts'
import type { Codec, Quantizer, Scorer } from './quantizer.ts'
import { rowBytes } from './row-bytes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, type Slab } from './slab.ts'

/** A floating-point format of 16 bits. */
export interface HalfFormat {
  readonly name: string
  readonly element: 'f16' | 'bf16'
  /**
   * Rounds a component to the format.
   *
   * @throws OmenError `out_of_range` when the format cannot hold it
   */
  fromF32(x: number): number
  toF32(half: number): number
}

/** The quantizer that stores components in a 16-bit format. */
export function halfQuantizer(format: HalfFormat): Quantizer {
  // Decoding by table: a lookup among 65,536 floats is several times faster than shifting bits in TypeScript.
  let table: Float32Array | undefined
  const values = (): Float32Array => {
    table ??= Float32Array.from({ length: 65_536 }, (_, half) => format.toF32(half))
    return table
  }
  return {
    name: format.name,
    train: (_sample, shape) => halfCodec(format, values(), shape),
    open: (parameters, shape) => {
      if (parameters.length !== 0) {
        throw new OmenError('corrupt_index', `${format.name} has no parameters, got ${parameters.length}`)
      }
      return halfCodec(format, values(), shape)
    },
  }
}

function halfCodec(format: HalfFormat, values: Float32Array, shape: Shape): Codec {
  checkShape(shape)
  const { dimension, metric } = shape
  if (metric === 'hamming') {
    throw new OmenError('unsupported', `${format.name} stores floats: it has no codes for hamming`)
  }
  return {
    quantizer: format.name,
    shape,
    bytesPerRow: rowBytes(dimension * 2),
    parameters: new Float32Array(0),
    encode(vector, code) {
      const halves = new Uint16Array(code.buffer, code.byteOffset, code.byteLength / 2)
      for (let i = 0; i < dimension; i++) halves[i] = format.fromF32(vector[i] as number)
      halves.fill(0, dimension)
    },
    decode(code, vector) {
      const halves = new Uint16Array(code.buffer, code.byteOffset, dimension)
      for (let i = 0; i < dimension; i++) vector[i] = values[halves[i] as number] as number
    },
    scorer: (slab) => new HalfScorer(slab, dimension, metric, format, values),
    native: { kind: 'scalar', element: format.element, scale: 1, offset: 0 },
  }
}

class HalfScorer implements Scorer {
  readonly #slab: Slab
  /** The slab's chunks as halves; follows the slab as it grows. */
  readonly #chunks: Uint16Array[] = []
  readonly #metric: 'l2' | 'dot' | 'cosine'
  readonly #format: HalfFormat
  readonly #values: Float32Array
  readonly #stride: number
  /** What the query's own code stands for. */
  readonly #query: Float32Array

  constructor(
    slab: Slab,
    dimension: number,
    metric: 'l2' | 'dot' | 'cosine',
    format: HalfFormat,
    values: Float32Array,
  ) {
    this.#slab = slab
    this.#metric = metric
    this.#format = format
    this.#values = values
    this.#stride = slab.bytesPerRow / 2
    this.#query = new Float32Array(dimension)
  }

  bind(query: Vectors): void {
    for (let i = 0; i < this.#query.length; i++) {
      this.#query[i] = this.#values[this.#format.fromF32(query[i] as number)] as number
    }
  }

  bindRow(row: number): void {
    this.#follow()
    const chunk = this.#chunks[row >>> CHUNK_SHIFT] as Uint16Array
    const start = (row & CHUNK_MASK) * this.#stride
    for (let i = 0; i < this.#query.length; i++) {
      this.#query[i] = this.#values[chunk[start + i] as number] as number
    }
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    this.#follow()
    const base = this.#metric === 'cosine' ? 1 : 0
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const chunk = this.#chunks[row >>> CHUNK_SHIFT] as Uint16Array
      const start = (row & CHUNK_MASK) * this.#stride
      distances[i] =
        this.#metric === 'l2'
          ? l2(this.#query, chunk, start, this.#values)
          : base - dot(this.#query, chunk, start, this.#values)
    }
  }

  #follow(): void {
    for (let i = this.#chunks.length; i < this.#slab.chunks.length; i++) {
      const chunk = this.#slab.chunks[i] as Uint8Array
      this.#chunks.push(new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2))
    }
  }
}

// Two sums at a time, because each addition waits for the one before it.

function l2(query: Float32Array, halves: Uint16Array, start: number, values: Float32Array): number {
  const dimension = query.length
  let even = 0
  let odd = 0
  let i = 0
  for (; i + 1 < dimension; i += 2) {
    const d0 = query[i]! - values[halves[start + i]!]!
    const d1 = query[i + 1]! - values[halves[start + i + 1]!]!
    even += d0 * d0
    odd += d1 * d1
  }
  if (i < dimension) even += (query[i]! - values[halves[start + i]!]!) ** 2
  return even + odd
}

function dot(query: Float32Array, halves: Uint16Array, start: number, values: Float32Array): number {
  const dimension = query.length
  let even = 0
  let odd = 0
  let i = 0
  for (; i + 1 < dimension; i += 2) {
    even += query[i]! * values[halves[start + i]!]!
    odd += query[i + 1]! * values[halves[start + i + 1]!]!
  }
  if (i < dimension) even += query[i]! * values[halves[start + i]!]!
  return even + odd
}
