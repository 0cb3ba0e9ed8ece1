import { MemoryStorage } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { integer, vector } from '../index.ts'

const schema = { n: integer(), near: vector(2, { metric: 'l2' }) }
const HOOKS = { background: false, limits: { closeRows: 1000 } }
const batch = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `r${from + i}`, n: from + i, near: [from + i, 1] }))

async function reopen(storage: MemoryStorage) {
  const { db, engine } = await openDatabase(storage, {}, HOOKS)
  const rows = await db.collection('rows', schema)
  const segments = async () =>
    (await rows.stats()).segments
      .filter((segment) => segment.rows > 0)
      .map(({ state, fields }) => ({ state, ...fields.near }))
  const nearest = async () =>
    (await rows.search({ vector: { near: [1234, 1] }, limit: 3 })).hits.map(({ n }) => n).sort()
  return { db, engine, rows, segments, nearest }
}

test('closing takes many rows to disk without linking them, which happens when the database is open again', async () => {
  const storage = new MemoryStorage()
  const before = await reopen(storage)
  await before.rows.upsert(batch(0, 5000))
  await before.db.close()

  const after = await reopen(storage)
  expect(await after.segments()).toEqual([{ state: 'sealed', vectors: 5000, linked: 0 }])
  expect((await after.db.stats()).log.toReplay).toBe(0)
  expect(await after.nearest()).toEqual([1233, 1234, 1235])
  await after.engine.maintenance.runAll()
  expect(await after.segments()).toEqual([{ state: 'sealed', vectors: 5000, linked: 5000 }])
  expect(await after.nearest()).toEqual([1233, 1234, 1235])
  expect(await after.db.verify()).toEqual({ problems: [], rows: 5000 })
  await after.db.close()
})

test('closing links what few rows wait for it', async () => {
  const storage = new MemoryStorage()
  const before = await reopen(storage)
  await before.rows.upsert(batch(0, 5000))
  await before.engine.maintenance.runAll()
  await before.rows.upsert(batch(5000, 6000))
  await before.db.close()

  const after = await reopen(storage)
  expect(await after.segments()).toEqual([{ state: 'sealed', vectors: 6000, linked: 6000 }])
  await after.db.close()
})

test('optimizing links what closing left', async () => {
  const storage = new MemoryStorage()
  const before = await reopen(storage)
  await before.rows.upsert(batch(0, 5000))
  await before.db.close()

  const after = await reopen(storage)
  await after.rows.optimize()
  expect(await after.segments()).toEqual([{ state: 'sealed', vectors: 5000, linked: 5000 }])
  await after.db.close()
})
