import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorBody, toldError } from './errors.ts'
import { sendDocument } from './send-document.ts'

/** Answers with an error; one that is a bug of ours is logged and not told. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const told = toldError(error)
  if (!told || told.status >= 500) logFailure(request, error, 'a request failed')
  // What was begun to be answered cannot be taken back.
  if (reply.raw.headersSent) return
  const status = told?.status ?? 500
  if (told?.retryAfterSeconds !== undefined) reply.header('retry-after', String(told.retryAfterSeconds))
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  // What was not read of a body would be taken for the next request.
  if (request.raw.complete === false && request.body === undefined) reply.header('connection', 'close')
  sendDocument(reply, errorBody(told, request.id), status)
}

/** Writes down what went wrong, and with which request. */
export function logFailure(request: FastifyRequest, err: unknown, message: string): void {
  request.log.error({ reqId: request.id, err }, message)
}
