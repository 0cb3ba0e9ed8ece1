import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { startServer, type TestServer } from '../testing/start-server.ts'

const folder = join(import.meta.dirname, '../testing/certificates')
const file = (name: string): string => join(folder, `${name}.pem`)
const tls = { certFile: file('server'), keyFile: file('server-key') }

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** Asks whether the server lives. @throws what TLS says */
function ask(url: string, options: object): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/health/live`, { agent: false, ...options }, (reply) => {
      reply.resume()
      resolve(reply.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}

const ca = readFileSync(file('ca'))

test('TLS is spoken where there is a certificate, and nothing else', async () => {
  server = await startServer({ tls })
  expect(server.url).toMatch(/^https:/)
  expect(await ask(server.url, { ca })).toBe(200)
  await expect(ask(server.url, {})).rejects.toThrow()
  await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow()
})

test('where clients need certificates, none gets in without one', async () => {
  server = await startServer({ tls: { ...tls, clientCaFile: file('ca') } })
  await expect(ask(server.url, { ca })).rejects.toThrow()
  const client = { cert: readFileSync(file('client')), key: readFileSync(file('client-key')) }
  expect(await ask(server.url, { ca, ...client })).toBe(200)
  // It says who may connect, not who may do what.
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(`${server?.url}/v1`, { agent: false, ca, ...client }, (reply) => {
      reply.resume()
      resolve(reply.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
  expect(status).toBe(401)
})

test('a certificate that cannot be read is an error', async () => {
  const missing = { ...tls, keyFile: join(folder, 'none.pem') }
  await expect(startServer({ tls: missing })).rejects.toMatchObject({ code: 'io' })
})
