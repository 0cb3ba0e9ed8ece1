import cors from '@fastify/cors'
import type { Database } from '@omen/db'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AuditLog } from './audit/audit-log.ts'
import { Authenticator } from './auth/authenticate.ts'
import { jwtVerifier } from './auth/jwt.ts'
import { KeyStore } from './auth/key-store.ts'
import type { ConfigInput, ServerConfig } from './config/config.ts'
import { resolveConfig } from './config/load-config.ts'
import { type Admission, admit } from './http/arrival.ts'
import { Connections } from './http/connections.ts'
import { HttpError } from './http/errors.ts'
import { furtherServers, makeFramework } from './http/framework.ts'
import { actionOf } from './http/perform.ts'
import './http/request-state.ts'
import { sendError } from './http/send-error.ts'
import { type Serving, serveRoute } from './http/serve-route.ts'
import { Validation } from './http/validation.ts'
import { Gate } from './limits/gate.ts'
import { Rate } from './limits/rate.ts'
import { UnderWay } from './limits/under-way.ts'
import { type OpenApiDocument, openApiDocument } from './openapi.ts'
import type { Embedder } from './routes/embedder.ts'
import type { Route } from './routes/route.ts'
import { routesOf } from './routes/routes.ts'
import type { Services } from './routes/services.ts'
import { closeGracefully } from './shutdown.ts'
import { Collections } from './state/collections.ts'
import { Idempotency } from './state/idempotency.ts'
import { Snapshots } from './state/snapshots.ts'
import { Metrics } from './telemetry/metrics.ts'
import { Tracing } from './telemetry/tracing.ts'

/** What a program can give a server that no configuration can say. */
export interface ServerOptions {
  /** Makes vectors of texts: then collections can be searched by text. */
  readonly embedder?: Embedder | undefined
}

/** A server that does not listen yet, and what belongs to it. */
export interface CreatedServer {
  /** To be listened with, or registered in a larger one. Closing it leaves the database open. */
  readonly app: FastifyInstance
  readonly config: ServerConfig
  readonly keys: KeyStore
  readonly routes: readonly Route[]
  readonly openApi: OpenApiDocument
}

/**
 * Makes a server of a database, to be embedded in a program of your own.
 *
 * @param db borrowed: it stays open when the server is closed
 * @throws OmenError `invalid_argument` for a configuration that is wrong, `io`, `corrupt_database` for a damaged file of keys,
 * `corrupt_log` for an audit log that was tampered with
 */
export async function createServer(
  db: Database,
  input: ConfigInput = {},
  { embedder }: ServerOptions = {},
): Promise<CreatedServer> {
  const config = resolveConfig(input)
  const { auth, limits, state } = config
  const app = await makeFramework(config)
  const connections = connectionsOf(app)
  const keys = await KeyStore.open(auth.mode === 'keys' ? state : undefined)
  const audit =
    config.audit.enabled && state !== undefined ? await AuditLog.open(state, config.audit) : undefined
  const authenticator = new Authenticator(
    auth.mode === 'keys' ? keys : undefined,
    await jwtVerifier(auth.jwt),
  )
  const work = new Gate(limits)
  const streams = new Gate({ concurrency: limits.streams, queue: 0, queueMs: limits.queueMs })
  const snapshots = new Snapshots(limits)
  const underWay = new UnderWay(limits, (now) => {
    work.sweep(now)
    snapshots.sweep()
  })
  const metrics = new Metrics({ db, work, streams, underWay, snapshots })
  const tracing = config.tracing ? new Tracing() : undefined
  const life = { closing: false }
  const services: Services = {
    ...{ config, db, keys, audit, embedder, snapshots, log: app.log },
    collections: new Collections(db),
    idempotency: new Idempotency(limits),
    openApi: () => openApi,
    metrics: () => metrics.text(),
    trouble: () => (life.closing ? 'the server is closing' : audit?.failure?.message),
  }
  const routes = routesOf(services)
  const openApi = openApiDocument(routes, config)
  const admission: Admission = {
    ...{ authenticator, underWay, limits, rate: new Rate(limits.requestsPerSecond, limits.burst) },
    closing: () => life.closing,
    denied: (request, route, principal) => {
      if (route.access === 'read') return
      const outcome = { status: 403, code: 'forbidden' }
      audit?.record(actionOf(request, route, principal.id, outcome)).catch((error) => app.log.error(error))
    },
  }
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    if (error instanceof HttpError && !request.visit?.started) metrics.reject(error.code)
    sendError(error, request, reply)
  }
  const serving: Serving = { services, validation: new Validation(), work, streams, tracing, refuse }
  // Browsers ask without a key whether they may ask.
  if (config.origins.length > 0) await app.register(cors, corsOptions(config.origins))
  app.setErrorHandler(refuse)
  app.setNotFoundHandler((request, reply) =>
    refuse(new HttpError('not_found', 'there is nothing at this address'), request, reply),
  )
  // Bodies are read where requests are served.
  app.removeAllContentTypeParsers()
  addHooks(app, admission, metrics, tracing, config)
  for (const route of routes) serveRoute(app, route, serving)
  closeGracefully(app, { life, underWay, connections, snapshots, audit, limits })
  return { app, config, keys, routes, openApi }
}

function connectionsOf(app: FastifyInstance): Connections {
  const connections = new Connections()
  connections.follow(app.server)
  app.addHook('onListen', (done) => {
    for (const server of furtherServers(app)) connections.follow(server)
    done()
  })
  return connections
}

function corsOptions(origins: readonly string[]): object {
  return {
    origin: [...origins],
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: ['x-request-id', 'retry-after', 'idempotency-replayed'],
    maxAge: 600,
  }
}

/** What happens to every request, whatever it asks for. */
function addHooks(
  app: FastifyInstance,
  admission: Admission,
  metrics: Metrics,
  tracing: Tracing | undefined,
  { log }: ServerConfig,
): void {
  for (const name of ['principal', 'visit', 'route', 'span', 'bodyBytes'] as const)
    app.decorateRequest(name, undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const began = performance.now()
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    const { route } = request.routeOptions.config
    request.route = route
    const operation = route?.id ?? 'none'
    if (tracing) request.span = tracing.begin(request, operation)
    reply.raw.on('close', () => {
      const status = reply.raw.headersSent ? reply.raw.statusCode : 499
      const { visit, span } = request
      if (visit) {
        if (!reply.raw.writableFinished) visit.end(new HttpError('aborted', 'the client went away'))
        admission.underWay.end(visit)
      }
      const ms = performance.now() - began
      metrics.count(operation, status, ms / 1000)
      if (tracing && span) tracing.end(span, status)
      if (isLogged(log.requests, status)) logRequest(request, operation, status, ms)
    })
    try {
      const admitted = admit(admission, request, reply)
      if (!admitted) return done()
      admitted.then(() => done(), done)
    } catch (error) {
      done(error as Error)
    }
  })
}

function isLogged(requests: ServerConfig['log']['requests'], status: number): boolean {
  return requests === 'all' || (requests === 'failed' && (status >= 500 || status === 429))
}

function logRequest(request: FastifyRequest, operation: string, status: number, ms: number): void {
  const { id, principal, method, url, ip } = request
  request.log.info(
    { reqId: id, operation, method, path: url.split('?', 1)[0], status, ms, ip, who: principal?.id },
    'request',
  )
}
