import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { integer, keyword, open, vector } from '../index.ts'
import { collect } from '../testing/collect.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'omen-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const schema = {
  n: integer(),
  kind: keyword({ optional: true }),
  near: vector(4, { metric: 'l2' }),
}
const row = (id: string, n: number) => ({ id, n, near: [n, 0, 0, 1] })

test('what was written is there after closing and opening again', async () => {
  {
    await using db = await open(directory)
    const rows = await db.collection('rows', schema)
    await rows.upsert(Array.from({ length: 100 }, (_, n) => row(`r${n}`, n)))
    await rows.upsert([row('r5', 500)])
    await rows.update([{ id: 'r6', kind: 'six' }])
    await rows.delete({ ids: ['r7'] })
    await rows.delete({ where: { n: { $gte: 90, $lt: 95 } } })
    await rows.replace({ where: { n: 80 }, rows: [row('new', 800)] })
    expect(await rows.count()).toBe(94)
  }
  for (const _ of ['once', 'twice']) {
    await using db = await open(directory)
    expect(await db.collections()).toMatchObject([{ name: 'rows', rows: 94 }])
    const rows = await db.collection('rows', schema)
    expect(await rows.count()).toBe(94)
    expect((await collect(rows.scan())).length).toBe(94)
    expect(await rows.get('r5')).toEqual({ id: 'r5', n: 500 })
    expect(await rows.get('r6')).toEqual({ id: 'r6', n: 6, kind: 'six' })
    expect(await rows.get(['r7', 'r92', 'r80'])).toEqual([undefined, undefined, undefined])
    const { hits } = await rows.search({ vector: { near: [500, 0, 0, 1] }, limit: 1 })
    expect(hits).toEqual([{ id: 'r5', score: 1, distance: 0, n: 500 }])
  }
})

test.each(['synced', 'buffered', 'memory'] as const)(
  'closing makes %s writes durable',
  async (durability) => {
    {
      await using db = await open(directory, { durability })
      const rows = await db.collection('rows', schema)
      const writes = Array.from({ length: 50 }, (_, n) => rows.upsert([row(`r${n}`, n)]))
      await Promise.all(writes)
      expect(await rows.count()).toBe(50)
    }
    await using db = await open(directory)
    expect(await (await db.collection('rows', schema)).count()).toBe(50)
  },
)

test('ids may be any text', async () => {
  const ids = [
    ' ',
    '\u0000',
    '__proto__',
    'constructor',
    '🦊',
    'é',
    'e\u0301',
    'x'.repeat(65_536),
    'CURRENT',
    '../a',
  ]
  {
    await using db = await open(directory)
    const rows = await db.collection('rows', schema)
    await rows.upsert(ids.map((id, n) => row(id, n)))
  }
  await using db = await open(directory)
  const rows = await db.collection('rows', schema)
  expect(await rows.count()).toBe(ids.length)
  expect((await rows.get(ids)).map((each) => each?.n)).toEqual(ids.map((_, n) => n))
  expect((await collect(rows.scan())).map(({ id }) => id).sort()).toEqual([...ids].sort())
  await rows.delete({ ids })
  expect(await rows.count()).toBe(0)
})

describe('a database that another one writes to', () => {
  test('is locked, and says by whom', async () => {
    await using db = await open(directory)
    await expect(open(directory)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(`${process.pid}`),
    })
    await db.close()
    await using again = await open(directory)
    expect(await again.collections()).toEqual([])
  })

  test('is no obstacle for one elsewhere', async () => {
    await using one = await open(join(directory, 'one'))
    await using two = await open(join(directory, 'two'))
    await using three = await open(':memory:')
    const collections = await Promise.all([one, two, three].map((db) => db.collection('rows', schema)))
    await Promise.all(collections.map((rows, i) => rows.upsert([row('a', i)])))
    expect(await Promise.all(collections.map(async (rows) => (await rows.get('a'))?.n))).toEqual([0, 1, 2])
  })
})

test('collections come and go by name', async () => {
  {
    await using db = await open(directory)
    const a = await db.collection('a', schema)
    await a.upsert([row('x', 1)])
    const b = await db.collection('b', { near: vector(2) })
    await b.upsert([{ id: 'x', near: [1, 2] }])
    expect(await db.drop('a')).toBe(true)
    expect(await db.drop('a')).toBe(false)
    await expect(a.count()).rejects.toMatchObject({ code: 'not_found' })
    await expect(a.upsert([row('y', 1)])).rejects.toMatchObject({ code: 'not_found' })
    const again = await db.collection('a', schema)
    expect(await again.count()).toBe(0)
    await again.upsert([row('z', 3)])
  }
  await using db = await open(directory)
  expect(await db.collections()).toMatchObject([
    { name: 'b', rows: 1 },
    { name: 'a', rows: 1 },
  ])
  expect(await collect((await db.collection('a', schema)).scan())).toEqual([{ id: 'z', n: 3 }])
})

test('a batch that fails leaves nothing behind', async () => {
  {
    await using db = await open(directory)
    const rows = await db.collection('rows', schema)
    await rows.upsert([row('a', 1)])
    const bad = [
      [row('b', 2), { ...row('c', 3), near: [1, 2] }],
      [row('b', 2), { ...row('c', 3), near: [1, 2, 3, Number.NaN] }],
      [row('b', 2), row('b', 3)],
      [row('b', 2), { ...row('c', 3), n: 1.5 }],
      [],
    ]
    for (const batch of bad) await expect(rows.upsert(batch)).rejects.toThrow()
    await expect(
      rows.update([
        { id: 'a', n: 9 },
        { id: 'nobody', n: 9 },
      ]),
    ).rejects.toMatchObject({ code: 'not_found' })
    expect(await collect(rows.scan())).toEqual([{ id: 'a', n: 1 }])
  }
  await using db = await open(directory)
  expect(await collect((await db.collection('rows', schema)).scan())).toEqual([{ id: 'a', n: 1 }])
})

test('a closed database refuses every call', async () => {
  const db = await open(directory)
  const rows = await db.collection('rows', schema)
  await rows.upsert([row('a', 1)])
  await db.close()
  await db.close()
  const closed = { code: 'closed' }
  await expect(rows.count()).rejects.toMatchObject(closed)
  await expect(rows.get('a')).rejects.toMatchObject(closed)
  await expect(rows.upsert([row('a', 1)])).rejects.toMatchObject(closed)
  await expect(rows.delete({ ids: ['a'] })).rejects.toMatchObject(closed)
  await expect(rows.search({ vector: { near: [0, 0, 0, 0] } })).rejects.toMatchObject(closed)
  await expect(db.collection('rows', schema)).rejects.toMatchObject(closed)
  await expect(db.collections()).rejects.toMatchObject(closed)
  await expect(db.drop('rows')).rejects.toMatchObject(closed)
})
