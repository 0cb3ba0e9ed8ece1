import { IncomingMessage } from 'node:http'
import { decodeMsgpack, JSON_TYPE, MSGPACK_TYPE, mediaTypeOf, VECTOR_TYPE } from '@omen/wire'
import type { FastifyRequest } from 'fastify'
import type { LimitsConfig } from '../config/config.ts'
import { HttpError } from './errors.ts'
import { parseJson } from './json-body.ts'

/**
 * How many bytes the body of a request may take.
 *
 * @throws OmenError `invalid_argument`
 */
export function announcedBytes(request: FastifyRequest, { bodyBytes }: LimitsConfig): number {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (length !== undefined) {
    if (/^\d+$/.test(length)) return Number(length)
    throw new HttpError('invalid_argument', 'Content-Length is no number')
  }
  return encoding === undefined ? 0 : bodyBytes
}

type Read = (body: Buffer | HttpError) => void

/**
 * Reads the whole body of a request. A client that goes away meanwhile is not told of here: nobody waits for its body any more.
 *
 * @param mostBytes what comes behind them is not kept
 * @param read called once, with memory that is its own, or with `too_large`
 */
export function readBody(request: IncomingMessage, mostBytes: number, read: Read): void {
  const body = new Body(mostBytes, read)
  if (request instanceof DirectMessage && request.giveTo(body)) return
  request.on('data', (chunk: Buffer) => body.add(chunk))
  request.on('end', () => body.end())
}

/**
 * A request that can give its body away as it leaves the parser. As a stream it would take 7 µs of the event loop for a body of
 * one piece.
 */
export class DirectMessage extends IncomingMessage {
  #body: Body | undefined

  /** @returns whether it does: not where some of it has come already */
  giveTo(body: Body): boolean {
    if (this.complete || this.readableLength > 0) return false
    this.#body = body
    return true
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const body = this.#body
    if (!body) return super.push(chunk, encoding)
    if (chunk) {
      body.add(chunk)
      return true
    }
    // The stream comes to its end, without anything in it.
    this.#body = undefined
    super.push(null)
    this.resume()
    body.end()
    return false
  }
}

/** A body as it comes. */
class Body {
  readonly #mostBytes: number
  readonly #read: Read
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(mostBytes: number, read: Read) {
    this.#mostBytes = mostBytes
    this.#read = read
  }

  add(chunk: Buffer): void {
    if (this.#bytes > this.#mostBytes) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#mostBytes) {
      this.#read(new HttpError('too_large', 'the body is larger than limits.bodyBytes of the server'))
    } else this.#chunks.push(chunk)
  }

  end(): void {
    if (this.#bytes > this.#mostBytes) return
    const [first] = this.#chunks
    this.#read(first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks))
  }
}

/**
 * What a body says, by the media type that its request names; a vector stays the bytes that it is.
 *
 * @returns undefined for an empty body, which is none
 * @throws OmenError `invalid_argument`, `unsupported`
 */
export function parseBody(request: FastifyRequest, bytes: Buffer, { bodyDepth }: LimitsConfig): unknown {
  const type = mediaTypeOf(request.headers['content-type'])
  if (type === VECTOR_TYPE) return bytes
  if (bytes.length === 0) return undefined
  switch (type) {
    case JSON_TYPE:
      return parseJson(bytes, bodyDepth)
    case MSGPACK_TYPE:
      return decodeMsgpack(bytes, bodyDepth)
    default:
      throw new HttpError('unsupported', 'there is no way to read a body of this media type', {
        status: 415,
      })
  }
}
