import { Decoder, ExtensionCodec } from '@msgpack/msgpack'
import { OmenError } from '@omen/core'
import { checkMessagePack, VECTOR_EXTENSION } from './check-message-pack.ts'
import { MessagePackWriter } from './encode-message-pack.ts'
import { vectorOf } from './vector-bytes.ts'

const extensionCodec = new ExtensionCodec<undefined>()
extensionCodec.register({ type: VECTOR_EXTENSION, encode: () => null, decode: vectorOf })
const decoder = new Decoder({ extensionCodec })
const writer = new MessagePackWriter()

/**
 * A document as MessagePack: vectors as extension 1, dates as timestamps, undefined left out of objects.
 *
 * @returns memory of its own
 * @throws OmenError `invalid_argument` for what is neither plain data, nor a date, nor a vector
 */
export function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer> {
  return writer.write(value).slice()
}

/** As `encodeMsgpack`. @returns borrowed until the next document is encoded: for who sends it at once */
export function encodeMsgpackBriefly(value: unknown): Uint8Array<ArrayBuffer> {
  return writer.write(value)
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
