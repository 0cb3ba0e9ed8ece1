import { OmenError } from '@omen/core'
import { parseMsgpack } from './codec.ts'
import { parseJson } from './json-body.ts'

/** One document of a stream of many. */
export interface ReadItem {
  /** Its line, or its place in a stream of MessagePack, from 1 on. */
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

const NEWLINE = 0x0a
const LENGTH_BYTES = 4

/** Reads lines of JSON; empty ones are left out, and one that is too long is an error of its own. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  limits: Limits,
): AsyncGenerator<ReadItem, void, undefined> {
  let line = 1
  let begun: Buffer[] = []
  let begunBytes = 0
  const item = (end: Buffer): ReadItem | undefined => {
    const bytes = begunBytes + end.length
    if (bytes > limits.bodyBytes) return { line, bytes: 0, error: tooLong(limits.bodyBytes) }
    const text = begun.length > 0 ? Buffer.concat([...begun, end]) : end
    if (text.every(isSpace)) return undefined
    return readItem(line, bytes, () => parseJson(text, limits.bodyDepth))
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const read = item(chunk.subarray(from, end))
      if (read) yield read
      begun = []
      begunBytes = 0
      line++
      from = end + 1
    }
    begunBytes += chunk.length - from
    // What is too long anyway is not kept.
    if (begunBytes <= limits.bodyBytes) begun.push(chunk.subarray(from))
    else begun = []
  }
  const last = item(Buffer.alloc(0))
  if (last) yield last
}

/**
 * Reads documents of MessagePack, each behind its length.
 *
 * @throws OmenError `too_large` for a length that is too large, `invalid_argument` for a stream that ends within a document:
 * where the next one begins is not known then
 */
export async function* readFrames(
  chunks: AsyncIterable<Buffer>,
  limits: Limits,
): AsyncGenerator<ReadItem, void, undefined> {
  let place = 0
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let wanted = LENGTH_BYTES
  let inHead = true
  for await (const chunk of chunks) {
    waiting.push(chunk)
    waitingBytes += chunk.length
    if (waitingBytes < wanted) continue
    const bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting)
    let at = 0
    while (bytes.length - at >= wanted) {
      if (inHead) {
        wanted = bytes.readUInt32LE(at)
        at += LENGTH_BYTES
        if (wanted > limits.bodyBytes) throw tooLong(limits.bodyBytes)
        inHead = false
        continue
      }
      const frame = bytes.subarray(at, at + wanted)
      at += wanted
      wanted = LENGTH_BYTES
      inHead = true
      place++
      if (frame.length > 0) {
        yield readItem(place, frame.length, () => parseMsgpack(frame, limits.bodyDepth))
      }
    }
    waiting = [bytes.subarray(at)]
    waitingBytes = bytes.length - at
  }
  if (waitingBytes > 0 || !inHead) {
    throw new OmenError('invalid_argument', 'the stream ends in the middle of a document')
  }
}

function readItem(line: number, bytes: number, parse: () => unknown): ReadItem {
  try {
    return { line, bytes, value: parse() }
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    return { line, bytes, error }
  }
}

function tooLong(bodyBytes: number): OmenError {
  return new OmenError('too_large', `one document has at most ${bodyBytes} bytes (limits.bodyBytes)`)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09
}
