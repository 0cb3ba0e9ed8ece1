import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../testing/raw-connection.ts'
import { DOCS, startServer, type TestServer } from '../testing/start-server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-tokens-'))
})
afterAll(() => rm(folder, { recursive: true }))

const NAMES = { issuer: 'https://id.example', audience: 'omen' }
type Keys = Awaited<ReturnType<typeof generateKeyPair>>

interface Claims {
  readonly issuer?: string
  readonly audience?: string
  readonly expires?: string
  readonly roles?: unknown
  readonly subject?: string
}

function token(alg: string, key: Keys['privateKey'] | Uint8Array, claims: Claims = {}): Promise<string> {
  const {
    issuer = NAMES.issuer,
    audience = NAMES.audience,
    expires = '1h',
    roles = { docs: 'read' },
  } = claims
  const made = new SignJWT({ omen: roles })
    .setProtectedHeader({ alg, kid: 'k1' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(claims.subject ?? 'someone')
    .setExpirationTime(expires)
  return made.sign(key)
}

async function statusOf(server: TestServer, key: string, path = '/v1/collections/docs'): Promise<number> {
  return (await server.call('GET', path, undefined, { key })).status
}

describe('tokens of an identity provider', () => {
  let server: TestServer
  let keys: Keys
  beforeAll(async () => {
    keys = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256' }] }
    const jwksFile = join(folder, 'jwks.json')
    await writeFile(jwksFile, JSON.stringify(jwks))
    server = await startServer({ auth: { jwt: { ...NAMES, jwksFile } } })
    await server.db.collection('docs', DOCS)
    await server.db.collection('notes', DOCS)
  })
  afterAll(() => server.close())

  test('give the roles that they claim, beside keys', async () => {
    const reader = await token('ES256', keys.privateKey)
    expect(await statusOf(server, reader)).toBe(200)
    expect(await statusOf(server, reader, '/v1/collections/notes')).toBe(403)
    expect((await server.call('GET', '/v1', undefined, { key: reader })).body).toMatchObject({
      key: { id: 'jwt:someone', roles: { docs: 'read' }, expiresAt: expect.any(String) },
    })
    expect(await statusOf(server, server.admin)).toBe(200)
  })

  test.each<[string, Claims]>([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['another audience', { audience: 'other' }],
    ['yesterday', { expires: '-1s' }],
    ['roles that there are not', { roles: { docs: 'owner' } }],
    ['roles that are none', { roles: 'admin' }],
  ])('are refused from or for %s', async (_, claims) => {
    expect(await statusOf(server, await token('ES256', keys.privateKey, claims))).toBe(401)
  })

  test('are refused when somebody else signed them, or nobody did', async () => {
    const others = await generateKeyPair('ES256')
    expect(await statusOf(server, await token('ES256', others.privateKey))).toBe(401)
    const [, payload] = (await token('ES256', keys.privateKey)).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect(await statusOf(server, `${none}.${payload}.`)).toBe(401)
    // The public key is no secret to sign with.
    const secret = Buffer.from(JSON.stringify(await exportJWK(keys.publicKey)))
    expect(await statusOf(server, await token('HS256', secret))).toBe(401)
  })
})

test('a secret shared with the issuer serves too, when it is long enough', async () => {
  const secretFile = join(folder, 'secret')
  const secret = Buffer.from('0123456789abcdef0123456789abcdef')
  await writeFile(secretFile, secret)
  const jwt = { ...NAMES, secretFile, rolesClaim: 'omen' }
  const server = await startServer({ auth: { jwt } })
  await server.db.collection('docs', DOCS)
  expect(await statusOf(server, await token('HS256', secret))).toBe(200)
  expect(await statusOf(server, await token('HS256', Buffer.from('another secret of 32 characters.')))).toBe(
    401,
  )
  await server.close()
  await writeFile(secretFile, 'short')
  await expect(startServer({ auth: { jwt } })).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('keys that the issuer publishes are asked for, and their absence is no refusal', async () => {
  const keys = await generateKeyPair('RS256')
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }] }
  let broken = true
  const issuer = createHttpServer((_, reply) => {
    reply.statusCode = broken ? 500 : 200
    reply.setHeader('content-type', 'application/json')
    reply.end(JSON.stringify(jwks))
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`
  const server = await startServer({ auth: { jwt: { ...NAMES, jwksUrl } } })
  await server.db.collection('docs', DOCS)
  const key = await token('RS256', keys.privateKey)
  expect(await statusOf(server, key)).toBe(503)
  broken = false
  expect(await statusOf(server, key)).toBe(200)
  await server.close()
  await new Promise((resolve) => issuer.close(resolve))
})

test('who goes away while the issuer is asked is not waited for', async () => {
  const keys = await generateKeyPair('RS256')
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }] }
  let asked = (): void => undefined
  const reached = new Promise<void>((resolve) => {
    asked = resolve
  })
  let answer = (): void => undefined
  const issuer = createHttpServer((_, reply) => {
    answer = () => void reply.setHeader('content-type', 'application/json').end(JSON.stringify(jwks))
    asked()
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`
  const server = await startServer({ auth: { jwt: { ...NAMES, jwksUrl } } })
  await server.db.collection('docs', DOCS)
  const key = await token('RS256', keys.privateKey)
  const lost = once(server.app.server, 'connection').then(([socket]) => once(socket, 'close'))
  await exchange(server.url, async (socket) => {
    socket.write(`GET /v1/collections/docs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`)
    await reached
    socket.destroy()
  })
  await lost
  answer()
  expect(await statusOf(server, key)).toBe(200)
  const { body } = await server.call('GET', '/metrics')
  expect(body).toMatch(/^omen_http_requests_under_way 1$/m)
  await server.close()
  await new Promise((resolve) => issuer.close(resolve))
})
