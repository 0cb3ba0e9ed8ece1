import { MemoryStorage } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { EngineHooks } from '../engine/points.ts'
import { integer, keyword, text, vector } from '../index.ts'
import { mergeNothing } from '../segment/merge-policy.ts'
import { collect } from '../testing/collect.ts'

const schema = {
  n: integer(),
  group: keyword({ optional: true }),
  note: text({ optional: true }),
  near: vector(4, { metric: 'l2', quantizer: 'sq8' }),
}
const row = (id: string, n: number) => ({ id, n, group: `g${n % 3}`, near: [n, n % 7, 1, 0] })
const batch = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => row(`r${from + i}`, from + i))

/** Segments of 100 rows, sealed and merged when a test says so. */
const SMALL: EngineHooks = {
  background: false,
  limits: { sealRows: 100, waitingSegments: 1000, chooseMerge: mergeNothing },
}
const openSmall = (storage: MemoryStorage) => openDatabase(storage, {}, SMALL)
const filesOf = async (storage: MemoryStorage) => (await storage.list()).map(({ name }) => name)

test('full segments go to disk, and nothing else shows', async () => {
  const storage = new MemoryStorage()
  {
    const { db, engine } = await openSmall(storage)
    await using _closing = db
    const rows = await db.collection('rows', schema)
    for (let from = 0; from < 450; from += 50) await rows.upsert(batch(from, from + 50))
    await rows.upsert([row('r7', 7000)])
    await rows.delete({ ids: ['r8', 'r430'] })
    const before = await collect(rows.scan())
    await using snapshot = await rows.snapshot()
    await engine.maintenance.runAll()
    expect((await filesOf(storage)).filter((name) => name.endsWith('.rows'))).toHaveLength(4)
    expect(await rows.count()).toBe(448)
    const sorted = (all: typeof before) => all.sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(sorted(await collect(rows.scan()))).toEqual(sorted(before))
    expect(await snapshot.count()).toBe(448)
    await rows.delete({ ids: ['r9', 'r10'] })
    await rows.update([{ id: 'r11', note: 'sealed' }])
    expect(await snapshot.get('r9')).toMatchObject({ id: 'r9', n: 9 })
  }
  for (const _ of ['once', 'twice']) {
    const { db } = await openSmall(storage)
    await using _closing = db
    const rows = await db.collection('rows', schema)
    expect(await rows.count()).toBe(446)
    expect((await collect(rows.scan())).length).toBe(446)
    expect(await rows.get(['r7', 'r8', 'r9', 'r430', 'r449'])).toEqual([
      { id: 'r7', n: 7000, group: 'g1' },
      undefined,
      undefined,
      undefined,
      { id: 'r449', n: 449, group: 'g2' },
    ])
    expect(await rows.get('r11')).toEqual({ id: 'r11', n: 11, group: 'g2', note: 'sealed' })
    expect(await rows.count({ group: 'g1' })).toBe(
      (await collect(rows.scan({ where: { group: 'g1' } }))).length,
    )
    const { hits } = await rows.search({ vector: { near: [222, 5, 1, 0] }, limit: 3 })
    expect(hits.map(({ id }) => id)).toEqual(['r222', 'r221', 'r223'])
  }
})

test('the log is cut where segments have taken over, and no sooner', async () => {
  const storage = new MemoryStorage()
  const { db, engine } = await openSmall(storage)
  await using _closing = db
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 99))
  await engine.maintenance.runAll()
  expect((await db.stats()).log).toMatchObject({ lastVersion: 2, toReplay: 2 })
  await rows.upsert(batch(99, 100))
  await rows.upsert(batch(100, 101))
  await engine.maintenance.runAll()
  expect((await db.stats()).log).toMatchObject({ lastVersion: 4, toReplay: 1 })
  expect((await rows.stats()).segments.map(({ state, rows }) => [state, rows])).toEqual([
    ['sealed', 100],
    ['active', 1],
  ])
})

describe('merging', () => {
  test('takes deleted rows away for good, and no others', async () => {
    const storage = new MemoryStorage()
    {
      const { db } = await openSmall(storage)
      await using _closing = db
      const rows = await db.collection('rows', schema)
      for (let from = 0; from < 350; from += 50) await rows.upsert(batch(from, from + 50))
      await rows.delete({ where: { group: 'g0' } })
      const left = await rows.count()
      await using snapshot = await rows.snapshot()
      const optimizing = rows.optimize()
      // While it is being made.
      await rows.delete({ ids: ['r1', 'r349'] })
      await rows.upsert([row('r2', 2000), row('new', 3000)])
      await optimizing
      expect(await rows.count()).toBe(left - 2 + 1)
      expect(await snapshot.count()).toBe(left)
      expect(await rows.get(['r0', 'r1', 'r2', 'new'])).toEqual([
        undefined,
        undefined,
        { id: 'r2', n: 2000, group: 'g2' },
        { id: 'new', n: 3000, group: 'g0' },
      ])
      await rows.optimize()
      expect(await rows.stats()).toMatchObject({ rows: left - 1, deleted: 0 })
      expect((await rows.stats()).segments.map(({ state }) => state)).toEqual(['sealed', 'active'])
      expect((await filesOf(storage)).filter((name) => /^s\d/.test(name))).toHaveLength(2)
    }
    const { db } = await openSmall(storage)
    await using _closing = db
    const rows = await db.collection('rows', schema)
    expect(await rows.count()).toBe(232)
    expect(new Set((await collect(rows.scan())).map(({ id }) => id)).size).toBe(232)
    expect(await rows.get(['r0', 'r1', 'r349'])).toEqual([undefined, undefined, undefined])
  })

  test('of nothing but deleted rows leaves no file', async () => {
    const storage = new MemoryStorage()
    const { db } = await openSmall(storage)
    await using _closing = db
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 150))
    await rows.optimize()
    await rows.delete({ where: {} })
    await rows.optimize()
    expect((await filesOf(storage)).filter((name) => /^s\d/.test(name))).toEqual([])
    expect(await rows.count()).toBe(0)
    await rows.upsert(batch(0, 10))
    expect(await rows.count()).toBe(10)
  })

  test('ten times over rows that were all overwritten keeps what there is, and no more', async () => {
    const storage = new MemoryStorage()
    const bytes = async () => (await storage.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const count = 300
    const { db } = await openSmall(storage)
    await using _closing = db
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, count))
    await rows.optimize()
    const fresh = await bytes()
    for (let round = 1; round <= 10; round++) {
      for (let from = 0; from < count; from += 60) {
        await rows.upsert(batch(from, from + 60).map((each) => ({ ...each, note: `round ${round}` })))
      }
      await rows.optimize()
      expect(await rows.count()).toBe(count)
    }
    const all = await collect(rows.scan())
    expect(all.map(({ id }) => id).sort()).toEqual(
      batch(0, count)
        .map(({ id }) => id)
        .sort(),
    )
    expect(new Set(all.map(({ note }) => note))).toEqual(new Set(['round 10']))
    expect(await bytes()).toBeLessThan(fresh * 1.5)
  })
})

describe('a schema', () => {
  test('that says more is followed by the rows that are there', async () => {
    const storage = new MemoryStorage()
    const wider = {
      ...schema,
      note: text({ optional: true }),
      stars: integer({ optional: true }),
      far: vector(2, { metric: 'dot', optional: true }),
    }
    {
      const { db } = await openSmall(storage)
      await using _closing = db
      const rows = await db.collection('rows', schema)
      await rows.upsert(batch(0, 150))
      await rows.delete({ ids: ['r3'] })
      const wide = await db.collection('rows', wider)
      expect(await wide.count()).toBe(149)
      expect(await wide.count({ stars: { $exists: false } })).toBe(149)
      await wide.update([{ id: 'r4', stars: 5, far: [1, 1] }])
      expect(await wide.get('r4')).toEqual({ id: 'r4', n: 4, group: 'g1', stars: 5 })
      expect((await wide.search({ vector: { far: [1, 0] } })).hits.map(({ id }) => id)).toEqual(['r4'])
      await expect(rows.upsert([row('r5', 5)])).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    const { db } = await openSmall(storage)
    await using _closing = db
    const wide = await db.collection('rows', wider)
    expect(await wide.count()).toBe(149)
    expect(await wide.count({ stars: 5 })).toBe(1)
    expect((await wide.search({ vector: { far: [1, 0] } })).hits.map(({ id }) => id)).toEqual(['r4'])
  })

  test('gains and loses indexes', async () => {
    const { db } = await openSmall(new MemoryStorage())
    await using _closing = db
    const without = { ...schema, n: integer({ index: false }) }
    const rows = await db.collection('rows', without)
    await rows.upsert(batch(0, 150))
    await expect(rows.count({ n: 7 } as never)).rejects.toMatchObject({ code: 'unsupported' })
    const indexed = await db.collection('rows', schema)
    expect(await indexed.count({ n: { $lt: 10 } })).toBe(10)
    const again = await db.collection('rows', without)
    await expect(again.count({ n: 7 } as never)).rejects.toMatchObject({ code: 'unsupported' })
    expect(await again.count()).toBe(150)
  })

  test('that data cannot follow is refused, and nothing changes', async () => {
    const { db } = await openSmall(new MemoryStorage())
    await using _closing = db
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 10))
    await expect(db.collection('rows', { ...schema, near: vector(5) })).rejects.toMatchObject({
      code: 'schema_mismatch',
    })
    expect(await rows.count()).toBe(10)
    await rows.upsert(batch(10, 20))
  })
})

test('recall is measured against the exact answer', async () => {
  const { db } = await openSmall(new MemoryStorage())
  await using _closing = db
  const rows = await db.collection('rows', schema)
  expect(await rows.measureRecall()).toEqual({ recall: 1, samples: 0 })
  for (let from = 0; from < 250; from += 50) await rows.upsert(batch(from, from + 50))
  expect(await rows.measureRecall({ k: 5, samples: 20 })).toEqual({ recall: 1, samples: 20 })
  const where = { group: 'g1' }
  expect(await rows.measureRecall({ where, samples: 10 })).toEqual({ recall: 1, samples: 10 })
  await expect(rows.measureRecall({ k: 0 })).rejects.toMatchObject({ code: 'invalid_argument' })
})
