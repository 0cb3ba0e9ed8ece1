import { mediaTypeOf } from '@omen/wire'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../auth/authenticate.ts'
import type { Principal } from '../auth/roles.ts'
import type { LimitsConfig } from '../config/config.ts'
import type { Rate } from '../limits/rate.ts'
import { type UnderWay, Visit } from '../limits/under-way.ts'
import { mediaTypesOf } from '../openapi.ts'
import { COLLECTION, type Route } from '../routes/route.ts'
import { HttpError } from './errors.ts'
import { announcedBytes } from './read-body.ts'

const COLLECTION_PARAMETER = `{${COLLECTION}}`

/** What decides whether a request is let in. */
export interface Admission {
  readonly authenticator: Authenticator
  readonly rate: Rate
  readonly underWay: UnderWay
  readonly limits: LimitsConfig
  readonly closing: () => boolean
  /** Told of what somebody with a valid key tried that it may not do. */
  readonly denied: (request: FastifyRequest, route: Route, principal: Principal) => void
}

/**
 * Decides by the headers of a request, before its body is read, whether it is let in: who makes it, whether they may, and
 * whether there is room. Nobody may anything that was not granted.
 *
 * @returns a promise only where an identity provider must be asked
 * @throws OmenError `unauthenticated`, `forbidden`, `not_found`, `too_many_requests`, `unsupported`, `too_large`, `overloaded`,
 * `closed`
 */
export function admit(
  admission: Admission,
  request: FastifyRequest,
  reply: FastifyReply,
): undefined | Promise<void> {
  const visit = new Visit()
  request.visit = visit
  const { route } = request
  if (route?.access === 'anyone') {
    begin(admission, request, reply, visit, route)
    return undefined
  }
  if (admission.closing()) {
    throw new HttpError('closed', 'the server is closing', { retryAfterSeconds: 1 })
  }
  const principal = admission.authenticator.identify(request.headers.authorization)
  if (principal instanceof Promise) {
    return principal.then((known) => {
      // Who went away meanwhile will not be heard of again.
      visit.throwIfEnded()
      letIn(admission, request, reply, visit, route, known)
    })
  }
  letIn(admission, request, reply, visit, route, principal)
  return undefined
}

function letIn(
  admission: Admission,
  request: FastifyRequest,
  reply: FastifyReply,
  visit: Visit,
  route: Route | undefined,
  principal: Principal,
): void {
  request.principal = principal
  if (!route) throw new HttpError('not_found', 'there is nothing at this address')
  if (!mayUse(principal, route, request)) {
    admission.denied(request, route, principal)
    throw new HttpError('forbidden', forbiddenBecause(route, request))
  }
  admission.rate.take(principal.id)
  begin(admission, request, reply, visit, route)
}

/** Expects the body in time. */
function begin(
  { underWay, limits }: Admission,
  request: FastifyRequest,
  reply: FastifyReply,
  visit: Visit,
  route: Route,
): void {
  const bytes = announcedBytes(request, limits)
  if (bytes > 0 || route.body) checkMediaType(route, request, bytes)
  const streamed = route.body?.kind === 'stream'
  underWay.begin(visit, streamed ? 0 : bytes)
  visit.announcedBytes = bytes
  if (bytes === 0) return
  visit.deadline = performance.now() + limits.bodyMs
  visit.overdue = () => refuseSlowBody(request, reply)
}

function checkMediaType(route: Route, request: FastifyRequest, bytes: number): void {
  const type = mediaTypeOf(request.headers['content-type'])
  const accepted = mediaTypesOf(route.body)
  if (accepted.includes(type)) return
  if (bytes === 0 && type === '') return
  const message =
    accepted.length === 0 ? 'this takes no body' : `the body must be one of ${accepted.join(', ')}`
  throw new HttpError('unsupported', message, { status: 415 })
}

function mayUse(principal: Principal, { access }: Route, request: FastifyRequest): boolean {
  switch (access) {
    case 'anyone':
    case 'any key':
      return true
    case 'read':
    case 'write':
    case 'admin':
      return principal.may(access, collectionOf(request))
  }
}

/** The collection that a path names; undefined for a path of the server itself. */
export function collectionOf(request: FastifyRequest): string | undefined {
  const params = request.params as Readonly<Record<string, string>>
  return request.route?.path.includes(COLLECTION_PARAMETER) ? params[COLLECTION] : undefined
}

function forbiddenBecause({ access }: Route, request: FastifyRequest): string {
  const collection = collectionOf(request)
  const target = collection === undefined ? 'everything (*)' : `collection ${JSON.stringify(collection)}`
  return `this needs a key with the role ${access} for ${target}`
}

/** Answers on the connection itself, since the request that is still being read keeps everything else waiting. */
function refuseSlowBody(request: FastifyRequest, reply: FastifyReply): void {
  const message = 'the body came too slowly'
  const body = JSON.stringify({ error: { code: 'timeout', message, requestId: request.id } })
  const { socket } = request.raw
  if (reply.raw.headersSent) return void socket.destroy()
  socket.end(
    'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n' +
      `X-Request-Id: ${request.id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
