import { OmenError } from './errors.ts'
import { dotF32, hammingBits, l2F32 } from './kernels.ts'
import { checkShape, type Shape, type Vectors } from './metric.ts'
import type { Codec, Quantizer, Scorer } from './quantizer.ts'
import { CHUNK_MASK, CHUNK_SHIFT, type Slab } from './slab.ts'

const NAME = 'none/1'

/**
 * Keeps vectors as they are: exact, at 4 bytes a component, or 1 bit for `hamming`.
 *
 * A row takes dimension · 4 bytes, rounded up to a multiple of 16 (bits: dimension / 8, up to a multiple of 4); the
 * padding is zero. The error is zero.
 */
export function none(): Quantizer {
  return {
    name: NAME,
    train: (_sample, shape) => codecFor(shape),
    open: (parameters, shape) => {
      if (parameters.length !== 0) {
        throw new OmenError('corrupt_index', `${NAME} has no parameters, got ${parameters.length}`)
      }
      return codecFor(shape)
    },
  }
}

function codecFor(shape: Shape): Codec {
  checkShape(shape)
  return shape.metric === 'hamming' ? bitsCodec(shape) : floatsCodec(shape, shape.metric)
}

function floatsCodec(shape: Shape, metric: 'l2' | 'dot' | 'cosine'): Codec {
  const { dimension } = shape
  const bytesPerRow = roundUp(dimension * 4, 16)
  return {
    quantizer: NAME,
    shape,
    bytesPerRow,
    parameters: new Float32Array(0),
    encode(vector, code) {
      code.set(new Uint8Array(vector.buffer, vector.byteOffset, dimension * 4))
      code.fill(0, dimension * 4)
    },
    decode(code, vector) {
      new Uint8Array(vector.buffer, vector.byteOffset, dimension * 4).set(code.subarray(0, dimension * 4))
    },
    scorer: (slab) =>
      new FloatScorer(
        slab,
        dimension,
        metric === 'l2' ? l2F32 : dotF32,
        metric === 'cosine' ? 1 : 0,
        metric === 'l2' ? 1 : -1,
      ),
    native: { kind: 'scalar', element: 'f32', scale: 1, offset: 0 },
  }
}

function bitsCodec(shape: Shape): Codec {
  const bytes = shape.dimension / 8
  return {
    quantizer: NAME,
    shape,
    bytesPerRow: roundUp(bytes, 4),
    parameters: new Float32Array(0),
    encode(vector, code) {
      code.set(vector)
      code.fill(0, bytes)
    },
    decode(code, vector) {
      vector.set(code.subarray(0, bytes))
    },
    scorer: (slab) => new BitScorer(slab, bytes),
    native: { kind: 'scalar', element: 'bits', scale: 1, offset: 0 },
  }
}

/** Scores rows of floats: the distance is base + sign · kernel. */
export class FloatScorer implements Scorer {
  readonly #slab: Slab
  /** The slab's chunks as floats; follows the slab as it grows. */
  readonly #chunks: Float32Array[] = []
  readonly #dimension: number
  readonly #stride: number
  readonly #kernel: typeof dotF32
  readonly #base: number
  readonly #sign: number
  #query: Float32Array = new Float32Array(0)
  #queryOffset = 0

  constructor(slab: Slab, dimension: number, kernel: typeof dotF32, base: number, sign: number) {
    this.#slab = slab
    this.#dimension = dimension
    this.#stride = slab.bytesPerRow / 4
    this.#kernel = kernel
    this.#base = base
    this.#sign = sign
  }

  bind(query: Vectors): void {
    this.#query = query as Float32Array
    this.#queryOffset = 0
  }

  bindRow(row: number): void {
    this.#follow()
    this.#query = this.#chunks[row >>> CHUNK_SHIFT] as Float32Array
    this.#queryOffset = (row & CHUNK_MASK) * this.#stride
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    this.#follow()
    const chunks = this.#chunks
    const kernel = this.#kernel
    const base = this.#base
    const sign = this.#sign
    const stride = this.#stride
    const dimension = this.#dimension
    const query = this.#query
    const queryOffset = this.#queryOffset
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const chunk = chunks[row >>> CHUNK_SHIFT] as Float32Array
      distances[i] = base + sign * kernel(query, queryOffset, chunk, (row & CHUNK_MASK) * stride, dimension)
    }
  }

  #follow(): void {
    for (let i = this.#chunks.length; i < this.#slab.chunks.length; i++) {
      const chunk = this.#slab.chunks[i] as Uint8Array
      this.#chunks.push(new Float32Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 4))
    }
  }
}

class BitScorer implements Scorer {
  readonly #slab: Slab
  readonly #bytes: number
  #query: Uint8Array = new Uint8Array(0)
  #queryOffset = 0

  constructor(slab: Slab, bytes: number) {
    this.#slab = slab
    this.#bytes = bytes
  }

  bind(query: Vectors): void {
    this.#query = query as Uint8Array
    this.#queryOffset = 0
  }

  bindRow(row: number): void {
    this.#query = this.#slab.chunks[row >>> CHUNK_SHIFT] as Uint8Array
    this.#queryOffset = (row & CHUNK_MASK) * this.#slab.bytesPerRow
  }

  score(rows: Uint32Array, count: number, distances: Float32Array): void {
    const { chunks, bytesPerRow } = this.#slab
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const chunk = chunks[row >>> CHUNK_SHIFT] as Uint8Array
      const offset = (row & CHUNK_MASK) * bytesPerRow
      distances[i] = hammingBits(this.#query, this.#queryOffset, chunk, offset, this.#bytes)
    }
  }
}

/** The smallest multiple of `unit` that is not below `value`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
