import { MemoryStorage } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { integer, vector } from '../index.ts'
import { collect } from '../testing/collect.ts'

const schema = { n: integer(), near: vector(2, { metric: 'l2' }) }
const batch = (from: number, to: number, n = 0) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `r${from + i}`, n: from + i + n, near: [from + i, 1] }))

test('searches see whole batches while segments are sealed and merged by themselves', async () => {
  const storage = new MemoryStorage()
  const limits = { sealRows: 40, waitingSegments: 2, threads: 1 }
  {
    const { db, engine } = await openDatabase(storage, {}, { limits })
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 100))
    let writing = true
    const reading = (async () => {
      while (writing) {
        // A batch overwrites all rows: every search sees those of one batch, whole.
        const seen = await collect(rows.scan())
        expect(seen).toHaveLength(100)
        expect(new Set(seen.map(({ id, n }) => n - Number(id.slice(1)))).size).toBe(1)
        const { hits } = await rows.search({ vector: { near: [50, 1] }, limit: 100 })
        expect(new Set(hits.map(({ id }) => id)).size).toBe(100)
        expect(new Set(hits.map(({ id, n }) => n - Number(id.slice(1)))).size).toBe(1)
      }
    })()
    for (let round = 1; round <= 30; round++) await rows.upsert(batch(0, 100, 1000 * round))
    writing = false
    await reading
    await engine.maintenance.runAll()
    expect((await db.stats()).troubles).toEqual([])
    await db.close()
  }
  const { db } = await openDatabase(storage, {}, { limits })
  const rows = await db.collection('rows', schema)
  expect((await collect(rows.scan())).every(({ n }) => n >= 30_000)).toBe(true)
  expect(await rows.count()).toBe(100)
  expect(await db.verify()).toEqual({ problems: [], rows: 100 })
  await db.close()
})
