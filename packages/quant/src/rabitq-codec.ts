import {
  type Codec,
  dotF32,
  type NativeCodec,
  roundUp,
  rowBytes,
  type Scorer,
  type Shape,
  type Slab,
  type Vectors,
} from '@omen/core'
import { GridEncoder } from './rabitq-encode.ts'
import { Planes } from './rabitq-planes.ts'
import { Rotation } from './rabitq-rotation.ts'
import { FACTOR_BYTES, RabitqScorer } from './rabitq-scorer.ts'

/** Below this squared length a difference counts as none: it has no direction that f32 could hold. */
const LEAST_SQUARED = 1e-60

/**
 * The trained codec: a row is the planes of the codes, and behind them, at a multiple of 4 bytes, its scale, its constant
 * and its error (see `RabitqScorer`), as f32. The codes come first so that wide loads of them stay within the row's cache
 * line. The arithmetic is that of the C++ twin: sums in double precision in the order of `dotF32`, all else in f32.
 */
export class RabitqCodec implements Codec {
  readonly quantizer: string
  readonly shape: Shape
  readonly bytesPerRow: number
  /** The mean. */
  readonly parameters: Float32Array
  readonly native: NativeCodec
  readonly bits: number
  readonly planes: Planes
  /** Where a row's factors start. */
  readonly factorsAt: number
  readonly rotatedMean: Float32Array
  readonly #rotation: Rotation
  readonly #encoder: GridEncoder
  // Working memory for one vector.
  readonly #rotated: Float32Array
  readonly #grid: Float32Array
  readonly #codes: Uint8Array

  constructor(quantizer: string, bits: number, mean: Float32Array, shape: Shape) {
    const { dimension } = shape
    this.quantizer = quantizer
    this.shape = shape
    this.bits = bits
    this.parameters = mean
    this.planes = new Planes(bits, dimension)
    this.factorsAt = roundUp(this.planes.bytes, 4)
    this.bytesPerRow = rowBytes(this.factorsAt + FACTOR_BYTES)
    this.native = { kind: 'rabitq', bits, mean }
    this.#rotation = new Rotation(dimension)
    this.rotatedMean = mean.slice()
    this.#rotation.apply(this.rotatedMean)
    this.#encoder = new GridEncoder(bits, dimension)
    this.#rotated = new Float32Array(dimension)
    this.#grid = new Float32Array(dimension)
    this.#codes = new Uint8Array(dimension)
  }

  encode(vector: Vectors, code: Uint8Array): void {
    const { dimension, metric } = this.shape
    const x = vector as Float32Array
    const squared = this.rotateDifference(x, this.#rotated)
    const factors = new Float32Array(code.buffer, code.byteOffset + this.factorsAt, FACTOR_BYTES / 4)
    code.fill(0)
    factors[1] = metric === 'l2' ? squared : -dotF32(this.parameters, 0, x, 0, dimension)
    if (squared < LEAST_SQUARED) return
    this.#encoder.encode(this.#rotated)
    this.planes.pack(this.#encoder.codes, code, 0)
    this.#placeOnGrid(this.#encoder.codes)
    const scale = squared / dotF32(this.#rotated, 0, this.#grid, 0, dimension)
    const length = dotF32(this.#grid, 0, this.#grid, 0, dimension)
    factors[0] = scale
    // What the decoded difference is off by is at a right angle to the difference itself.
    const off = Math.max(0, scale * scale * length - squared)
    factors[2] = Math.sqrt(off / Math.max(1, dimension - 1))
  }

  decode(code: Uint8Array, vector: Vectors): void {
    this.decodeRotated(code, this.#rotated)
    this.#rotation.undo(this.#rotated)
    for (let i = 0; i < this.#rotated.length; i++) vector[i] = this.#rotated[i]! + this.parameters[i]!
  }

  scorer(slab: Slab): Scorer {
    return new RabitqScorer(slab, this)
  }

  /** Writes a vector's difference from the mean, rotated, and gives its squared length. */
  rotateDifference(vector: Float32Array, rotated: Float32Array): number {
    for (let i = 0; i < rotated.length; i++) rotated[i] = vector[i]! - this.parameters[i]!
    const squared = dotF32(rotated, 0, rotated, 0, rotated.length)
    this.#rotation.apply(rotated)
    return squared
  }

  /** Writes the difference from the mean that a code stands for, rotated. */
  decodeRotated(code: Uint8Array, rotated: Float32Array): void {
    const [scale = 0] = new Float32Array(code.buffer, code.byteOffset + this.factorsAt, 1)
    this.planes.unpack(code, 0, this.#codes)
    this.#placeOnGrid(this.#codes)
    for (let i = 0; i < rotated.length; i++) rotated[i] = scale * this.#grid[i]!
  }

  #placeOnGrid(codes: Uint8Array): void {
    const top = 2 ** this.bits - 1
    for (let i = 0; i < codes.length; i++) this.#grid[i] = 2 * codes[i]! - top
  }
}
