import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../testing/raw-connection.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer
beforeAll(async () => {
  const { pathname } = new URL('.', import.meta.url)
  server = await startServer({ console: { folder: pathname } })
  const collection = await server.db.collection('docs', {
    ...DOCS,
    data: { kind: 'json', optional: true, many: false, index: false },
  })
  await collection.upsert(docs(3) as never)
})
afterAll(() => server.close())

/** What there is, to be compared with what there was. */
async function everything(): Promise<unknown> {
  const collections = await server.db.collections()
  const rows: unknown[] = []
  for await (const row of (await server.db.collection('docs')).scan()) rows.push(row)
  return { names: collections.map(({ name }) => name), rows, keys: server.keys.list().length }
}

async function post(path: string, body: string | Uint8Array, type = 'application/json'): Promise<number> {
  const reply = await fetch(`${server.url}/v1/collections/docs/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.admin}`, 'content-type': type },
    body: body as never,
  })
  const { error } = (await reply.json()) as { error?: { code: string; requestId: string } }
  if (reply.status !== 200)
    expect(error).toMatchObject({ code: expect.any(String), requestId: expect.any(String) })
  return reply.status
}

const row = (more: string): string =>
  `{"rows":[{"id":"evil","title":"t","lang":"en","embedding":[1,2,3,4]${more}}]}`
const deep = (open: string, close: string, levels: number): string =>
  open.repeat(levels) + close.repeat(levels)

describe('nothing is written by', () => {
  test.each<[string, string, string | Uint8Array]>([
    ['a key that is a prototype', 'upsert', row(',"__proto__":{"admin":true}')],
    ['one written otherwise', 'upsert', row(',"\\u005f_proto__":{"admin":true}')],
    ['one deep inside', 'upsert', row(',"data":{"a":[{"__proto__":{"x":1}}]}')],
    ['a constructor with a prototype', 'upsert', row(',"data":{"constructor":{"prototype":{"x":1}}}')],
    ['a prototype as a filter', 'delete', '{"where":{"__proto__":{}}}'],
    ['what objects inherit, as a filter', 'delete', '{"where":{"toString":"x"}}'],
    ['what objects inherit, as a field', 'upsert', row(',"hasOwnProperty":1')],
    ['arrays without end', 'upsert', row(`,"data":${deep('[', ']', 100_000)}`)],
    ['objects without end', 'upsert', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['arrays that never end', 'upsert', '['.repeat(1_000_000)],
    ['filters without end', 'delete', `{"where":${'{"$not":'.repeat(70)}{}${'}'.repeat(70)}}`],
    ['a number too large for a component', 'upsert', row('').replace('[1,', '[1e39,')],
    ['a number too large for any number', 'upsert', row('').replace('[1,', '[1e999,')],
    ['a year beyond what numbers hold', 'upsert', row(',"year":9007199254740993')],
    ['a year with a fraction', 'upsert', row(',"year":1.5')],
    ['an id that is half a character', 'upsert', row('').replace('evil', '\\ud800')],
    ['a title that ends in half a character', 'upsert', row('').replace('"t"', '"t\\udfff"')],
    ['a key that is half a character', 'upsert', row(',"data":{"\\ud834":1}')],
    ['an id that is too long', 'upsert', row('').replace('evil', 'x'.repeat(70_000))],
    ['an empty id', 'upsert', row('').replace('evil', '')],
    [
      'bytes that are no UTF-8',
      'upsert',
      Buffer.concat([Buffer.from(row('').slice(0, 20)), Buffer.of(0xff, 0xfe)]),
    ],
    ['half of a body', 'upsert', row('').slice(0, -2)],
    ['two bodies', 'upsert', `${row('')}${row('')}`],
    ['an empty list', 'upsert', '{"rows":[]}'],
    ['a list that is none', 'upsert', '{"rows":{"0":{"id":"evil"},"length":1}}'],
    ['null', 'upsert', 'null'],
    ['a row twice', 'upsert', '{"rows":[{"id":"evil"},{"id":"evil"}]}'],
    ['one row of a batch that is wrong', 'upsert', row('').replace('}]}', '},{"id":"worse"}]}')],
    ['an unknown option', 'upsert', row('').replace(']}]}', ']}],"force":true}')],
    ['a durability that there is not', 'upsert', row('').replace(']}]}', ']}],"durability":"none"}')],
    ['a version that cannot be', 'upsert', row('').replace(']}]}', ']}],"ifVersion":-1}')],
    ['versions of prototypes', 'upsert', row('').replace(']}]}', ']}],"ifVersion":{"__proto__":1}}')],
    ['an import of a prototype', 'import', '{"id":"evil","__proto__":{}}'],
  ])('%s', async (_, path, body) => {
    const before = await everything()
    const type = path === 'import' ? 'application/x-ndjson' : 'application/json'
    const status = await post(path, body, type)
    // An import tells of rows that it left out.
    expect(status).toBeGreaterThanOrEqual(path === 'import' ? 200 : 400)
    expect(status).toBeLessThan(500)
    expect(await everything()).toEqual(before)
    expect(({} as { admin?: boolean; x?: number }).admin ?? ({} as { x?: number }).x).toBeUndefined()
  })

  test('a body that is cut off', async () => {
    const before = await everything()
    const body = row('')
    await exchange(server.url, (socket) => {
      socket.end(
        `POST /v1/collections/docs/upsert HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.admin}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length + 10}\r\n\r\n${body}`,
      )
    })
    expect(await everything()).toEqual(before)
  })
})

describe('a name leads nowhere else:', () => {
  const paths = [
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e',
    '%2e%2e%2f%2e%2e%2fkeys',
    'docs%00',
    'docs%2f..%2fdocs',
    'docs%5c..%5c',
    '__proto__',
    'constructor',
    'toString',
    'DOCS',
    'docs%20',
    '%F0%9F%98%80',
    'x'.repeat(300),
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
  ]
  test.each(paths)('%s', async (name) => {
    const before = await everything()
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/stats'],
      ['POST', '/count'],
      ['GET', '/rows/a'],
      ['DELETE', ''],
    ]) {
      const { status } = await exchange(server.url, (socket) => {
        socket.write(
          `${method} /v1/collections/${name}${rest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
            `Authorization: Bearer ${server.admin}\r\n\r\n`,
        )
      })
      // Dropping what is not there is fine; everything else is refused.
      expect(status).toBeGreaterThanOrEqual(method === 'DELETE' ? 200 : 400)
      expect(status).toBeLessThan(500)
    }
    expect(await everything()).toEqual(before)
  })

  test('and a role for one is no role for another that looks like it', async () => {
    const key = await server.key({ docs: 'read' })
    for (const name of ['Docs', 'docs%20', 'docs%2f', './docs', '*', '%2a']) {
      const { status } = await exchange(server.url, (socket) => {
        socket.write(
          `GET /v1/collections/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n\r\n`,
        )
      })
      expect([403, 404]).toContain(status)
    }
  })
})

describe('files', () => {
  const get = (path: string): Promise<{ status: number; text: string }> =>
    exchange(server.url, (socket) => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    })

  test('of the console are sent as pages that load nothing from elsewhere', async () => {
    const { status, text } = await get('/console/07-hostile.test.ts')
    expect(status).toBe(200)
    expect(text.toLowerCase()).toContain("content-security-policy: default-src 'none'")
    expect(text.toLowerCase()).toContain('x-content-type-options: nosniff')
    expect((await get('/')).text).toMatch(/^location: \/console\/\r$/im)
  })

  test.each([
    '/console/../server.ts',
    '/console/..%2fserve.ts',
    '/console/%2e%2e/serve.ts',
    '/console/%2e%2e%2fserve.ts',
    '/console/..%5cserve.ts',
    '/console/%252e%252e%252fserve.ts',
    '/console//etc/passwd',
    '/console/%00',
    '/console/.hidden',
    '/docs/..%2fpackage.json',
    '/docs/package.json',
  ])('above or beside their folder are not: %s', async (path) => {
    const { status, text } = await get(path)
    expect([400, 401, 403, 404]).toContain(status)
    expect(text).not.toContain('export')
  })
})

describe('what is no HTTP that is accepted', () => {
  test.each<[string, string, number]>([
    ['nonsense', 'HELLO\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /v1 HTTP/1.1\r\n\r\n', 400],
  ])('is refused: %s', async (_, text, status) => {
    expect((await exchange(server.url, (socket) => void socket.write(text))).status).toBe(status)
  })
})

test('a request id is ours, whatever a client says', async () => {
  const reply = await server.call('GET', '/v1', undefined, { headers: { 'x-request-id': 'forged' } })
  expect(reply.headers.get('x-request-id')).not.toBe('forged')
})

test('a bug is not told, but logged under the id of the request', async () => {
  const broken = await startServer()
  try {
    broken.db.stats = () => Promise.reject(new Error('secret words'))
    const reply = await broken.call('GET', '/v1/stats')
    expect(reply).toMatchObject({ status: 500, body: { error: { code: 'internal' } } })
    expect(JSON.stringify(reply.body)).not.toContain('secret')
  } finally {
    await broken.close()
  }
})
