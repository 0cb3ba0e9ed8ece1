import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect, type RemoteCollection, type RemoteDatabase } from '../index.ts'
import { row, SCHEMA } from './rows.ts'
import { Network, type Served, served } from './served.ts'

let server: Served
let network: Network
let db: RemoteDatabase
let rows: RemoteCollection<typeof SCHEMA>
beforeAll(async () => {
  server = await served()
})
afterAll(() => server.close())
beforeEach(async () => {
  for (const { name } of await server.behind.collections()) await server.behind.drop(name)
  network = new Network()
  db = await server.connect({ fetch: network.fetch })
  rows = await db.collection('rows', SCHEMA)
  await rows.upsert([row(0), row(1)])
  network.requests.length = 0
})

const unreached = { kind: 'do not reach it' } as const
const lost = { kind: 'lose the reply' } as const
const busy = { kind: 'reply', status: 503, headers: { 'retry-after': '0' } } as const

describe('a read', () => {
  test('is tried again when nobody answers, or the server is busy', async () => {
    network.faults.push(unreached, busy, { ...busy, status: 429 })
    expect(await rows.count()).toBe(2)
    expect(network.requests).toHaveLength(4)
  })

  test('is given up in the end, with the last failure', async () => {
    network.faults.push(unreached, unreached, unreached, unreached)
    await expect(rows.count()).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/no reply from/),
    })
    expect(network.requests).toHaveLength(4)
    network.requests.length = 0
    network.faults.push(busy, busy, busy, busy)
    await expect(rows.count()).rejects.toMatchObject({ code: 'overloaded' })
  })

  test('waits as long as the server asks, but not for ever', async () => {
    network.faults.push({ ...busy, headers: { 'retry-after': '3600' } })
    await expect(rows.count()).rejects.toMatchObject({ code: 'overloaded' })
    expect(network.requests).toHaveLength(1)
    network.faults.push({ ...busy, headers: { 'retry-after': '5' } })
    await expect(rows.search({ vector: { at: [0, 0] }, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  test.each([
    [400, 'invalid_argument'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [413, 'too_large'],
    [500, 'internal'],
    [504, 'timeout'],
  ])('is not tried again after %i, which a proxy said', async (status, code) => {
    network.faults.push({ kind: 'reply', status, body: '<html>', headers: { 'content-type': 'text/html' } })
    await expect(rows.count()).rejects.toMatchObject({ code })
    expect(network.requests).toHaveLength(1)
  })

  test('of something that is no server of Omen says so', async () => {
    network.faults.push({
      kind: 'reply',
      status: 200,
      body: '<html>',
      headers: { 'content-type': 'text/html' },
    })
    await expect(rows.count()).rejects.toMatchObject({ code: 'unsupported', message: /no server of Omen/ })
  })

  test('takes no longer than the connection allows', async () => {
    const silent = await server.connect({
      timeoutMs: 200,
      fetch: (input, init) =>
        String(input).endsWith('/v1')
          ? fetch(input, init)
          : new Promise((_, reject) => {
              init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
            }),
    })
    await expect(silent.collections()).rejects.toMatchObject({ code: 'timeout', message: /200 ms/ })
  })
})

describe('a write', () => {
  test('whose reply was lost is made once', async () => {
    network.faults.push(lost, unreached)
    const version = await server.behind.stats().then(({ log }) => log.lastVersion)
    expect(await rows.upsert([row(1), row(2)])).toEqual({ version: version + 1, written: 2, removed: 1 })
    expect((await server.behind.stats()).log.lastVersion).toBe(version + 1)
    const [first, second, third] = network.requests
    expect(first?.once).toMatch(/^[0-9a-f]{32}$/)
    expect([second?.once, third?.once]).toEqual([first?.once, first?.once])
  })

  test('takes a key of its own each time', async () => {
    await rows.upsert([row(3)])
    await rows.delete({ ids: ['r3'] })
    expect(new Set(network.requests.map(({ once }) => once)).size).toBe(2)
  })

  test('that nobody knows the outcome of says so', async () => {
    const hasty = await server.connect({ retries: 0, fetch: network.fetch })
    const others = await hasty.collection('rows', SCHEMA)
    network.faults.push(lost)
    await expect(others.upsert([row(9)])).rejects.toMatchObject({ code: 'unknown_outcome' })
    expect(await rows.has('r9')).toBe(true)
  })

  test('of many rows goes in batches where that was asked for', async () => {
    const given = Array.from({ length: 25 }, (_, i) => row(i))
    const seen: number[] = []
    const onProgress = (written: number): unknown => seen.push(written)
    expect(await rows.upsertInBatches(given, { batchRows: 10, onProgress })).toMatchObject({
      written: 25,
      removed: 2,
    })
    expect(network.requests.map(({ path }) => path)).toEqual(new Array(3).fill('/v1/collections/rows/upsert'))
    expect(seen).toEqual([10, 20, 25])
    await expect(rows.upsertInBatches(given, { batchRows: 0 })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })
})

describe('a stream', () => {
  test('of changes goes on where it was cut: none is missed, none comes twice', async () => {
    const { version } = await rows.upsert([row(2)])
    for (let i = 3; i < 8; i++) await rows.upsert([row(i)])
    network.faults.push({ kind: 'cut', afterChunks: 1 }, unreached, { kind: 'cut', afterChunks: 2 }, busy)
    const ids: (string | undefined)[] = []
    for await (const { written } of rows.watch({ after: version })) {
      ids.push(written[0]?.id)
      const next = 8 + ids.length
      if (next < 12) await rows.upsert([row(next)])
      if (ids.length === 8) break
    }
    expect(ids).toEqual(['r3', 'r4', 'r5', 'r6', 'r7', 'r9', 'r10', 'r11'])
  })

  test('of rows that is cut is an error, and no short answer', async () => {
    await rows.upsertInBatches(Array.from({ length: 5000 }, (_, i) => row(i)))
    network.faults.push({ kind: 'cut', afterChunks: 1 })
    const scan = async (): Promise<number> => {
      let count = 0
      for await (const _ of rows.scan()) count++
      return count
    }
    await expect(scan()).rejects.toMatchObject({ code: 'io' })
    expect(await scan()).toBe(5000)
  })

  test('ends when the connection is closed', async () => {
    const { lastVersion } = (await db.stats()).log
    const watch = rows.watch({ after: lastVersion })
    const waiting = expect(watch.next()).rejects.toMatchObject({ code: 'closed' })
    await db.close()
    await waiting
  })
})

describe('a connection', () => {
  test('needs a key that the server knows, and an address', async () => {
    await expect(connect(server.url, { key: 'omen_a_b' })).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(connect('http://127.0.0.1:1', { retries: 0 })).rejects.toMatchObject({ code: 'io' })
    for (const url of ['', 'localhost', 'ftp://localhost', 'http://a:b@localhost', 'http://localhost/?a=b']) {
      await expect(connect(url)).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    const wrong: object[] = [
      { key: 'a b' },
      { timeoutMs: 0 },
      { retries: -1 },
      { format: 'xml' },
      { token: 'a' },
    ]
    for (const options of wrong) {
      await expect(connect(server.url, options)).rejects.toMatchObject({ code: 'invalid_argument' })
    }
  })

  test('with a key that may only read opens what is there', async () => {
    const reading = await connect(server.url, {
      key: await server.key({ rows: 'read' }),
      fetch: network.fetch,
    })
    const readable = await reading.collection('rows', SCHEMA)
    expect(await readable.count()).toBe(2)
    await expect(readable.upsert([row(5)])).rejects.toMatchObject({ code: 'forbidden' })
    await expect(reading.collection('others', SCHEMA)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('sends a search for one vector as bytes', async () => {
    await rows.search({ vector: { at: Float32Array.of(1, 0) }, limit: 1 })
    await rows.search({ vector: { at: [1, 0] }, where: { id: 'r1' }, select: [] })
    expect(network.requests.map(({ type }) => type)).toEqual(new Array(2).fill('application/octet-stream'))
  })
})
