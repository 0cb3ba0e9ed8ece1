import { decode, ExtensionCodec, encode } from '@msgpack/msgpack'
import { MSGPACK_TYPE, VECTOR_TYPE } from '@omen/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../testing/raw-connection.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

/** Made by hand from the contract, so that both sides are not wrong in the same way. */
const extensionCodec = new ExtensionCodec()
extensionCodec.register({
  type: 1,
  encode: (value) =>
    value instanceof Float32Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
  decode: (bytes) => new Float32Array(bytes.slice().buffer),
})

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  const collection = await server.db.collection('docs', {
    ...DOCS,
    seen: { kind: 'date', optional: true, many: false, index: true },
  })
  await collection.upsert(docs(20) as never)
})
afterAll(() => server.close())

async function send(
  path: string,
  type: string,
  body: Uint8Array,
  accept?: string,
): Promise<{ status: number; body: unknown; type: string | null }> {
  const reply = await fetch(`${server.url}/v1/collections/docs${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.admin}`, 'content-type': type, ...(accept && { accept }) },
    body: body as never,
  })
  const bytes = new Uint8Array(await reply.arrayBuffer())
  const replied = reply.headers.get('content-type')
  const parsed =
    replied === MSGPACK_TYPE ? decode(bytes, { extensionCodec }) : JSON.parse(Buffer.from(bytes).toString())
  return { status: reply.status, body: parsed, type: replied }
}

const pack = (value: unknown): Uint8Array => encode(value, { extensionCodec })

describe('MessagePack', () => {
  test('carries vectors as bytes and dates as timestamps, both ways', async () => {
    const seen = new Date('2024-05-06T07:08:09.123Z')
    const embedding = Float32Array.of(1.5, 2, 3, 4)
    const rows = [{ id: 'packed', title: 'Packed', lang: 'en', embedding, seen }]
    const written = await send('/upsert', MSGPACK_TYPE, pack({ rows }), MSGPACK_TYPE)
    expect(written).toMatchObject({ status: 200, type: MSGPACK_TYPE, body: { written: 1 } })
    const found = await send(
      '/search',
      MSGPACK_TYPE,
      pack({ vector: { embedding }, select: ['seen', 'embedding'], limit: 1, where: { seen } }),
      MSGPACK_TYPE,
    )
    expect(found.body).toEqual({ hits: [{ id: 'packed', score: 1, distance: 0, seen, embedding }] })
    // The same row as JSON says them in the forms of JSON.
    const row = await server.call('GET', '/v1/collections/docs/rows/packed?select=seen,embedding')
    expect(row.body).toEqual({ id: 'packed', seen: seen.toISOString(), embedding: [1.5, 2, 3, 4] })
  })

  test('tells errors to who prefers it', async () => {
    const reply = await send('/search', MSGPACK_TYPE, pack({ vector: {} }), MSGPACK_TYPE)
    expect(reply).toMatchObject({
      status: 400,
      type: MSGPACK_TYPE,
      body: { error: { code: 'invalid_argument' } },
    })
  })

  test.each([
    ['nothing', Uint8Array.of()],
    ['half of a document', pack({ rows: docs(1) }).slice(0, -3)],
    ['more than a document', Uint8Array.of(...pack({ rows: [] }), 1)],
    ['a length that memory does not have', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['an array where there is an object', pack([1])],
    ['levels without end', Uint8Array.from({ length: 100_000 }, () => 0x91)],
    [
      'an extension that there is not',
      pack({ rows: [{ id: 'a', x: 1 }] }).map((b, i) => (i === 0 ? 0xc7 : b)),
    ],
    ['a vector of three bytes', Uint8Array.of(0x81, 0xa4, 0x72, 0x6f, 0x77, 0x73, 0x91, 0xc7, 3, 1, 0, 0, 0)],
  ])('refuses %s', async (_, bytes) => {
    expect(await send('/upsert', MSGPACK_TYPE, bytes)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_argument' } },
    })
  })
})

describe('a vector as bytes', () => {
  const bytes = (...components: number[]): Uint8Array => new Uint8Array(Float32Array.from(components).buffer)

  test('is searched for like any other', async () => {
    const raw = await send('/search?limit=2&select=title&field=embedding', VECTOR_TYPE, bytes(4, 0, 0, 0))
    const json = await server.call('POST', '/v1/collections/docs/search', {
      vector: { embedding: [4, 0, 0, 0] },
      limit: 2,
      select: ['title'],
    })
    expect(raw.body).toEqual(json.body)
    expect((raw.body as { hits: unknown[] }).hits).toHaveLength(2)
  })

  test('takes everything else in the query string', async () => {
    const where = encodeURIComponent('{"lang":"de"}')
    const query = `?where=${where}&limit=3&offset=1&beam=20&exact=true&within=50&explain=true&select=`
    const raw = await send(`/search${query}`, VECTOR_TYPE, bytes(0, 0, 0, 0))
    expect(raw.body).toMatchObject({
      hits: [
        { id: 'doc-3', distance: 9 },
        { id: 'doc-5', distance: 25 },
        { id: 'doc-7', distance: 49 },
      ],
      explanation: { segments: [{ matches: 10 }] },
    })
  })

  test.each([
    ['?limit=0', bytes(1, 2, 3, 4)],
    ['?limit=ten', bytes(1, 2, 3, 4)],
    ['?limit=1&limit=2', bytes(1, 2, 3, 4)],
    ['?limit=100000', bytes(1, 2, 3, 4)],
    ['?limitt=1', bytes(1, 2, 3, 4)],
    ['?__proto__=1', bytes(1, 2, 3, 4)],
    ['?where={', bytes(1, 2, 3, 4)],
    ['?where={"__proto__":{}}', bytes(1, 2, 3, 4)],
    ['?field=title', bytes(1, 2, 3, 4)],
    ['?select=nothing', bytes(1, 2, 3, 4)],
    ['', bytes(1, 2, 3)],
    ['', Uint8Array.of(1, 2, 3)],
    ['', Uint8Array.of()],
    ['', bytes(Number.NaN, 0, 0, 0)],
  ])('refuses %s', async (query, body) => {
    expect(await send(`/search${query}`, VECTOR_TYPE, body)).toMatchObject({ status: 400 })
  })
})

describe('a body', () => {
  test.each([
    ['text/plain', '{"ids":[]}'],
    ['application/x-www-form-urlencoded', 'ids=1'],
    ['application/octet-stream', '{"ids":[]}'],
    ['application/x-ndjson', '{"ids":[]}'],
    ['application/json+other', '{"ids":[]}'],
  ])('of type %s is not taken where nobody reads it', async (type, body) => {
    const reply = await send('/get', type, Buffer.from(body))
    expect(reply).toMatchObject({ status: 415, body: { error: { code: 'unsupported' } } })
  })

  test('comes in pieces, after another that was wrong, and ahead of the next, over one connection', async () => {
    const request = (body: string, more = ''): string =>
      `POST /v1/collections/docs/count HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.admin}\r\n${more}` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const { text } = await exchange(server.url, async (socket) => {
      socket.setNoDelay(true)
      for (const piece of request('{"where":{"lang":"de"}}').match(/.{1,60}/gs) ?? []) {
        socket.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      socket.write(request('{"where":') + request('{}') + request('{"where":{}}', 'Connection: close\r\n'))
    })
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(
      ['200', '400', '200', '200'].map((code) => `HTTP/1.1 ${code}`),
    )
    expect(text.match(/"count":\d+/g)).toHaveLength(3)
    expect(text.match(/connection: close/gi)).toHaveLength(1)
  })

  test('is needed where there is something to say', async () => {
    expect(await server.call('POST', '/v1/collections/docs/upsert')).toMatchObject({ status: 400 })
    expect(await server.call('POST', '/v1/collections/docs/import')).toMatchObject({ status: 400 })
  })

  test('has no property that is not known', async () => {
    const reply = await server.call('POST', '/v1/collections/docs/count', { wher: {} })
    expect(reply).toMatchObject({ status: 400, body: { error: { message: 'body has no property "wher"' } } })
  })

  test('is not changed into what it should have been', async () => {
    const query = { vector: { embedding: [1, 0, 0, 0] }, limit: '2' }
    expect(await server.call('POST', '/v1/collections/docs/search', query)).toMatchObject({ status: 400 })
  })
})
