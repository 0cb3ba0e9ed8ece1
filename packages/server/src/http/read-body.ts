import type { IncomingMessage } from 'node:http'
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

/**
 * Reads the whole body of a request. A client that goes away meanwhile is not told of here: nobody waits for its body any more.
 *
 * @param mostBytes what comes behind them is not kept
 * @param read called once, with memory that is its own, or with `too_large`
 */
export function readBody(
  request: IncomingMessage,
  mostBytes: number,
  read: (body: Buffer | HttpError) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    if (bytes > mostBytes) return
    bytes += chunk.length
    if (bytes > mostBytes) {
      read(new HttpError('too_large', 'the body is larger than limits.bodyBytes of the server'))
    } else chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes <= mostBytes) read(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
  })
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
