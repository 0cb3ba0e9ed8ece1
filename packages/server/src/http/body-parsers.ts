import {
  decodeMsgpack,
  JSON_TYPE,
  MSGPACK_STREAM_TYPE,
  MSGPACK_TYPE,
  NDJSON_TYPE,
  VECTOR_TYPE,
} from '@omen/wire'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LimitsConfig } from '../config/config.ts'
import { HttpError } from './errors.ts'
import { parseJson } from './json-body.ts'

type Parse = (bytes: Buffer) => unknown

/** Reads bodies, and nothing but those of the media types that there are. */
export function addBodyParsers(app: FastifyInstance, { bodyBytes, bodyDepth }: LimitsConfig): void {
  app.removeAllContentTypeParsers()
  const whole: Readonly<Record<string, Parse>> = {
    [JSON_TYPE]: (bytes) => parseJson(bytes, bodyDepth),
    [MSGPACK_TYPE]: (bytes) => decodeMsgpack(bytes, bodyDepth),
    [VECTOR_TYPE]: (bytes) => bytes,
  }
  for (const [type, parse] of Object.entries(whole)) {
    app.addContentTypeParser(
      type,
      { parseAs: 'buffer', bodyLimit: bodyBytes },
      (request: FastifyRequest, bytes: Buffer, done) => {
        try {
          if (request.headers['idempotency-key'] !== undefined) request.bodyBytes = bytes
          // An empty body is none.
          done(null, bytes.length === 0 && type !== VECTOR_TYPE ? undefined : parse(bytes))
        } catch (error) {
          done(error as Error)
        }
      },
    )
  }
  for (const type of [NDJSON_TYPE, MSGPACK_STREAM_TYPE]) {
    app.addContentTypeParser(type, (_request: FastifyRequest, payload, done) => done(null, payload))
  }
}

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
