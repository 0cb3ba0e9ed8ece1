import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack'
import { OmenError } from '@omen/core'
import { describe, isPlainObject } from '@omen/schema/check'
import { checkMessagePack, VECTOR_EXTENSION } from './check-message-pack.ts'

const FLOAT_BYTES = 4
const MAX_ENCODED_DEPTH = 200
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Knows vectors and dates, and lets no other object pass as something that it is not. */
class Extensions extends ExtensionCodec<undefined> {
  override tryToEncode(value: unknown, context: undefined): ReturnType<ExtensionCodec['tryToEncode']> {
    if (Array.isArray(value) || isPlainObject(value)) return null
    if (value instanceof Float32Array || (value instanceof Date && !Number.isNaN(value.getTime()))) {
      return super.tryToEncode(value, context)
    }
    throw unsendable(value)
  }
}

const extensions = new Extensions()
extensions.register({
  type: VECTOR_EXTENSION,
  encode: (value) => (value instanceof Float32Array ? bytesOfVector(value) : null),
  decode: vectorOf,
})

const encoder = new Encoder({
  extensionCodec: extensions,
  ignoreUndefined: true,
  maxDepth: MAX_ENCODED_DEPTH,
})
const decoder = new Decoder({ extensionCodec: extensions })

/** The error for a value that no body can hold. */
export function unsendable(value: unknown): OmenError {
  return new OmenError(
    'invalid_argument',
    `expected plain data, a Date or a Float32Array, got ${describe(value)}`,
  )
}

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

/**
 * A document as MessagePack: vectors as extension 1, dates as timestamps, undefined left out of objects.
 *
 * @returns memory of its own
 * @throws OmenError `invalid_argument` for what is neither plain data, nor a date, nor a vector
 */
export function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    return encoder.encode(value)
  } catch (cause) {
    if (cause instanceof OmenError) throw cause
    throw new OmenError('invalid_argument', `it cannot be sent: ${String(cause)}`, { cause })
  }
}

/**
 * Reads a document of MessagePack. Vectors and dates are copies; nothing of the bytes is kept.
 *
 * @param maxDepth arrays and maps that may stand in each other
 * @throws OmenError `invalid_argument` for what is no MessagePack, nested too deeply, says more elements than it has, or names
 * a key that reaches prototypes
 */
export function decodeMsgpack(bytes: Uint8Array, maxDepth: number): unknown {
  checkMessagePack(bytes, maxDepth)
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('invalid_argument', `this is no MessagePack that is accepted: ${why}`, { cause })
  }
}
