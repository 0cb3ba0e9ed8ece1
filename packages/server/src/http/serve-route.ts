import { MSGPACK_TYPE } from '@omen/wire'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ANYBODY } from '../auth/roles.ts'
import type { Gate } from '../limits/gate.ts'
import { Visit } from '../limits/under-way.ts'
import type { Call, Load, Route } from '../routes/route.ts'
import type { Services } from '../routes/services.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { jsonReply, msgpackReply } from './encode-reply.ts'
import { HttpError } from './errors.ts'
import { takesMsgpack } from './media.ts'
import { perform } from './perform.ts'
import { type Streamed, sendStream } from './reply-stream.ts'
import type { RequestCheck, Validation } from './validation.ts'

/** What all routes share. */
export interface Serving {
  readonly services: Services
  readonly validation: Validation
  readonly work: Gate
  readonly streams: Gate
  readonly tracing: Tracing | undefined
}

const JSON_REPLY = 'application/json; charset=utf-8'

/** Adds a route of the list to the server. */
export function serveRoute(app: FastifyInstance, route: Route, serving: Serving): void {
  const check = serving.validation.checkOf(route)
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { route },
    handler: (request, reply) => answer(serving, route, check, request, reply),
  })
}

async function answer(
  serving: Serving,
  route: Route,
  check: RequestCheck,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { services, tracing } = serving
  const visit = request.visit ?? new Visit()
  // The body has come.
  visit.deadline = undefined
  visit.started = true
  visit.endless = route.endless === true
  const query = check.query(request.query)
  check.body(request.body)
  const body = withoutTimeout(request.body, visit)
  const gate = gateOf(serving, route.load)
  const waiting = gate?.enter()
  if (waiting) await waiting
  const streams = route.load === 'stream'
  // A stream lasts until the last byte was sent.
  if (streams) reply.raw.once('close', () => gate?.leave())
  try {
    startClock(visit, route.load, services)
    const principal = request.principal ?? ANYBODY
    const params = request.params as Readonly<Record<string, string>>
    const call: Call = { principal, params, query, body, visit, request, reply }
    const work = (): ReturnType<typeof perform> => perform(services, route, call)
    const { span } = request
    const performed = await (tracing && span ? tracing.within(span, work) : work())
    if (reply.sent) return reply
    if (performed.replayed) reply.header('idempotency-replayed', 'true')
    if (!isStreamed(performed.reply)) return sendDocument(reply, performed.reply)
    await sendStream(reply, performed.reply, (error) => request.log.error(error, 'a stream failed'))
    return reply
  } finally {
    if (!streams) gate?.leave()
  }
}

/** The body without how long it may take, which the server itself looks after. */
function withoutTimeout(body: unknown, visit: Visit): unknown {
  if (typeof body !== 'object' || body === null || !('timeoutMs' in body)) return body
  const { timeoutMs, ...rest } = body
  visit.timeoutMs = timeoutMs as number
  return rest
}

/** What a request takes a place of while it works; nothing for one that is not worth counting. */
function gateOf({ work, streams }: Serving, load: Load): Gate | undefined {
  switch (load) {
    case 'light':
      return undefined
    case 'work':
    case 'long work':
      return work
    case 'stream':
      return streams
  }
}

function startClock(visit: Visit, load: Load, { config }: Services): void {
  if (load !== 'work') return
  visit.deadline = performance.now() + (visit.timeoutMs ?? config.limits.timeoutMs)
  visit.overdue = () => visit.end(new HttpError('timeout', 'the request took longer than it may'))
}

function isStreamed(reply: unknown): reply is Streamed {
  return typeof reply === 'object' && reply !== null && 'items' in reply && 'live' in reply
}

/** Sends a document as JSON, or as MessagePack to whoever prefers that. */
export function sendDocument(reply: FastifyReply, document: unknown): FastifyReply {
  if (takesMsgpack(reply.request.headers.accept)) {
    return reply.type(MSGPACK_TYPE).send(msgpackReply(document))
  }
  return reply.type(JSON_REPLY).send(jsonReply(document))
}
