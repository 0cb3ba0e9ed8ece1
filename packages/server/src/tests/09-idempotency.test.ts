import { afterAll, beforeAll, expect, test } from 'vitest'
import { Idempotency } from '../state/idempotency.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await server.db.collection('docs', DOCS)
})
afterAll(() => server.close())

const upsert = (body: unknown, id: string, key?: string): ReturnType<TestServer['call']> =>
  server.call('POST', '/v1/collections/docs/upsert', body, {
    headers: { 'idempotency-key': id },
    ...(key !== undefined && { key }),
  })

test('a write that is sent again is done once', async () => {
  const body = { rows: docs(1), ifVersion: 0 }
  const first = await upsert(body, 'a')
  const again = await upsert(body, 'a')
  expect(first).toMatchObject({ status: 200, body: { written: 1 } })
  expect(again).toMatchObject({ status: 200, body: first.body })
  expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true'])
  // Without the key it is a conflict: the row is there.
  expect(await server.call('POST', '/v1/collections/docs/upsert', body)).toMatchObject({ status: 409 })
})

test('sent many times at once, too', async () => {
  const body = { rows: docs(1, 10), ifVersion: 0 }
  const replies = await Promise.all(Array.from({ length: 8 }, () => upsert(body, 'at-once')))
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
  expect(new Set(replies.map(({ body: reply }) => JSON.stringify(reply))).size).toBe(1)
})

test('the same key for another request is a conflict, and for another client is another key', async () => {
  await upsert({ rows: docs(1, 20) }, 'b')
  expect(await upsert({ rows: docs(1, 21) }, 'b')).toMatchObject({
    status: 409,
    body: { error: { code: 'conflict' } },
  })
  const other = await server.key({ docs: 'write' })
  expect(await upsert({ rows: docs(1, 21) }, 'b', other)).toMatchObject({ status: 200 })
})

test('what failed wrote nothing, and is tried again', async () => {
  const body = { rows: docs(1, 30), ifVersion: 0 }
  await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(1, 30) })
  expect(await upsert(body, 'c')).toMatchObject({ status: 409 })
  await server.call('POST', '/v1/collections/docs/delete', { ids: ['doc-30'] })
  expect(await upsert(body, 'c')).toMatchObject({ status: 200 })
})

test.each(['', ' ', 'a b', 'x'.repeat(256)])('a key is not %j', async (id) => {
  const { status } = await upsert({ rows: docs(1) }, id)
  // What an empty header says, fetch does not send.
  expect(status).toBe(id.trim() === '' ? status : 400)
})

test('replies are forgotten after a while, and the oldest first', async () => {
  const some = new Idempotency({ idempotencyKeys: 2, idempotencyMs: 60_000 })
  let done = 0
  const work = async (): Promise<number> => ++done
  for (const key of ['a', 'b', 'c', 'b', 'c', 'a']) await some.once('who', key, ['x'], work)
  expect(done).toBe(4)
  const short = new Idempotency({ idempotencyKeys: 2, idempotencyMs: -1 })
  for (let i = 0; i < 2; i++) await short.once('who', 'a', ['x'], work)
  expect(done).toBe(6)
})
