/*
 * Fields of 1, 2 or 4 bits, packed so that unpacking is a shift and a mask in any instruction set: field f of byte j
 * (from the lowest bits up) is component f · packedBytes + j. A query has its components in order, and zeros behind
 * them up to a whole number of parts; missing fields of a row are zero. The sums are the twins of the C++ kernels.
 */

/** Widths of a packed field. */
export type PackedBits = 1 | 2 | 4

/** Bytes that `dimension` packed fields take: a part of the components for each field of a byte. */
export function packedBytes(dimension: number, bits: PackedBits): number {
  return Math.ceil((dimension * bits) / 8)
}

/** Components of a query for packed rows: `dimension`, rounded up to whole parts. */
export function packedComponents(dimension: number, bits: PackedBits): number {
  return (packedBytes(dimension, bits) * 8) / bits
}

/**
 * Packs fields into a code.
 *
 * @param fields whole numbers below 2^bits: borrowed
 * @param code `packedBytes` bytes from `offset` on: overwritten
 */
export function packFields(
  fields: Uint8Array,
  dimension: number,
  bits: PackedBits,
  code: Uint8Array,
  offset: number,
): void {
  const part = packedBytes(dimension, bits)
  code.fill(0, offset, offset + part)
  for (let start = 0, shift = 0; start < dimension; start += part, shift += bits) {
    const end = Math.min(part, dimension - start)
    for (let j = 0; j < end; j++) code[offset + j]! |= fields[start + j]! << shift
  }
}

/** Unpacks the fields of a code: the reverse of `packFields`. */
export function unpackFields(
  code: Uint8Array,
  offset: number,
  dimension: number,
  bits: PackedBits,
  fields: Uint8Array,
): void {
  const part = packedBytes(dimension, bits)
  const mask = (1 << bits) - 1
  for (let start = 0, shift = 0; start < dimension; start += part, shift += bits) {
    const end = Math.min(part, dimension - start)
    for (let j = 0; j < end; j++) fields[start + j] = (code[offset + j]! >> shift) & mask
  }
}

/**
 * Σ q·u of signed bytes q and packed fields u.
 *
 * @param query `packedComponents` bytes: borrowed
 */
export function dotI8Packed(
  query: Int8Array,
  code: Uint8Array,
  offset: number,
  dimension: number,
  bits: PackedBits,
): number {
  const part = packedBytes(dimension, bits)
  if (bits === 4) return dotI8Nibbles(query, code, offset, part)
  const mask = (1 << bits) - 1
  let sum = 0
  for (let start = 0, shift = 0; shift < 8; start += part, shift += bits) {
    for (let j = 0; j < part; j++) sum += query[start + j]! * ((code[offset + j]! >> shift) & mask)
  }
  return sum
}

/** The usual width, written out; two sums, because each addition waits for the one before it. */
function dotI8Nibbles(query: Int8Array, code: Uint8Array, offset: number, part: number): number {
  let low = 0
  let high = 0
  for (let j = 0; j < part; j++) {
    const byte = code[offset + j]!
    low += query[j]! * (byte & 15)
    high += query[part + j]! * (byte >> 4)
  }
  return low + high
}

/**
 * Σ (q − 8u)² of numbers q from 0 to 127, on a grid eight times finer, and packed fields u of 4 bits.
 *
 * @param query `packedComponents` bytes: borrowed
 */
export function l2U7U4(query: Uint8Array, code: Uint8Array, offset: number, dimension: number): number {
  const part = packedBytes(dimension, 4)
  let low = 0
  let high = 0
  for (let j = 0; j < part; j++) {
    const byte = code[offset + j]!
    const first = query[j]! - ((byte & 15) << 3)
    const second = query[part + j]! - ((byte >> 4) << 3)
    low += first * first
    high += second * second
  }
  return low + high
}
