import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docs, startServer, type TestServer } from '../testing/start-server.ts'

const SCHEMA = {
  title: { kind: 'text' },
  lang: { kind: 'keyword' },
  year: { kind: 'integer', optional: true },
  embedding: { kind: 'vector', dimension: 4, metric: 'l2', quantizer: 'none' },
}

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

describe('a collection over HTTP', () => {
  test('is created with a schema, and says it again with all its settings', async () => {
    const put = await server.call('PUT', '/v1/collections/docs', { schema: SCHEMA })
    expect(put).toMatchObject({ status: 200, body: { name: 'docs', rows: 0 } })
    const got = await server.call('GET', '/v1/collections/docs')
    expect(got.body).toMatchObject({
      schema: {
        title: { kind: 'text', optional: false, many: false, index: false },
        embedding: { kind: 'vector', dimension: 4, metric: 'l2', quantizer: 'none/1', index: 'hnsw' },
      },
    })
    // What it says can be put again.
    const { schema } = got.body as { schema: object }
    expect(await server.call('PUT', '/v1/collections/docs', { schema })).toMatchObject({ status: 200 })
  })

  test('takes rows, and finds them by vector, filter and id', async () => {
    const upsert = await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(10) })
    expect(upsert).toMatchObject({ status: 200, body: { written: 10, removed: 0 } })
    const search = await server.call('POST', '/v1/collections/docs/search', {
      vector: { embedding: [3, 0, 0, 0] },
      where: { lang: 'en' },
      select: ['title', 'embedding'],
      limit: 2,
    })
    expect(search.body).toEqual({
      hits: [
        { id: 'doc-2', score: 0.5, distance: 1, title: 'Title 2', embedding: [2, 0, 0, 0] },
        { id: 'doc-4', score: 0.5, distance: 1, title: 'Title 4', embedding: [4, 0, 0, 0] },
      ],
    })
    const row = await server.call('GET', '/v1/collections/docs/rows/doc-7?select=title,year')
    expect(row.body).toEqual({ id: 'doc-7', title: 'Title 7', year: 2007 })
    expect(await server.call('GET', '/v1/collections/docs/rows/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
    const rows = await server.call('POST', '/v1/collections/docs/get', { ids: ['doc-1', 'x'], select: [] })
    expect(rows.body).toEqual({ rows: [{ id: 'doc-1' }, null] })
  })

  test('counts, says what is there and at which version', async () => {
    expect((await server.call('POST', '/v1/collections/docs/count')).body).toEqual({ count: 10 })
    const count = await server.call('POST', '/v1/collections/docs/count', { where: { year: { $gte: 2008 } } })
    expect(count.body).toEqual({ count: 2 })
    expect((await server.call('POST', '/v1/collections/docs/has', { id: 'doc-3' })).body).toEqual({
      has: true,
    })
    const { body } = await server.call('POST', '/v1/collections/docs/version', { id: 'doc-3' })
    const { version } = body as { version: number }
    const conflict = await server.call('POST', '/v1/collections/docs/update', {
      changes: [{ id: 'doc-3', year: 1999 }],
      ifVersion: version + 1,
    })
    expect(conflict).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    const changed = await server.call('POST', '/v1/collections/docs/update', {
      changes: [{ id: 'doc-3', year: 1999 }],
      ifVersion: version,
    })
    expect(changed).toMatchObject({ status: 200, body: { written: 1, removed: 1 } })
  })

  test('replaces and deletes rows that match', async () => {
    const replaced = await server.call('POST', '/v1/collections/docs/replace', {
      where: { lang: 'de' },
      rows: docs(1, 100),
    })
    expect(replaced.body).toMatchObject({ written: 1, removed: 5 })
    const deleted = await server.call('POST', '/v1/collections/docs/delete', { ids: ['doc-0', 'never'] })
    expect(deleted.body).toMatchObject({ written: 0, removed: 1 })
    const both = await server.call('POST', '/v1/collections/docs/delete', { ids: ['a'], where: {} })
    expect(both).toMatchObject({ status: 400, body: { error: { code: 'invalid_argument' } } })
    await server.call('POST', '/v1/collections/docs/delete', { where: { lang: { $ne: 'none' } } })
    expect((await server.call('POST', '/v1/collections/docs/count', {})).body).toEqual({ count: 0 })
  })

  test('searches for many at once, and compares itself with the truth', async () => {
    await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(50) })
    const many = await server.call('POST', '/v1/collections/docs/search-many', {
      vector: {
        embedding: [
          [1, 0, 0, 0],
          [40, 0, 0, 0],
        ],
      },
      select: [],
      limit: 1,
    })
    expect(many.body).toEqual({
      results: [
        { hits: [{ id: 'doc-1', score: 1, distance: 0 }] },
        { hits: [{ id: 'doc-40', score: 1, distance: 0 }] },
      ],
    })
    const recall = await server.call('POST', '/v1/collections/docs/measure-recall', { k: 3, samples: 5 })
    expect(recall.body).toEqual({ recall: 1, samples: 5 })
    const explained = await server.call('POST', '/v1/collections/docs/search', {
      vector: { embedding: [0, 0, 0, 0] },
      explain: true,
    })
    expect(explained.body).toMatchObject({ explanation: { segments: [{ rows: 50, matches: 50 }] } })
  })

  test('is looked after: stats, optimize, verify', async () => {
    expect((await server.call('POST', '/v1/collections/docs/optimize')).body).toEqual({})
    expect((await server.call('GET', '/v1/collections/docs/stats')).body).toMatchObject({
      name: 'docs',
      rows: 50,
      segments: [
        { state: 'sealed', rows: 50 },
        { state: 'active', rows: 0 },
      ],
    })
    expect((await server.call('GET', '/v1/stats')).body).toMatchObject({ collections: [{ name: 'docs' }] })
    expect((await server.call('POST', '/v1/verify')).body).toEqual({ problems: [], rows: 50 })
  })

  test('is one of those that there are, until it is dropped', async () => {
    expect((await server.call('GET', '/v1/collections')).body).toMatchObject({
      collections: [{ name: 'docs', rows: 50 }],
    })
    expect((await server.call('DELETE', '/v1/collections/docs')).body).toEqual({ dropped: true })
    expect((await server.call('DELETE', '/v1/collections/docs')).body).toEqual({ dropped: false })
    expect(await server.call('POST', '/v1/collections/docs/count')).toMatchObject({ status: 404 })
    expect((await server.call('GET', '/v1/collections')).body).toEqual({ collections: [] })
  })
})

test('a server says who it is, what the key may do, and that it lives', async () => {
  expect((await server.call('GET', '/v1')).body).toMatchObject({
    name: 'omen',
    embedding: false,
    key: { name: 'test', roles: { '*': 'admin' } },
    limits: { batch: 10_000 },
  })
  expect(await server.call('GET', '/health/live', undefined, { key: null })).toMatchObject({
    status: 200,
    body: { status: 'ok' },
  })
  expect(await server.call('GET', '/health/ready', undefined, { key: null })).toMatchObject({ status: 200 })
  const metrics = await server.call('GET', '/metrics')
  expect(metrics.body).toContain('omen_http_requests_total{route="search",status="200"}')
})
