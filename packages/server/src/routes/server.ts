import { ROLES } from '../auth/roles.ts'
import type { LimitsConfig } from '../config/config.ts'
import { HttpError } from '../http/errors.ts'
import { SERVER_VERSION } from '../version.ts'
import { type Access, type JsonSchema, type Route, route } from './route.ts'
import { array, BOOLEAN, COUNT, DATE, object, record, STRING } from './schemas.ts'
import type { Services } from './services.ts'

const HEALTH = object({ status: { enum: ['ok'] } })

/** Routes of the server itself, beside those of the API. */
export function serverRoutes(services: Services): Route[] {
  return [...healthRoutes(services), ...documentRoutes(services)]
}

function healthRoutes({ trouble }: Services): Route[] {
  const common = { method: 'GET', tag: 'Server', access: 'anyone', load: 'light' } as const
  return [
    route({
      ...common,
      ...{ id: 'live', path: '/health/live' },
      summary: 'Whether the process runs',
      reply: { kind: 'document', schema: HEALTH },
      handle: () => ({ status: 'ok' }),
    }),
    route({
      ...common,
      ...{ id: 'ready', path: '/health/ready', errors: [503] },
      summary: 'Whether requests are served',
      reply: { kind: 'document', schema: HEALTH },
      handle: () => {
        const reason = trouble()
        if (reason !== undefined) throw new HttpError('closed', reason, { retryAfterSeconds: 1 })
        return { status: 'ok' }
      },
    }),
  ]
}

function documentRoutes({ config, db, embedder, metrics, openApi }: Services): Route[] {
  const docsAccess: Access = config.docs.open ? 'anyone' : 'any key'
  const common = { method: 'GET', tag: 'Server', load: 'light' } as const
  return [
    route({
      ...common,
      ...{ id: 'openapi', path: '/openapi.json', access: docsAccess },
      summary: 'This document',
      reply: { kind: 'document', schema: { type: 'object' } },
      handle: () => openApi(),
    }),
    route({
      ...common,
      ...{ id: 'metrics', path: '/metrics', access: config.metrics.open ? 'anyone' : 'read' },
      summary: 'Metrics for Prometheus',
      reply: { kind: 'other', mediaType: 'text/plain' },
      handle: async ({ reply }) => {
        await reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics())
      },
    }),
    route({
      ...common,
      ...{ id: 'info', path: '/v1', access: 'any key' },
      summary: 'The server, and what the key may do',
      reply: { kind: 'document', schema: infoSchema(config.limits) },
      handle: async ({ principal }) => ({
        ...{ name: 'omen', version: SERVER_VERSION, limits: config.limits },
        embedding: embedder !== undefined,
        key: {
          ...{ id: principal.id, name: principal.name, roles: Object.fromEntries(principal.grants) },
          ...(principal.expiresAt < Infinity && { expiresAt: new Date(principal.expiresAt) }),
        },
        collections: (await db.collections())
          .filter(({ name }) => principal.may('read', name))
          .map(({ name, rows }) => ({ name, rows })),
      }),
    }),
  ]
}

function infoSchema(limits: LimitsConfig): JsonSchema {
  const key = object({ id: STRING, name: STRING, roles: record({ enum: ROLES }), expiresAt: DATE }, [
    ...['id', 'name', 'roles'],
  ])
  return object({
    ...{ name: { const: 'omen' }, version: STRING, embedding: BOOLEAN, key },
    limits: object(Object.fromEntries(Object.keys(limits).map((name) => [name, COUNT]))),
    collections: array(object({ name: STRING, rows: COUNT })),
  })
}
