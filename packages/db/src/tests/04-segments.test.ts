import { MemoryStorage } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { EngineHooks } from '../engine/points.ts'
import { integer, keyword, text, vector } from '../index.ts'
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
const SMALL: EngineHooks = { background: false, limits: { sealRows: 100, waitingSegments: 1000 } }
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
    using snapshot = rows.snapshot()
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
    const { db, engine } = await openSmall(storage)
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
