import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeKey, matchesHash, parseToken } from '../auth/key.ts'
import { KeyStore } from '../auth/key-store.ts'
import { DOCS, startServer, type TestServer } from '../testing/start-server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a key', () => {
  test('has 256 random bits, of which the hash alone is kept', () => {
    const { token, hash } = makeKey()
    const { secret = '' } = parseToken(token) ?? {}
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    expect(matchesHash(secret, hash)).toBe(true)
    expect(matchesHash(makeKey().token, hash)).toBe(false)
  })

  test.each(['', 'omen_', 'omen_0123456789abcdef_short', 'Omen_0123456789abcdef_', ' omen_x_y', 'a.b.c'])(
    'is not %j',
    (token) => expect(parseToken(token)).toBeUndefined(),
  )
})

describe('a store of keys', () => {
  test('keeps them in a file that its owner alone can read, without secrets', async () => {
    const at = join(folder, 'store')
    const store = await KeyStore.open(at)
    const { key, id } = await store.create({ name: 'app', roles: { docs: 'write', __proto__x: 'read' } })
    const file = join(at, 'keys.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(at)).mode & 0o777).toBe(0o700)
    expect(await readFile(file, 'utf8')).not.toContain(parseToken(key)?.secret)
    const again = await KeyStore.open(at)
    expect(again.verify(key)).toMatchObject({ id, name: 'app' })
    expect(again.list()).toEqual(store.list())
    expect(await again.revoke(id)).toBe(true)
    expect(await again.revoke(id)).toBe(false)
    expect((await KeyStore.open(at)).verify(key)).toBeUndefined()
  })

  test('knows one again that was right before, and nothing else of its id', async () => {
    const store = await KeyStore.open(undefined)
    const { key, id } = await store.create({ name: 'app', roles: { '*': 'read' } })
    const other = makeKey()
    const wrong = `omen_${id}_${parseToken(other.token)?.secret}`
    expect(store.verify(wrong)).toBeUndefined()
    for (let i = 0; i < 2; i++) {
      expect(store.verify(key)).toMatchObject({ id })
      expect(store.verify(wrong)).toBeUndefined()
      expect(store.verify(other.token)).toBeUndefined()
    }
    await store.revoke(id)
    expect(store.verify(key)).toBeUndefined()
  })

  test('makes many at once without losing one', async () => {
    const at = join(folder, 'many')
    const store = await KeyStore.open(at)
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.create({ name: `key ${i}`, roles: { '*': 'read' } })),
    )
    const again = await KeyStore.open(at)
    expect(made.map(({ key }) => again.verify(key)?.name)).toEqual(made.map(({ name }) => name))
  })

  test('does not know one that has expired', async () => {
    const store = await KeyStore.open(undefined)
    const expiresAt = new Date(Date.now() - 1)
    const { key } = await store.create({ name: 'old', roles: { '*': 'admin' }, expiresAt })
    expect(store.verify(key)).toBeUndefined()
    expect(store.hasAdmin).toBe(false)
  })

  test('refuses roles that there are not, and a file that is none of keys', async () => {
    const store = await KeyStore.open(undefined)
    const roles = { docs: 'owner' } as unknown as { docs: 'read' }
    await expect(store.create({ name: 'x', roles })).rejects.toMatchObject({ code: 'invalid_argument' })
    const { writeFile, mkdir } = await import('node:fs/promises')
    const at = join(folder, 'damaged')
    await mkdir(at)
    await writeFile(join(at, 'keys.json'), '{"format":1,"keys":[{"id":"a"}]}')
    await expect(KeyStore.open(at)).rejects.toMatchObject({ code: 'corrupt_database' })
  })
})

describe('a server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ state: join(folder, 'server') })
    await server.db.collection('docs', DOCS)
    await server.db.collection('notes', DOCS)
  })
  afterAll(() => server.close())

  test('makes keys over HTTP, shows each once, and takes them back', async () => {
    const made = await server.call('POST', '/v1/keys', { name: 'reader', roles: { docs: 'read' } })
    const { key, id } = made.body as { key: string; id: string }
    const count = (): Promise<{ status: number }> =>
      server.call('POST', '/v1/collections/docs/count', undefined, { key })
    expect(await count()).toMatchObject({ status: 200 })
    const listed = await server.call('GET', '/v1/keys')
    expect(listed.body).toMatchObject({ keys: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect(JSON.stringify(listed.body)).not.toContain('"key"')
    expect((await server.call('DELETE', `/v1/keys/${id}`)).body).toEqual({ revoked: true })
    expect(await count()).toMatchObject({ status: 401 })
  })

  test('shows a key the collections that it may read, and no others', async () => {
    const key = await server.key({ notes: 'write' })
    const list = await server.call('GET', '/v1/collections', undefined, { key })
    expect(list.body).toMatchObject({ collections: [{ name: 'notes' }] })
    // What a key may not see, it cannot even tell from what is not there.
    const there = await server.call('GET', '/v1/collections/docs', undefined, { key })
    const notThere = await server.call('GET', '/v1/collections/none', undefined, { key })
    expect([there.status, notThere.status]).toEqual([403, 403])
  })

  test.each([
    ['none', undefined],
    ['another scheme', 'Basic b21lbjpvbWVu'],
    ['no token', 'Bearer'],
    ['an unknown key', `Bearer omen_0123456789abcdef_${'a'.repeat(43)}`],
    ['what would be a token of others', 'Bearer a.b.c'],
  ])('refuses %s as a key', async (_, authorization) => {
    const headers = authorization === undefined ? {} : { authorization }
    const reply = await server.call('GET', '/v1/collections', undefined, { key: null, headers })
    expect(reply).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } })
    expect(reply.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('does not tell those without a key which addresses there are', async () => {
    const reply = await server.call('GET', '/v1/nothing/here', undefined, { key: null })
    expect(reply.status).toBe(401)
    expect((await server.call('GET', '/v1/nothing/here')).status).toBe(404)
  })

  test('refuses a key that is to expire in the past', async () => {
    const body = { name: 'x', roles: { '*': 'read' }, expiresAt: '2001-01-01T00:00:00Z' }
    expect(await server.call('POST', '/v1/keys', body)).toMatchObject({ status: 400 })
  })

  test('asks nobody where authentication is off', async () => {
    const open = await startServer({ auth: { mode: 'off' } })
    try {
      const reply = await open.call('GET', '/v1', undefined, { key: null })
      expect(reply.body).toMatchObject({ key: { id: 'anybody', roles: { '*': 'admin' } } })
    } finally {
      await open.close()
    }
  })
})
