import { encode } from '@msgpack/msgpack'
import { MSGPACK_STREAM_TYPE, NDJSON_TYPE } from '@omen/wire'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ limits: { heartbeatMs: 30, batch: 500, bodyBytes: 100_000 } })
})
afterAll(() => server.close())
beforeEach(async () => {
  await server.db.drop('docs')
  await server.db.collection('docs', DOCS)
})

const path = (rest: string): string => `${server.url}/v1/collections/docs${rest}`
const headers = (more: Record<string, string> = {}): Record<string, string> => ({
  authorization: `Bearer ${server.admin}`,
  ...more,
})

async function importing(
  body: string | Uint8Array | ReadableStream,
  type: string = NDJSON_TYPE,
  query = '',
): Promise<Response> {
  return await fetch(path(`/import${query}`), {
    ...{ method: 'POST', headers: headers({ 'content-type': type }), body },
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  } as RequestInit)
}

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

describe('import', () => {
  test('writes rows as they come, and says which lines are wrong', async () => {
    const rows: unknown[] = docs(1200)
    rows[10] = { id: 'doc-10' }
    rows[700] = { ...docs(1)[0], id: 'x', embedding: [1, 2] }
    // Twice in one batch: the later one counts.
    rows[701] = { ...docs(1)[0], id: 'doc-702', title: 'earlier' }
    const text = `${lines(rows.slice(0, 5))}{"id": \n\n${lines(rows.slice(5))}`
    const reply = await importing(text, NDJSON_TYPE, '?batch=100')
    expect(await reply.json()).toMatchObject({
      rows: 1201,
      written: 1198,
      rejected: 3,
      errors: [
        { line: 6, code: 'invalid_argument' },
        { line: 13, code: 'invalid_argument', message: expect.stringContaining('title') },
        { line: 703, code: 'dimension_mismatch' },
      ],
    })
    const docs702 = await server.call('GET', '/v1/collections/docs/rows/doc-702')
    expect(docs702.body).toMatchObject({ title: 'Title 702' })
  })

  test('reads documents that come in pieces, in both forms', async () => {
    const rows = docs(50)
    const frames = rows.flatMap((row) => {
      const bytes = encode(row)
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, bytes.length, true)
      return [...length, ...bytes]
    })
    for (const [type, bytes] of [
      [NDJSON_TYPE, Buffer.from(lines(rows).trimEnd())],
      [MSGPACK_STREAM_TYPE, Uint8Array.from(frames)],
    ] as const) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) =>
        bytes.subarray(i * 7, i * 7 + 7),
      )
      const stream = new ReadableStream({
        pull(controller) {
          const piece = pieces.shift()
          if (piece) controller.enqueue(new Uint8Array(piece))
          else controller.close()
        },
      })
      expect(await (await importing(stream, type)).json()).toMatchObject({
        rows: 50,
        written: 50,
        rejected: 0,
      })
    }
  })

  test('leaves out a line that is too long, and goes on', async () => {
    const [first, second] = docs(2)
    const long = { ...first, title: 'x'.repeat(200_000) }
    const reply = await importing(lines([long, second]))
    expect(await reply.json()).toMatchObject({ written: 1, errors: [{ line: 1, code: 'too_large' }] })
  })

  test('ends at a frame that is too long or cut short: where the next begins is not known', async () => {
    const long = await importing(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 1), MSGPACK_STREAM_TYPE)
    expect(long.status).toBe(413)
    const short = await importing(Uint8Array.of(9, 0, 0, 0, 1), MSGPACK_STREAM_TYPE)
    expect(short.status).toBe(400)
  })

  test('of nothing writes nothing', async () => {
    expect(await (await importing('\n\n')).json()).toMatchObject({ rows: 0, written: 0 })
  })
})

describe('scan', () => {
  test('goes through all rows in either form', async () => {
    await importing(lines(docs(1000)))
    const scanned = await fetch(path('/scan'), { method: 'POST', headers: headers() })
    expect(scanned.headers.get('content-type')).toBe(NDJSON_TYPE)
    const rows = (await scanned.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string })
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1000)
    const packed = await fetch(path('/scan'), {
      method: 'POST',
      headers: headers({ accept: MSGPACK_STREAM_TYPE, 'content-type': 'application/json' }),
      body: JSON.stringify({ where: { lang: 'de' }, select: ['embedding'], limit: 3 }),
    })
    const bytes = Buffer.from(await packed.arrayBuffer())
    let frames = 0
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32LE(at)) frames++
    expect(frames).toBe(3)
  })

  test('says what is wrong as an error like any other, before it begins', async () => {
    const reply = await server.call('POST', '/v1/collections/docs/scan', { where: { nothing: 1 } })
    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'unknown_field' } } })
  })

  test('reads a snapshot, which no write shows in, until that is closed', async () => {
    await importing(lines(docs(5)))
    const { body } = await server.call('POST', '/v1/collections/docs/snapshots', { ttlMs: 60_000 })
    const { snapshot } = body as { snapshot: string }
    await server.call('POST', '/v1/collections/docs/delete', { where: {} })
    const scanned = await server.call('POST', `/v1/collections/docs/scan?snapshot=${snapshot}`)
    expect(String(scanned.body).trimEnd().split('\n')).toHaveLength(5)
    const count = (): ReturnType<typeof server.call> =>
      server.call('POST', `/v1/collections/docs/count?snapshot=${snapshot}`)
    expect((await count()).body).toEqual({ count: 5 })
    const closed = await server.call('DELETE', `/v1/collections/docs/snapshots/${snapshot}`)
    expect(closed.body).toEqual({ closed: true })
    expect(await count()).toMatchObject({ status: 404 })
  })
})

test('a snapshot expires, and is of its collection alone', async () => {
  await server.db.collection('other', DOCS)
  const { body } = await server.call('POST', '/v1/collections/docs/snapshots', { ttlMs: 60_000 })
  const { snapshot } = body as { snapshot: string }
  expect(await server.call('POST', `/v1/collections/other/count?snapshot=${snapshot}`)).toMatchObject({
    status: 404,
  })
  const short = await server.call('POST', '/v1/collections/docs/snapshots', { ttlMs: 1 })
  const { snapshot: gone } = short.body as { snapshot: string }
  await expect
    .poll(async () => (await server.call('POST', `/v1/collections/docs/count?snapshot=${gone}`)).status)
    .toBe(404)
})

describe('watch', () => {
  /** The lines of a watch, one after another; empty ones are heartbeats. */
  async function* watching(query = ''): AsyncGenerator<string, void, undefined> {
    const reply = await fetch(path(`/watch${query}`), { headers: headers() })
    expect(reply.status).toBe(200)
    let text = ''
    for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString()
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        yield text.slice(0, end)
        text = text.slice(end + 1)
      }
    }
  }

  test('tells changes as they happen, with heartbeats between them', async () => {
    const seen: string[] = []
    let beats = 0
    for await (const line of watching('?select=lang')) {
      if (line === '') {
        beats++
        if (beats === 2) await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(1) })
        if (beats === 4) await server.call('POST', '/v1/collections/docs/delete', { ids: ['doc-0'] })
      } else if (seen.push(line) === 2) break
    }
    expect(seen.map((line) => JSON.parse(line))).toMatchObject([
      { deleted: [], written: [{ id: 'doc-0', lang: 'en' }] },
      { deleted: ['doc-0'], written: [] },
    ])
  })

  test('catches up from a version', async () => {
    const first = await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(1) })
    await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(1, 5) })
    const { version } = first.body as { version: number }
    for await (const line of watching(`?after=${version}`)) {
      if (line === '') continue
      expect(JSON.parse(line)).toMatchObject({ written: [{ id: 'doc-5' }] })
      break
    }
  })

  test('ends with an error when the collection goes', async () => {
    let last = ''
    let dropped = false
    for await (const line of watching()) {
      if (line !== '') last = line
      else if (!dropped) {
        dropped = true
        await server.db.drop('docs')
      }
    }
    expect(JSON.parse(last)).toMatchObject({ error: { code: 'not_found' } })
  })

  test('gives its place back when the client goes away', async () => {
    const abort = new AbortController()
    const reply = await fetch(path('/watch'), { headers: headers(), signal: abort.signal })
    const streams = async (): Promise<string | undefined> =>
      /omen_http_streams (\d+)/.exec(String((await server.call('GET', '/metrics')).body))?.[1]
    expect(await streams()).toBe('1')
    abort.abort()
    await reply.body?.cancel().catch(() => undefined)
    await expect.poll(streams).toBe('0')
  })
})

test('optimizing tells how far it has come to who asks', async () => {
  await importing(lines(docs(3000)))
  const reply = await fetch(path('/optimize'), { method: 'POST', headers: headers({ accept: NDJSON_TYPE }) })
  const items = (await reply.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(items.at(-1)).toEqual({ finished: true })
  for (const item of items.slice(0, -1)) expect(item).toMatchObject({ done: expect.any(Number) })
})
