import dns from 'node:dns'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from '@omen/db'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { serve } from '../serve.ts'
import { exchange } from '../testing/raw-connection.ts'
import { DOCS, docs, startServer } from '../testing/start-server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-life-'))
})
afterAll(() => rm(folder, { recursive: true }))

const QUIET = { port: 0, log: { level: 'silent' } } as const

describe('serving a directory', () => {
  test('makes a first key and shows it once; all is there the next time', async () => {
    const at = join(folder, 'data')
    const first = await serve(at, QUIET)
    const headers = { authorization: `Bearer ${first.firstKey}`, 'content-type': 'application/json' }
    const schema = { title: { kind: 'text' }, embedding: { kind: 'vector', dimension: 2 } }
    const made = await fetch(`${first.url}/v1/collections/docs`, {
      ...{ method: 'PUT', headers, body: JSON.stringify({ schema }) },
    })
    expect(made.status).toBe(200)
    await first.close()
    await first.close()
    expect((await readdir(`${at}-server`)).sort()).toEqual(['audit.jsonl', 'keys.json'])
    const second = await serve(at, QUIET)
    expect(second.firstKey).toBeUndefined()
    const seen = await fetch(`${second.url}/v1/collections`, { headers })
    expect(await seen.json()).toMatchObject({ collections: [{ name: 'docs' }] })
    await second.close()
    // It is closed: it can be opened for writing.
    await (await open(at)).close()
  })

  test('shows a console only where it is wanted', async () => {
    await writeFile(join(folder, 'index.html'), '<!doctype html>')
    for (const enabled of [true, false]) {
      const server = await serve(':memory:', { ...QUIET, console: { enabled, folder } })
      expect(server.console).toBe(enabled ? `${server.url}/console/` : undefined)
      for (const path of ['/', '/console', '/console/', '/console/index.html']) {
        // What is not there is told apart only from inside.
        expect((await fetch(server.url + path)).status).toBe(enabled ? 200 : 401)
      }
      await server.close()
    }
  })

  test('that cannot listen closes what it opened', async () => {
    const other = await serve(':memory:', QUIET)
    const at = join(folder, 'busy')
    const port = Number(new URL(other.url).port)
    await expect(serve(at, { ...QUIET, port })).rejects.toMatchObject({ code: 'io' })
    await (await open(at)).close()
    await other.close()
  })

  test('a database that was given stays open', async () => {
    const db = await open(':memory:')
    const server = await serve(db, QUIET)
    await server.close()
    expect(await db.collections()).toEqual([])
    await db.close()
  })
})

describe('closing', () => {
  test('finishes what was accepted, ends streams, refuses what comes', async () => {
    const server = await startServer()
    const collection = await server.db.collection('docs', DOCS)
    await collection.upsert(docs(10) as never)
    const headers = { authorization: `Bearer ${server.admin}` }
    const watch = await fetch(`${server.url}/v1/collections/docs/watch`, { headers })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { stats } = server.db
    let reached = (): void => undefined
    const working = new Promise<void>((resolve) => {
      reached = resolve
    })
    server.db.stats = async () => {
      reached()
      await held
      return await stats.call(server.db)
    }
    const accepted = server.call('GET', '/v1/stats')
    await working
    const closed = server.app.close()
    // The watch says why it ends.
    const lines = (await watch.text()).split('\n').filter((line) => line !== '')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ error: { code: 'closed' } })
    const late = await server.call('GET', '/health/ready', undefined, { key: null })
    expect(late).toMatchObject({ status: 503, body: { error: { code: 'closed' } } })
    expect(late.headers.get('retry-after')).toBe('1')
    expect(await server.call('GET', '/v1')).toMatchObject({ status: 503 })
    expect(await server.call('GET', '/health/live', undefined, { key: null })).toMatchObject({ status: 200 })
    release()
    expect(await accepted).toMatchObject({ status: 200 })
    await closed
    await expect(fetch(`${server.url}/health/live`)).rejects.toThrow()
    await server.db.close()
  })

  test('does not wait for connections that bring no request', async () => {
    const server = await startServer()
    const open = (text: string): Promise<{ text: string }> =>
      exchange(server.url, (socket) => {
        if (text !== '') socket.write(text)
      })
    const quiet = ['', 'GET /v1 HTTP/1.1\r\nHost:'].map(open)
    await expect.poll(() => connectionsOf(server.app.server)).toBe(2)
    await server.app.close()
    for (const each of quiet) expect((await each).text).toBe('')
    await server.db.close()
  })

  test.runIf(process.platform === 'linux')(
    'leaves no connection open at further addresses of localhost (only Linux has two everywhere)',
    async () => {
      const lookup = dns.lookup as (...args: unknown[]) => void
      const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
      const spy = vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
        const [, options, done] = args as [string, { all?: boolean }, (error: null, found: unknown) => void]
        if (options.all) done(null, addresses)
        else lookup(...args)
      }) as typeof dns.lookup)
      try {
        const server = await serve(':memory:', { ...QUIET, host: 'localhost' })
        const port = Number(new URL(server.url).port)
        const socket = connect(port, '127.0.0.2').on('error', () => undefined)
        await once(socket.resume(), 'connect')
        const closed = once(socket, 'close')
        await server.close()
        await closed
      } finally {
        spy.mockRestore()
      }
    },
  )

  test('forgets requests that were sent together when their connection is lost', async () => {
    const server = await startServer()
    server.db.collections = () => new Promise(() => undefined)
    const ask = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.admin}\r\n\r\n`
    const underWay = async (): Promise<string | undefined> => {
      const { body } = await server.call('GET', '/metrics')
      return /^omen_http_requests_under_way (\d+)$/m.exec(String(body))?.[1]
    }
    await exchange(server.url, async (socket) => {
      socket.write(ask('/v1/collections') + ask('/v1/collections') + ask('/v1'))
      await expect.poll(underWay).toBe('4')
      socket.destroy()
    })
    // What is left is the question itself.
    await expect.poll(underWay).toBe('1')
    await server.close()
  })

  test('gives up on what does not end', async () => {
    const server = await startServer({ limits: { shutdownMs: 50 } })
    server.db.stats = () => new Promise(() => undefined)
    const never = server.call('GET', '/v1/stats').catch((error: Error) => error)
    await expect.poll(async () => (await server.call('GET', '/v1')).status).toBe(200)
    await server.app.close()
    expect(await never).toBeInstanceOf(Error)
    await server.db.close()
  })
})

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

test('pages of other origins may ask where they were let in, and no others', async () => {
  const server = await startServer({ origins: ['https://app.example'] })
  const ask = (origin: string): Promise<Response> =>
    fetch(`${server.url}/v1/collections`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
  const allowed = await ask('https://app.example')
  expect(allowed.status).toBe(204)
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
  const refused = await ask('https://evil.example')
  expect(refused.headers.get('access-control-allow-origin')).not.toBe('https://evil.example')
  await server.close()
})
