import { dotI8Packed, dotI8U8, type PackedBits, packedBytes, packFields, unpackFields } from '@omen/core'

/** One layer of the codes: some bits of every component, packed as kernels read them. */
export interface Plane {
  readonly bits: PackedBits | 8
  /** Bits of the component below this plane: it weighs 2^shift. */
  readonly shift: number
  /** Where its bytes start in the code. */
  readonly start: number
}

/** Codes of 1 to 8 bits a component as planes of 8, 4, 2 and 1 bits, the highest first, each starting at a whole byte. */
export class Planes {
  readonly dimension: number
  readonly list: readonly Plane[]
  /** Bytes of all planes. */
  readonly bytes: number
  readonly #fields: Uint8Array

  constructor(bits: number, dimension: number) {
    const list: Plane[] = []
    let start = 0
    let rest = bits
    for (const width of [8, 4, 2, 1] as const) {
      if (rest < width) continue
      rest -= width
      list.push({ bits: width, shift: rest, start })
      start += width === 8 ? dimension : packedBytes(dimension, width)
    }
    this.dimension = dimension
    this.list = list
    this.bytes = start
    this.#fields = new Uint8Array(dimension)
  }

  /**
   * Writes the components' codes.
   *
   * @param code `bytes` bytes from `offset` on: overwritten
   */
  pack(values: Uint8Array, code: Uint8Array, offset: number): void {
    for (const { bits, shift, start } of this.list) {
      const mask = (1 << bits) - 1
      for (let i = 0; i < this.dimension; i++) this.#fields[i] = (values[i]! >> shift) & mask
      if (bits === 8) code.set(this.#fields, offset + start)
      else packFields(this.#fields, this.dimension, bits, code, offset + start)
    }
  }

  /** Reads the components' codes back into `values`. */
  unpack(code: Uint8Array, offset: number, values: Uint8Array): void {
    values.fill(0)
    for (const { bits, shift, start } of this.list) {
      if (bits === 8) this.#fields.set(code.subarray(offset + start, offset + start + this.dimension))
      else unpackFields(code, offset + start, this.dimension, bits, this.#fields)
      for (let i = 0; i < this.dimension; i++) values[i]! |= this.#fields[i]! << shift
    }
  }

  /**
   * Σ qu of signed bytes q and the codes u; each plane's sum is rounded to f32, as its kernel gives it.
   *
   * @param query a signed byte for each component, followed by at least seven zeros
   */
  dot(query: Int8Array, code: Uint8Array, offset: number): number {
    let sum = 0
    for (const { bits, shift, start } of this.list) {
      const part =
        bits === 8
          ? dotI8U8(query, 0, code, offset + start, this.dimension)
          : dotI8Packed(query, code, offset + start, this.dimension, bits)
      sum = Math.fround(sum + Math.fround(part) * (1 << shift))
    }
    return sum
  }
}
