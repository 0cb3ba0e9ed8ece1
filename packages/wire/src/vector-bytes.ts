import { OmenError } from '@omen/core'

const FLOAT_BYTES = 4
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * The components of a vector as little-endian f32.
 *
 * @returns the vector's own memory where that is how this machine has it: borrowed
 */
export function bytesOfVector(vector: Float32Array): Uint8Array {
  if (LITTLE_ENDIAN) return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  const bytes = new DataView(new ArrayBuffer(vector.byteLength))
  for (const [i, x] of vector.entries()) bytes.setFloat32(i * FLOAT_BYTES, x, true)
  return new Uint8Array(bytes.buffer)
}

/**
 * The vector that little-endian f32 say.
 *
 * @returns a copy, so that it is aligned and keeps nothing else alive
 * @throws OmenError `invalid_argument` for what is no whole number of components
 */
export function vectorOf(bytes: Uint8Array): Float32Array {
  if (bytes.length % FLOAT_BYTES !== 0) {
    throw new OmenError('invalid_argument', `a vector of f32 has a multiple of 4 bytes, got ${bytes.length}`)
  }
  const vector = new Float32Array(bytes.length / FLOAT_BYTES)
  if (LITTLE_ENDIAN) {
    new Uint8Array(vector.buffer).set(bytes)
    return vector
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(i * FLOAT_BYTES, true)
  return vector
}

/** As `vectorOf`. @returns the memory of the bytes where that is aligned and as this machine has vectors: borrowed */
export function borrowedVectorOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes
  if (!LITTLE_ENDIAN || byteOffset % FLOAT_BYTES !== 0 || length % FLOAT_BYTES !== 0) return vectorOf(bytes)
  return new Float32Array(buffer, byteOffset, length / FLOAT_BYTES)
}
