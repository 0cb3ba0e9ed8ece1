import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack'
import { OmenError } from '@omen/core'
import { describe, isPlainObject } from '@omen/schema/check'
import { checkMessagePack, VECTOR_EXTENSION } from './check-message-pack.ts'
import { bytesOfVector, vectorOf } from './vector-bytes.ts'

const MAX_ENCODED_DEPTH = 200

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
 * A document as MessagePack: vectors as extension 1, dates as timestamps, undefined left out of objects.
 *
 * @returns memory of its own
 * @throws OmenError `invalid_argument` for what is neither plain data, nor a date, nor a vector
 */
export function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeMsgpackBriefly(value).slice()
}

/** As `encodeMsgpack`. @returns borrowed until the next document is encoded: for who sends it at once */
export function encodeMsgpackBriefly(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    return encoder.encodeSharedRef(value)
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
