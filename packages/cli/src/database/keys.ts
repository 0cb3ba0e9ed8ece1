import { OmenError, type OmenErrorCode } from '@omen/core'
import { type CreatedKey, type KeyInfo, type KeyRequest, KeyStore } from '@omen/server'
import { isUrl, openDatabase } from './open.ts'

/** The keys of a server: in its files while it does not run, or asked of it by its URL. */
export interface Keys extends AsyncDisposable {
  list(): Promise<readonly KeyInfo[]>
  /** @returns the key with its secret, which nobody says again */
  create(request: KeyRequest): Promise<CreatedKey>
  /** @returns whether there was one */
  revoke(id: string): Promise<boolean>
}

/**
 * Opens the keys of a server.
 *
 * @param state the folder of the server's state, where it does not lie beside the database
 * @throws OmenError `locked` while a server has the directory open: it would not see what is changed under it
 */
export async function openKeys(where: string, state: string | undefined): Promise<Keys> {
  if (isUrl(where)) return remoteKeys(where)
  const db = await openDatabase(where, 'refuse')
  const store = await KeyStore.open(state ?? `${where.replace(/[/\\]+$/, '')}-server`)
  return {
    list: async () => store.list(),
    create: (request) => store.create(request),
    revoke: (id) => store.revoke(id),
    [Symbol.asyncDispose]: () => db.close(),
  }
}

function remoteKeys(url: string): Keys {
  const request = (method: string, path: string, body?: unknown): Promise<Reply> =>
    ask(url, method, path, body)
  return {
    async list() {
      const { keys = [] } = await request('GET', '/v1/keys')
      return keys.map(withDates)
    },
    async create(wanted) {
      const created = (await request('POST', '/v1/keys', wanted)) as CreatedKey
      return { ...created, ...withDates(created) }
    },
    async revoke(id) {
      const { revoked = false } = await request('DELETE', `/v1/keys/${encodeURIComponent(id)}`)
      return revoked
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

interface Reply {
  readonly keys?: readonly KeyInfo[]
  readonly revoked?: boolean
  readonly error?: { readonly code: OmenErrorCode; readonly message: string }
}

async function ask(url: string, method: string, path: string, body: unknown): Promise<Reply> {
  const { OMEN_KEY: key } = process.env
  const headers = {
    ...(key && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  const response = await fetch(url.replace(/\/+$/, '') + path, {
    ...{ method, headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new OmenError('io', `no server answers at ${url}`, { cause })
  })
  const reply = (await response.json().catch(() => ({}))) as Reply
  if (response.ok) return reply
  const { code = 'io', message = `the server answered ${response.status}` } = reply.error ?? {}
  throw new OmenError(code, message)
}

/** JSON has dates as text. */
function withDates<K extends KeyInfo>(key: K): K {
  const { createdAt, expiresAt } = key
  return { ...key, createdAt: new Date(createdAt), ...(expiresAt && { expiresAt: new Date(expiresAt) }) }
}
