import { type Database, open } from '@omen/db'
import { afterEach, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../config/config.ts'
import { Gate } from '../limits/gate.ts'
import { Rate } from '../limits/rate.ts'
import { exchange } from '../testing/raw-connection.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function started(limits: ConfigInput['limits'], db?: Database): Promise<TestServer> {
  server = await startServer({ limits }, db ? { db } : {})
  await server.db.collection('docs', DOCS)
  return server
}

describe('a gate', () => {
  test('lets so many in, some more wait, and the rest comes again', async () => {
    const gate = new Gate({ concurrency: 2, queue: 1, queueMs: 1000 })
    expect([gate.enter(), gate.enter()]).toEqual([undefined, undefined])
    const third = gate.enter()
    expect(() => gate.enter()).toThrow(expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 }))
    expect([gate.working, gate.waiting, gate.refused]).toEqual([2, 1, 1])
    gate.leave()
    await third
    expect([gate.working, gate.waiting]).toEqual([2, 0])
    gate.leave()
    gate.leave()
    expect(gate.working).toBe(0)
  })

  test('refuses who has waited too long', async () => {
    const gate = new Gate({ concurrency: 1, queue: 5, queueMs: 10 })
    gate.enter()
    const waiting = gate.enter()
    gate.sweep(performance.now() + 5)
    expect(gate.waiting).toBe(1)
    gate.sweep(performance.now() + 20)
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded' })
  })
})

test('a rate is a bucket for each key, refilled evenly', () => {
  let now = 0
  const rate = new Rate(10, 3, () => now)
  for (let i = 0; i < 3; i++) rate.take('a')
  expect(() => rate.take('a')).toThrow(
    expect.objectContaining({ code: 'too_many_requests', retryAfterSeconds: 1 }),
  )
  rate.take('b')
  now += 100
  rate.take('a')
  expect(() => rate.take('a')).toThrow()
  now += 60_000
  for (let i = 0; i < 3; i++) rate.take('a')
  expect(() => rate.take('a')).toThrow()
})

describe('a server refuses', () => {
  const search = (more: object): [string, string, unknown] => [
    'POST',
    '/v1/collections/docs/search',
    { vector: { embedding: [0, 0, 0, 0] }, ...more },
  ]
  const nested = (levels: number): object => (levels === 0 ? { lang: 'en' } : { $not: nested(levels - 1) })
  const LIMITS = { batch: 3, dimension: 8, hits: 20, beam: 50, filterDepth: 4, filterNodes: 20, samples: 10 }

  test.each<[string, number, [string, string, unknown]]>([
    ['more rows than a batch has', 413, ['POST', '/v1/collections/docs/upsert', { rows: docs(4) }]],
    ['more ids', 413, ['POST', '/v1/collections/docs/get', { ids: ['a', 'b', 'c', 'd'] }]],
    ['more hits', 400, search({ limit: 21 })],
    ['more hits together with those left out', 400, search({ limit: 15, offset: 10 })],
    ['a wider beam', 400, search({ beam: 51 })],
    ['a deeper filter', 400, search({ where: nested(5) })],
    ['a larger filter', 400, search({ where: { lang: { $in: Array.from({ length: 20 }, String) } } })],
    ['more samples', 400, ['POST', '/v1/collections/docs/measure-recall', { samples: 11 }]],
    ['more hits of a measurement', 400, ['POST', '/v1/collections/docs/measure-recall', { k: 21 }]],
    [
      'longer vectors',
      400,
      ['PUT', '/v1/collections/long', { schema: { v: { kind: 'vector', dimension: 9 } } }],
    ],
    [
      'a filter of the wrong depth to delete by',
      400,
      ['POST', '/v1/collections/docs/delete', { where: nested(5) }],
    ],
  ])('%s', async (_, status, [method, path, body]) => {
    const { call, db } = await started(LIMITS)
    await call('POST', '/v1/collections/docs/upsert', { rows: docs(3) })
    expect(await call(method, path, body)).toMatchObject({ status })
    expect(await (await db.collection('docs')).count()).toBe(3)
    // What is just within is served.
    expect(await call(...search({ limit: 20, beam: 50, where: nested(3) }))).toMatchObject({ status: 200 })
  })

  test('a body that is too long, whatever it says of its length', async () => {
    const { url, admin, call } = await started({ bodyBytes: 2048 })
    const rows = [{ ...docs(1)[0], title: 'x'.repeat(3000) }]
    expect(await call('POST', '/v1/collections/docs/upsert', { rows })).toMatchObject({
      status: 413,
      body: { error: { code: 'too_large' } },
    })
    const head = `POST /v1/collections/docs/upsert HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin}\r\nContent-Type: application/json\r\n`
    const chunked = await exchange(url, (socket) => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
      for (let i = 0; i < 5; i++) socket.write(`200\r\n${' '.repeat(512)}\r\n`)
    })
    expect(chunked.status).toBe(413)
  })

  test('more requests of one key than it may make, and tells when to come again', async () => {
    const { call, key } = await started({ requestsPerSecond: 1, burst: 3 })
    const slow = { key: await key({ docs: 'read' }) }
    const statuses = []
    for (let i = 0; i < 4; i++)
      statuses.push((await call('POST', '/v1/collections/docs/count', {}, slow)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    const last = await call('POST', '/v1/collections/docs/count', {}, slow)
    expect(last).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } })
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    // The others are not concerned.
    expect((await call('POST', '/v1/collections/docs/count', {})).status).toBe(200)
  })

  test('what there is no place for, and serves what there is one for', async () => {
    const { call, db } = await started({ concurrency: 1, queue: 2, queueMs: 60_000 })
    const release = holdWrites(db)
    const write = (i: number): ReturnType<typeof call> =>
      call('POST', '/v1/collections/docs/upsert', { rows: docs(1, i) })
    const replies = Array.from({ length: 6 }, (_, i) => write(i))
    const refused: Awaited<ReturnType<typeof call>>[] = []
    for (const reply of replies) void reply.then((each) => refused.push(each))
    await expect.poll(() => refused.length).toBe(3)
    for (const reply of refused) {
      expect(reply).toMatchObject({ status: 503, body: { error: { code: 'overloaded' } } })
      expect(reply.headers.get('retry-after')).toBe('1')
    }
    release()
    const statuses = (await Promise.all(replies)).map(({ status }) => status).sort()
    expect(statuses).toEqual([200, 200, 200, 503, 503, 503])
    expect(await (await db.collection('docs')).count()).toBe(3)
  })

  test('more streams than there may be', async () => {
    const { call, url, admin } = await started({ streams: 1 })
    const abort = new AbortController()
    const watch = (): Promise<Response> =>
      fetch(`${url}/v1/collections/docs/watch`, {
        headers: { authorization: `Bearer ${admin}` },
        signal: abort.signal,
      })
    expect((await watch()).status).toBe(200)
    expect((await watch()).status).toBe(503)
    expect((await call('POST', '/v1/collections/docs/count', {})).status).toBe(200)
    abort.abort()
  })

  test('more snapshots than there may be', async () => {
    const { call } = await started({ snapshots: 1 })
    expect((await call('POST', '/v1/collections/docs/snapshots')).status).toBe(200)
    expect((await call('POST', '/v1/collections/docs/snapshots')).status).toBe(503)
  })

  test('work that takes too long, and writes nothing of it', async () => {
    const db = await open(':memory:')
    const { call } = await started({ timeoutMs: 60_000 }, db)
    const collection = await db.collection('docs')
    await collection.upsert(docs(2000) as never)
    const slow = await call('POST', '/v1/collections/docs/measure-recall', { samples: 1000, timeoutMs: 1 })
    expect(slow).toMatchObject({ status: 504, body: { error: { code: 'timeout' } } })
    await db.close()
  })
})

describe('a slow client', () => {
  test('has so much time for the headers', async () => {
    const { url } = await started({ headersMs: 50 })
    const { status } = await exchange(
      url,
      (socket) => void socket.write('GET /health/live HTTP/1.1\r\nHost:'),
    )
    expect(status).toBe(408)
  })

  test('has so much time for the body, and nothing of it is written', async () => {
    const { url, admin, db } = await started({ bodyMs: 50 })
    for (const type of ['application/json', 'application/x-ndjson']) {
      const path = type === 'application/json' ? 'upsert' : 'import'
      const { status, text } = await exchange(url, (socket) => {
        socket.write(
          `POST /v1/collections/docs/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin}\r\n` +
            `Content-Type: ${type}\r\nContent-Length: 1000\r\n\r\n{"rows":`,
        )
      })
      expect(status).toBe(408)
      expect(text).toContain('"timeout"')
    }
    expect(await (await db.collection('docs')).count()).toBe(0)
  })

  test('keeps no place while it sends', async () => {
    const { url, admin, call } = await started({ concurrency: 1, queue: 0, bodyMs: 60_000 })
    let done = (): void => undefined
    const slow = exchange(url, async (socket) => {
      socket.write(
        `POST /v1/collections/docs/count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${admin}\r\n` +
          'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
      )
      await new Promise<void>((resolve) => {
        done = resolve
      })
      socket.write('}')
    })
    expect((await call('POST', '/v1/collections/docs/count', {})).status).toBe(200)
    done()
    expect((await slow).status).toBe(200)
  })
})

/** Makes writes of a database wait until they are released. */
function holdWrites(db: Database): () => void {
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { collection } = db
  db.collection = (async (...args: Parameters<typeof collection>) => {
    const opened = await collection.apply(db, args)
    const { upsert } = opened
    opened.upsert = async (...given: Parameters<typeof upsert>) => {
      await held
      return await upsert.apply(opened, given)
    }
    return opened
  }) as typeof db.collection
  return release
}
