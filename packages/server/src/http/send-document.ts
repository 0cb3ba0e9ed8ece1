import type { OutgoingHttpHeaders } from 'node:http'
import { encodeMsgpackBriefly, MSGPACK_TYPE } from '@omen/wire'
import type { FastifyReply } from 'fastify'
import { jsonReply } from './json-reply.ts'
import { takesMsgpack } from './media.ts'

const JSON_REPLY = 'application/json; charset=utf-8'
/** Replies up to here are copied into a text, which Node puts into one piece with the headers. */
const ONE_PIECE_BYTES = 16_384

/**
 * Sends a document as JSON, or as MessagePack to whoever prefers that: past Fastify, whose hooks and serializers nothing of
 * ours uses.
 */
export function sendDocument(reply: FastifyReply, document: unknown, status = 200): void {
  const packed = takesMsgpack(reply.request.headers.accept)
  const body = packed ? packedReply(document) : jsonReply(document)
  const encoding = packed ? 'latin1' : 'utf8'
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  headers['content-type'] = packed ? MSGPACK_TYPE : JSON_REPLY
  headers['content-length'] = typeof body === 'string' ? Buffer.byteLength(body, encoding) : body.length
  reply.hijack()
  reply.raw.writeHead(status, headers).end(body, encoding)
}

/** @returns text of one character for each byte, or bytes */
function packedReply(document: unknown): string | Buffer {
  const { buffer, byteOffset, byteLength } = encodeMsgpackBriefly(document)
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  return byteLength <= ONE_PIECE_BYTES ? bytes.toString('latin1') : Buffer.from(bytes)
}
