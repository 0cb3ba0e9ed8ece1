import {
  type Codec,
  dotF32,
  type NativeCodec,
  packedBytes,
  packFields,
  type Scorer,
  type Shape,
  type Slab,
  unpackFields,
  type Vectors,
} from '@omen/core'
import { LineFit } from './lvq-encode.ts'
import { LvqScorer } from './lvq-scorer.ts'
import { packedRowBytes } from './row-bytes.ts'

/** Bytes behind a row's first codes: its scale, its lower bound and its constant, as f32. */
const FACTOR_BYTES = 12

/** Bytes in front of the codes of a row's residual: their scale, as f32. */
export const RESIDUAL_FACTOR_BYTES = 4

/** Half of the steps of a residual's code, which stands for a number of either sign. */
export const RESIDUAL_CENTRE = 127.5

/** What distinguishes the codecs of this family. */
export interface LvqForm {
  readonly quantizer: string
  readonly bits: 4 | 8
  /** Whether the rows have codes of 8 bits for what the first ones leave. */
  readonly residual: boolean
  /** Whether a codec reads no more of a row than the first codes, even where there are others. */
  readonly coarse: boolean
}

/**
 * A row is its codes (of 4 bits: packed), its factors and, if it has one, the residual's scale and codes. The codes lie in
 * front, where a wide load of them stays inside a cache line that the row begins. The arithmetic is
 * that of the C++ twin: sums in double precision in the order of `dotF32`, all else in f32 where not said otherwise.
 */
export class LvqCodec implements Codec {
  readonly quantizer: string
  readonly shape: Shape
  readonly bytesPerRow: number
  /** The mean. */
  readonly parameters: Float32Array
  readonly native: NativeCodec
  readonly form: LvqForm
  /** Bytes of the first codes: where the factors start. */
  readonly factorsAt: number
  /** Bytes of both: where the residual starts. */
  readonly firstBytes: number
  readonly #fit: LineFit
  readonly #difference: Float32Array
  readonly #decoded: Float32Array
  readonly #fields: Uint8Array

  constructor(form: LvqForm, mean: Float32Array, shape: Shape) {
    const { dimension } = shape
    const { bits, residual, coarse } = form
    this.quantizer = form.quantizer
    this.shape = shape
    this.form = form
    this.parameters = mean
    this.factorsAt = Math.ceil((bits === 4 ? packedBytes(dimension, 4) : dimension) / 4) * 4
    this.firstBytes = this.factorsAt + FACTOR_BYTES
    this.bytesPerRow = packedRowBytes(this.firstBytes + (residual ? RESIDUAL_FACTOR_BYTES + dimension : 0))
    this.native = { kind: 'lvq', bits, residual, coarse, mean }
    this.#fit = new LineFit(bits, dimension)
    this.#difference = new Float32Array(dimension)
    this.#decoded = new Float32Array(dimension)
    this.#fields = new Uint8Array(dimension)
  }

  /** The same rows by their first codes alone; undefined where there are no others. */
  get coarse(): Codec | undefined {
    if (!this.form.residual || this.form.coarse) return undefined
    return new LvqCodec({ ...this.form, coarse: true }, this.parameters, this.shape)
  }

  encode(vector: Vectors, code: Uint8Array): void {
    const { dimension, metric } = this.shape
    const x = vector as Float32Array
    const squared = this.differenceOf(x, this.#difference)
    const factors = new Float32Array(code.buffer, code.byteOffset + this.factorsAt, FACTOR_BYTES / 4)
    code.fill(0)
    this.#fit.fit(this.#difference, squared)
    factors[0] = this.#fit.scale
    factors[1] = this.#fit.lower
    factors[2] = metric === 'l2' ? squared : -dotF32(this.parameters, 0, x, 0, dimension)
    if (this.form.bits === 4) packFields(this.#fit.codes, dimension, 4, code, 0)
    else code.set(this.#fit.codes)
    if (this.form.residual) this.#encodeResidual(code)
  }

  #encodeResidual(code: Uint8Array): void {
    this.#decodeFirst(code, this.#decoded)
    let largest = 0
    for (let i = 0; i < this.#decoded.length; i++) {
      this.#decoded[i] = this.#difference[i]! - this.#decoded[i]!
      largest = Math.max(largest, Math.abs(this.#decoded[i]!))
    }
    const scale = Math.fround(largest / RESIDUAL_CENTRE)
    new Float32Array(code.buffer, code.byteOffset + this.firstBytes, 1)[0] = scale
    const inverse = scale > 0 ? 1 / scale : 0
    const start = this.firstBytes + RESIDUAL_FACTOR_BYTES
    for (let i = 0; i < this.#decoded.length; i++) {
      // In double precision; storing truncates, which for a positive number is the floor.
      const fine = this.#decoded[i]! * inverse + (RESIDUAL_CENTRE + 0.5)
      code[start + i] = Math.min(255, Math.max(0, fine))
    }
  }

  decode(code: Uint8Array, vector: Vectors): void {
    this.decodeDifference(code, this.#decoded)
    for (let i = 0; i < this.#decoded.length; i++) vector[i] = this.#decoded[i]! + this.parameters[i]!
  }

  scorer(slab: Slab): Scorer {
    return new LvqScorer(slab, this)
  }

  /** Writes a vector's difference from the mean, and gives its squared length. */
  differenceOf(vector: Float32Array, difference: Float32Array): number {
    for (let i = 0; i < difference.length; i++) difference[i] = vector[i]! - this.parameters[i]!
    return dotF32(difference, 0, difference, 0, difference.length)
  }

  /** Writes the difference from the mean that a code stands for, by as much of it as this codec reads. */
  decodeDifference(code: Uint8Array, difference: Float32Array): void {
    this.#decodeFirst(code, difference)
    if (!this.form.residual || this.form.coarse) return
    const [scale = 0] = new Float32Array(code.buffer, code.byteOffset + this.firstBytes, 1)
    const start = this.firstBytes + RESIDUAL_FACTOR_BYTES
    for (let i = 0; i < difference.length; i++) {
      difference[i] = difference[i]! + Math.fround(scale * (code[start + i]! - RESIDUAL_CENTRE))
    }
  }

  #decodeFirst(code: Uint8Array, difference: Float32Array): void {
    const { dimension } = this.shape
    const [scale = 0, lower = 0] = new Float32Array(code.buffer, code.byteOffset + this.factorsAt, 2)
    const fields = this.#fields
    if (this.form.bits === 4) unpackFields(code, 0, dimension, 4, fields)
    else fields.set(code.subarray(0, dimension))
    for (let i = 0; i < dimension; i++) difference[i] = Math.fround(scale * fields[i]!) + lower
  }
}
