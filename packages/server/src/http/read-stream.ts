import { OmenError } from '@omen/core'
import { decodeMsgpack, readFrames, readLines, type StreamItem } from '@omen/wire'
import { parseJson } from './json-body.ts'

/** One document of a stream of many. */
export interface ReadItem {
  /** Its line, or its place among the frames, from 1 on. */
  readonly line: number
  readonly bytes: number
  /** What came. */
  readonly value?: unknown
  /** Or why it cannot be read; what comes behind it still can. */
  readonly error?: OmenError
}

/** How much of one document is read. */
interface Limits {
  readonly bodyBytes: number
  readonly bodyDepth: number
}

/**
 * Reads documents one after another, as lines of JSON or as frames of MessagePack; empty ones are left out.
 *
 * @throws OmenError `too_large`, `invalid_argument` for frames that are too long or cut short: where the next one begins is not
 * known then
 */
export async function* readDocuments(
  chunks: AsyncIterable<Uint8Array>,
  framed: boolean,
  { bodyBytes, bodyDepth }: Limits,
): AsyncGenerator<ReadItem, void, undefined> {
  const parse = framed
    ? (bytes: Uint8Array): unknown => decodeMsgpack(bytes, bodyDepth)
    : (bytes: Uint8Array): unknown => parseJson(bufferOf(bytes), bodyDepth)
  for await (const item of framed ? readFrames(chunks, bodyBytes) : readLines(chunks, bodyBytes)) {
    if (item.bytes === undefined) yield { line: item.line, bytes: 0, error: tooLong(bodyBytes) }
    else if (!item.bytes.every(isSpace)) yield readItem(item, item.bytes, parse)
  }
}

function readItem({ line }: StreamItem, bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): ReadItem {
  try {
    return { line, bytes: bytes.length, value: parse(bytes) }
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    return { line, bytes: bytes.length, error }
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function tooLong(bodyBytes: number): OmenError {
  return new OmenError('too_large', `one document has at most ${bodyBytes} bytes (limits.bodyBytes)`)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09
}
