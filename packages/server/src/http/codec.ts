import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack'
import { OmenError } from '@omen/core'

/** The extension type of vectors: little-endian f32. */
const VECTOR_EXTENSION = 1
const FLOAT_BYTES = 4

const extensions = new ExtensionCodec()
extensions.register({
  type: VECTOR_EXTENSION,
  encode: (value) =>
    value instanceof Float32Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
  decode: (bytes) => vectorOf(bytes),
})

const encoder = new Encoder({ extensionCodec: extensions, ignoreUndefined: true, maxDepth: 1000 })
const decoder = new Decoder({ extensionCodec: extensions })

/**
 * The vector in a body of nothing else.
 *
 * @returns a copy, so that it is aligned
 * @throws OmenError `invalid_argument` for what is no whole number of components
 */
export function vectorOf(bytes: Uint8Array): Float32Array {
  if (bytes.length % FLOAT_BYTES !== 0) {
    throw new OmenError('invalid_argument', `a vector of f32 has a multiple of 4 bytes, got ${bytes.length}`)
  }
  const vector = new Float32Array(bytes.length / FLOAT_BYTES)
  new Uint8Array(vector.buffer).set(bytes)
  return vector
}

/** @throws OmenError `invalid_argument` for what is no MessagePack or nested too deeply */
export function parseMsgpack(bytes: Uint8Array, maxDepth: number): unknown {
  try {
    const value = decoder.decode(bytes)
    checkDepth(value, maxDepth)
    return value
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('invalid_argument', `the body is no MessagePack that is accepted: ${why}`, { cause })
  }
}

function checkDepth(value: unknown, left: number): void {
  if (left < 0) throw new Error('it is nested too deeply')
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  for (const inner of Object.values(value)) if (typeof inner === 'object') checkDepth(inner, left - 1)
}

export function encodeMsgpack(value: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = encoder.encodeSharedRef(value)
  return Buffer.from(Buffer.from(buffer, byteOffset, byteLength))
}

/** JSON with vectors as arrays of numbers; dates say ISO 8601 by themselves. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Float32Array ? Array.from(inner) : inner,
  )
}
