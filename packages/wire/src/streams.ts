import { OmenError } from '@omen/core'

const NEWLINE = 0x0a
const LENGTH_BYTES = 4

/** One document of a stream. */
export interface StreamItem {
  /** Its line, or its place among the frames, from 1 on. */
  readonly line: number
  /** Borrowed until the next one is asked for; empty for a heartbeat; undefined for one that is too long: its bytes are left out. */
  readonly bytes: Uint8Array | undefined
}

/** Puts a document of MessagePack behind its length; nothing, which is a heartbeat, is a length of 0. */
export function frameOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length)
  new DataView(frame.buffer).setUint32(0, bytes.length, true)
  frame.set(bytes, LENGTH_BYTES)
  return frame
}

/**
 * Splits a stream at its newlines. The last line need not have one.
 *
 * @param maxBytes of one line
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamItem, void, undefined> {
  let line = 1
  let begun: Uint8Array[] = []
  let begunBytes = 0
  const item = (end: Uint8Array): StreamItem => {
    const tooLong = begunBytes + end.length > maxBytes
    return { line, bytes: tooLong ? undefined : begun.length === 0 ? end : joined([...begun, end]) }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield item(chunk.subarray(from, end))
      begun = []
      begunBytes = 0
      line++
      from = end + 1
    }
    begunBytes += chunk.length - from
    // What is too long anyway is not kept.
    if (begunBytes > maxBytes) begun = []
    else if (from < chunk.length) begun.push(chunk.subarray(from))
  }
  if (begunBytes > 0) yield item(new Uint8Array())
}

/**
 * Splits a stream of documents that stand behind their lengths.
 *
 * @param maxBytes of one document
 * @throws OmenError `too_large` for a length beyond it, before any memory is taken; `invalid_argument` for a stream that ends
 * within a document
 */
export async function* readFrames(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamItem, void, undefined> {
  let line = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  /** Bytes of the document that comes; undefined while its length is still to come. */
  let length: number | undefined
  for await (const chunk of chunks) {
    waiting.push(chunk)
    waitingBytes += chunk.length
    if (waitingBytes < (length ?? LENGTH_BYTES)) continue
    const bytes = joined(waiting)
    let at = 0
    while (bytes.length - at >= (length ?? LENGTH_BYTES)) {
      if (length === undefined) {
        length = checkLength(new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true), maxBytes)
        at += LENGTH_BYTES
      } else {
        const document = bytes.subarray(at, at + length)
        at += length
        length = undefined
        yield { line: ++line, bytes: document }
      }
    }
    waiting = at < bytes.length ? [bytes.subarray(at)] : []
    waitingBytes = bytes.length - at
  }
  if (waitingBytes > 0 || length !== undefined) {
    throw new OmenError('invalid_argument', 'the stream ends within a document')
  }
}

function checkLength(length: number, maxBytes: number): number {
  if (length <= maxBytes) return length
  throw new OmenError('too_large', `a document of a stream has at most ${maxBytes} bytes, got ${length}`)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  if (only && chunks.length === 1) return only
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
