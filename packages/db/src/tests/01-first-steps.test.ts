import { expect, test } from 'vitest'
import { date, integer, keyword, open, text, vector } from '../index.ts'
import { collect } from '../testing/collect.ts'

test('a database is opened, filled, searched and closed', async () => {
  await using db = await open(':memory:')
  const docs = await db.collection('docs', {
    title: text(),
    lang: keyword(),
    year: integer(),
    embedding: vector(3, { metric: 'cosine' }),
  })
  const result = await docs.upsert([
    { id: 'a', title: 'Graph search', lang: 'en', year: 2024, embedding: [1, 0, 0] },
    { id: 'b', title: 'Graphensuche', lang: 'de', year: 2020, embedding: [0.9, 0.1, 0] },
    { id: 'c', title: 'Sour dough', lang: 'en', year: 2021, embedding: [0, 0, 1] },
  ])
  expect(result).toEqual({ version: expect.any(Number), written: 3, removed: 0 })

  const { hits } = await docs.search({ vector: { embedding: [1, 0, 0] }, limit: 2 })
  expect(hits).toEqual([
    { id: 'a', score: 1, distance: 0, title: 'Graph search', lang: 'en', year: 2024 },
    {
      id: 'b',
      score: expect.closeTo(0.9939, 4),
      distance: expect.closeTo(0.0061, 4),
      title: 'Graphensuche',
      lang: 'de',
      year: 2020,
    },
  ])
  const english = await docs.search({
    vector: { embedding: [1, 0, 0] },
    where: { lang: 'en', year: { $gte: 2020 } },
    select: ['title'],
  })
  expect(english.hits.map(({ id, title }) => [id, title])).toEqual([
    ['a', 'Graph search'],
    ['c', 'Sour dough'],
  ])
})

test('rows are read as they were written', async () => {
  await using db = await open(':memory:')
  const rows = await db.collection('rows', {
    at: date({ optional: true }),
    tags: keyword({ many: true, optional: true }),
    near: vector(2, { metric: 'l2' }),
  })
  const at = new Date('2024-02-29T12:00:00Z')
  const near = Float32Array.of(0.1, -3e-9)
  await rows.upsert([
    { id: 'a', at, tags: ['x', 'y'], near },
    { id: 'b', near: [1, 2] },
  ])
  expect(await rows.get('a', { select: ['near', 'at', 'tags'] })).toEqual({
    id: 'a',
    at,
    tags: ['x', 'y'],
    near,
  })
  expect(await rows.get(['b', 'nobody', 'a'])).toEqual([
    { id: 'b' },
    undefined,
    { id: 'a', at, tags: ['x', 'y'] },
  ])
  expect(await rows.has('b')).toBe(true)
  expect(await rows.has('nobody')).toBe(false)
  expect(await rows.count()).toBe(2)
  expect(await rows.count({ tags: 'x' })).toBe(1)
  expect(await collect(rows.scan({ where: { tags: { $exists: false } } }))).toEqual([{ id: 'b' }])
})

test('rows are overwritten, updated, deleted and replaced', async () => {
  await using db = await open(':memory:')
  const rows = await db.collection('rows', {
    kind: keyword(),
    note: text({ optional: true }),
    near: vector(2, { metric: 'l2' }),
  })
  await rows.upsert([
    { id: 'a', kind: 'x', near: [0, 0] },
    { id: 'b', kind: 'x', near: [1, 0] },
    { id: 'c', kind: 'y', near: [2, 0] },
  ])
  expect(await rows.upsert([{ id: 'a', kind: 'y', near: [5, 0] }])).toMatchObject({ written: 1, removed: 1 })
  expect(await rows.count()).toBe(3)
  expect(await rows.update([{ id: 'a', note: 'moved' }])).toMatchObject({ written: 1, removed: 1 })
  expect(await rows.get('a', { select: ['kind', 'note', 'near'] })).toEqual({
    id: 'a',
    kind: 'y',
    note: 'moved',
    near: Float32Array.of(5, 0),
  })
  expect(await rows.update([{ id: 'a', note: null }])).toMatchObject({ written: 1 })
  expect(await rows.get('a')).toEqual({ id: 'a', kind: 'y' })
  expect(await rows.delete({ ids: ['b', 'nobody'] })).toMatchObject({ written: 0, removed: 1 })
  expect(
    await rows.replace({ where: { kind: 'y' }, rows: [{ id: 'n', kind: 'z', near: [9, 9] }] }),
  ).toMatchObject({
    written: 1,
    removed: 2,
  })
  expect((await collect(rows.scan())).map(({ id }) => id)).toEqual(['n'])
  expect(await rows.delete({ where: {} })).toMatchObject({ removed: 1 })
  expect(await rows.count()).toBe(0)
  expect((await rows.search({ vector: { near: [0, 0] } })).hits).toEqual([])
})

test('a collection that is there opens with the schema that is stored', async () => {
  await using db = await open(':memory:')
  const fields = { kind: keyword(), near: vector(2, { metric: 'l2', quantizer: 'sq4' }) }
  const made = await db.collection('rows', fields)
  expect(made.schema).toBe(fields)
  await made.upsert([{ id: 'a', kind: 'x', near: [0, 1] }])
  const rows = await db.collection('rows')
  expect(rows.schema).toMatchObject({ kind: keyword(), near: { dimension: 2, quantizer: { name: 'sq4/1' } } })
  expect(await db.collections()).toMatchObject([
    { name: 'rows', rows: 1, schema: { kind: { kind: 'keyword' } } },
  ])
  await rows.upsert([{ id: 'b', kind: 'y', near: [3, 1] }])
  const { hits } = await rows.search({ vector: { near: [3, 1] }, where: { kind: { $in: ['x', 'y'] } } })
  expect(hits.map(({ id, kind }) => [id, kind])).toEqual([
    ['b', 'y'],
    ['a', 'x'],
  ])
  await expect(db.collection('others')).rejects.toMatchObject({ code: 'not_found' })
  await expect(rows.upsert([{ id: 'c', kind: 5, near: [3, 1] }])).rejects.toThrow(
    /field kind: expected a string/,
  )
  await expect(db.collection('more', { v: vector(2, { quantizer: 'sq9' }) })).rejects.toMatchObject({
    code: 'unknown_quantizer',
  })
  expect(await db.collections()).toHaveLength(1)
})
