import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Grants } from '../auth/roles.ts'
import { type Access, COLLECTION, type Route } from '../routes/route.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

/**
 * Who may do what, written down by hand: a route that is new, or lets in others than it did, shows here.
 */
const MATRIX: Readonly<Record<Access, readonly string[]>> = {
  anyone: [
    'GET /health/live',
    'GET /health/ready',
    'GET /openapi.json',
    'GET /docs',
    'GET /docs/{file}',
    'GET /',
    'GET /console',
    'GET /console/*',
  ],
  'any key': ['GET /v1', 'GET /v1/collections'],
  read: [
    'GET /metrics',
    'GET /v1/collections/{name}',
    'GET /v1/collections/{name}/stats',
    'POST /v1/collections/{name}/get',
    'GET /v1/collections/{name}/rows/{id}',
    'POST /v1/collections/{name}/has',
    'POST /v1/collections/{name}/version',
    'POST /v1/collections/{name}/count',
    'POST /v1/collections/{name}/measure-recall',
    'POST /v1/collections/{name}/scan',
    'GET /v1/collections/{name}/watch',
    'POST /v1/collections/{name}/search',
    'POST /v1/collections/{name}/search-many',
    'POST /v1/collections/{name}/embed-search',
    'POST /v1/collections/{name}/snapshots',
    'DELETE /v1/collections/{name}/snapshots/{snapshot}',
    'GET /v1/stats',
  ],
  write: [
    'POST /v1/collections/{name}/upsert',
    'POST /v1/collections/{name}/update',
    'POST /v1/collections/{name}/delete',
    'POST /v1/collections/{name}/replace',
    'POST /v1/collections/{name}/import',
  ],
  admin: [
    'PUT /v1/collections/{name}',
    'DELETE /v1/collections/{name}',
    'POST /v1/collections/{name}/optimize',
    'POST /v1/verify',
    'POST /v1/backup',
    'GET /v1/keys',
    'POST /v1/keys',
    'DELETE /v1/keys/{id}',
  ],
}

/** Who comes, and what they may do with the collection `docs` and with the server itself. */
const VISITORS: readonly (readonly [string, Grants | null, readonly Access[], readonly Access[]])[] = [
  ['nobody', null, ['anyone'], ['anyone']],
  ['a key for another collection', { notes: 'admin' }, ['anyone', 'any key'], ['anyone', 'any key']],
  ['a reader', { docs: 'read' }, ['anyone', 'any key', 'read'], ['anyone', 'any key']],
  ['a writer', { docs: 'write' }, ['anyone', 'any key', 'read', 'write'], ['anyone', 'any key']],
  ['an admin', { docs: 'admin' }, ['anyone', 'any key', 'read', 'write', 'admin'], ['anyone', 'any key']],
  ['a reader of all', { '*': 'read' }, ['anyone', 'any key', 'read'], ['anyone', 'any key', 'read']],
  [
    'a writer of all',
    { '*': 'write' },
    ['anyone', 'any key', 'read', 'write'],
    ['anyone', 'any key', 'read', 'write'],
  ],
  [
    'an admin of all',
    { '*': 'admin' },
    ['anyone', 'any key', 'read', 'write', 'admin'],
    ['anyone', 'any key', 'read', 'write', 'admin'],
  ],
  [
    'a reader of all who writes here',
    { '*': 'read', docs: 'write' },
    ['anyone', 'any key', 'read', 'write'],
    ['anyone', 'any key', 'read'],
  ],
]

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const

let server: TestServer
beforeAll(async () => {
  const { pathname } = new URL('.', import.meta.url)
  server = await startServer(
    { console: { folder: pathname } },
    { embedder: { embed: async (texts) => texts.map(() => Float32Array.of(1, 0, 0, 0)) } },
  )
})
afterAll(() => server.close())

const nameOf = ({ method, path }: Route): string => `${method} ${path}`

test('every route stands in the matrix, once', () => {
  const written = Object.values(MATRIX).flat()
  expect([...written].sort()).toEqual(server.routes.map(nameOf).sort())
  expect(new Set(server.routes.map(({ id }) => id)).size).toBe(server.routes.length)
})

describe.each(VISITORS)('%s', (_, grants, withDocs, withServer) => {
  let key: string | null
  beforeAll(async () => {
    key = grants && (await server.key(grants))
  })

  test('gets through where it may, and nowhere else, by any method', async () => {
    const seen: Record<string, string> = {}
    const wanted: Record<string, string> = {}
    for (const path of new Set(server.routes.map((route) => route.path))) {
      for (const method of METHODS) {
        const name = `${method} ${path}`
        const [access] = Object.entries(MATRIX).find(([, names]) => names.includes(name)) ?? []
        const may = path.includes(`{${COLLECTION}}`) ? withDocs : withServer
        seen[name] = await attempt(method, path)
        wanted[name] = outcomeOf(access as Access | undefined, may)
      }
    }
    expect(seen).toEqual(wanted)
  })

  function outcomeOf(access: Access | undefined, may: readonly Access[]): string {
    if (access === 'anyone') return 'in'
    if (grants === null) return 'unauthenticated'
    if (access === undefined) return 'not there'
    return may.includes(access) ? 'in' : 'forbidden'
  }

  /** Sends what would be right, so that only the key can be what is wrong; changes are undone. */
  async function attempt(method: string, path: string): Promise<string> {
    await server.db.drop('docs')
    const collection = await server.db.collection('docs', DOCS)
    await collection.upsert(docs(3) as never)
    const real = path
      .replace(`{${COLLECTION}}`, 'docs')
      .replace('{id}', 'doc-1')
      .replace('{snapshot}', 'none')
      .replace('{file}', 'start.js')
      .replace('*', '03-roles.test.ts')
    const abort = new AbortController()
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
    const body = bodyFor(`${method} ${path}`)
    if (body !== undefined)
      headers['content-type'] = path.endsWith('/import') ? 'application/x-ndjson' : 'application/json'
    const reply = await fetch(server.url + real, {
      ...{ method, headers, signal: abort.signal, redirect: 'manual' },
      ...(body !== undefined && { body }),
    })
    const isJson = reply.headers.get('content-type')?.startsWith('application/json')
    const { error } = (isJson ? await reply.json() : {}) as { error?: { code: string; message: string } }
    abort.abort()
    if (reply.status === 401) return 'unauthenticated'
    if (reply.status === 403) return 'forbidden'
    if (error?.code === 'not_found' && error.message.includes('address')) return 'not there'
    // Beyond the door there may be other reasons, such as no folder for backups: all of them say what they are.
    return reply.status < 500 ? 'in' : `${reply.status} ${error?.message}`
  }

  function bodyFor(name: string): string | undefined {
    const route = server.routes.find((each) => nameOf(each) === name)
    const json = BODIES[route?.id ?? '']
    return json === undefined ? undefined : JSON.stringify(json)
  }
})

const QUERY = { vector: { embedding: [1, 0, 0, 0] } }
const FIELDS = { kind: 'vector', dimension: 4, metric: 'l2', quantizer: 'none' }

const BODIES: Readonly<Record<string, unknown>> = {
  putCollection: { schema: { title: { kind: 'text' }, lang: { kind: 'keyword' }, embedding: FIELDS } },
  upsert: { rows: docs(1) },
  update: { changes: [{ id: 'doc-1', year: 1 }] },
  delete: { ids: ['doc-2'] },
  replace: { where: { lang: 'en' }, rows: [] },
  import: docs(1)[0],
  getRows: { ids: ['doc-1'] },
  hasRow: { id: 'doc-1' },
  rowVersion: { id: 'doc-1' },
  countRows: {},
  measureRecall: { samples: 1 },
  scan: {},
  search: QUERY,
  searchMany: { vector: { embedding: [[1, 0, 0, 0]] } },
  embedSearch: { text: 'hello' },
  openSnapshot: {},
  optimize: {},
  backup: { name: 'today' },
  createKey: { name: 'x', roles: { docs: 'read' } },
}
