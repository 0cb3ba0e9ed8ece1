import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ANYBODY } from '../auth/roles.ts'
import type { Gate } from '../limits/gate.ts'
import { Visit } from '../limits/under-way.ts'
import type { Call, Load, Route } from '../routes/route.ts'
import type { Services } from '../routes/services.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { HttpError } from './errors.ts'
import { IDEMPOTENCY_KEY, perform } from './perform.ts'
import type { Query } from './query-string.ts'
import { parseBody, readBody } from './read-body.ts'
import { type Streamed, sendStream } from './reply-stream.ts'
import { sendDocument } from './send-document.ts'
import { logFailure } from './send-error.ts'
import type { RequestCheck, Validation } from './validation.ts'

/** What all routes share. */
export interface Serving {
  readonly services: Services
  readonly validation: Validation
  readonly work: Gate
  readonly streams: Gate
  readonly tracing: Tracing | undefined
  /** Answers with an error. */
  readonly refuse: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void
}

const NOTHING = Buffer.alloc(0)

/** A route, and what is known about it before anybody asks. */
interface Served {
  readonly route: Route
  readonly check: RequestCheck
  readonly gate: Gate | undefined
}

/** Adds a route of the list to the server. */
export function serveRoute(app: FastifyInstance, route: Route, serving: Serving): void {
  const served: Served = {
    route,
    check: serving.validation.checkOf(route),
    gate: gateOf(serving, route.load),
  }
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { route },
    // A logger of its own for each request takes 5 µs, and hardly any request has something to say.
    childLoggerFactory: (logger) => logger,
    // Fastify has found the route and the request was let in: from here on it is ours. An empty route answers in some 75 µs of
    // the event loop so, and in some 84 by way of Fastify's parsers and replies.
    onRequest: (request, reply) => serve(serving, served, request, reply),
    handler: () => undefined,
  })
}

/** Answers a request that was let in, when its body has come. */
function serve(serving: Serving, served: Served, request: FastifyRequest, reply: FastifyReply): void {
  const nothing = request.visit?.announcedBytes === 0
  const streamed = served.route.body?.kind === 'stream'
  if (streamed && !nothing) request.body = request.raw
  if (streamed || nothing) {
    void answer(serving, served, NOTHING, request, reply)
    return
  }
  readBody(request.raw, serving.services.config.limits.bodyBytes, (read) => {
    if (read instanceof HttpError) serving.refuse(read, request, reply)
    else void answer(serving, served, read, request, reply)
  })
}

/** @param bytes all of the body, where it is not a stream */
async function answer(
  serving: Serving,
  { route, check, gate }: Served,
  bytes: Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { services, tracing } = serving
  const visit = request.visit ?? new Visit()
  visit.deadline = undefined
  try {
    if (request.headers[IDEMPOTENCY_KEY] !== undefined) request.bodyBytes = bytes
    if (route.body?.kind !== 'stream') request.body = parseBody(request, bytes, services.config.limits)
    visit.started = true
    visit.endless = route.endless === true
    const query = check.query(request.query as Query)
    check.body(request.body)
    const body = withoutTimeout(request.body, visit)
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
      const work = (): unknown => perform(services, route, call)
      const { span } = request
      const document = await (tracing && span ? tracing.within(span, work) : work())
      if (reply.sent) return
      if (!isStreamed(document)) return sendDocument(reply, document)
      await sendStream(reply, document, (error) => logFailure(request, error, 'a stream failed'))
    } finally {
      if (!streams) gate?.leave()
    }
  } catch (error) {
    serving.refuse(error, request, reply)
  }
}

/** The body without how long it may take, which the server itself looks after. */
function withoutTimeout(body: unknown, visit: Visit): unknown {
  if (typeof body !== 'object' || body === null || Buffer.isBuffer(body) || !('timeoutMs' in body))
    return body
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
