import { type Database, integer, keyword, open, type Schema, text, vector } from '@omen/db'
import type { Grants } from '../auth/roles.ts'
import type { ConfigInput } from '../config/config.ts'
import { type CreatedServer, createServer, type ServerOptions } from '../create-server.ts'

/** A server for a test, on a port of its own. */
export interface TestServer extends CreatedServer {
  readonly db: Database
  readonly url: string
  /** A key that may do everything. */
  readonly admin: string
  /** Makes a key. */
  key(roles: Grants): Promise<string>
  /** Makes a request with a JSON body, as the admin unless it says otherwise. */
  call(method: string, path: string, body?: unknown, init?: CallInit): Promise<TestReply>
  close(): Promise<void>
}

export interface CallInit {
  /** `null` for a request without a key. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestReply {
  readonly status: number
  readonly headers: Headers
  /** The body, parsed where it is JSON. */
  readonly body: unknown
}

/** The collection that tests write to, with four dimensions, so that they can be seen. */
export const DOCS: Schema = {
  title: text(),
  lang: keyword(),
  year: integer({ optional: true }),
  embedding: vector(4, { metric: 'l2', quantizer: 'none' }),
}

/** Rows on a line: row i is at distance i² from the origin. */
export function docs(count: number, from = 0): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `doc-${from + i}`,
    title: `Title ${from + i}`,
    lang: i % 2 === 0 ? 'en' : 'de',
    year: 2000 + (i % 20),
    embedding: [from + i, 0, 0, 0],
  }))
}

/** Starts a server over an empty database in memory, or over one that is given. */
export async function startServer(
  config: ConfigInput = {},
  options: ServerOptions & { readonly db?: Database } = {},
): Promise<TestServer> {
  const db = options.db ?? (await open(':memory:'))
  const server = await createServer(db, { log: { level: 'silent' }, ...config }, options)
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const key = async (roles: Grants): Promise<string> =>
    (await server.keys.create({ name: 'test', roles })).key
  const admin = await key({ '*': 'admin' })
  return {
    ...server,
    ...{ db, url, admin, key },
    call: (method, path, body, init = {}) => call(url, method, path, body, { key: admin, ...init }),
    async close() {
      await server.app.close()
      if (!options.db) await db.close()
    },
  }
}

async function call(
  url: string,
  method: string,
  path: string,
  body: unknown,
  { key, headers }: CallInit,
): Promise<TestReply> {
  const reply = await fetch(url + path, {
    method,
    headers: {
      ...(typeof key === 'string' && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  const isJson = reply.headers.get('content-type')?.startsWith('application/json') === true
  return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text }
}
