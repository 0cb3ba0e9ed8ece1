import { OmenError, type StorageBackend } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { EngineHooks, Point } from '../engine/points.ts'
import { integer, keyword, open, vector } from '../index.ts'
import { mergeNothing } from '../segment/merge-policy.ts'
import { collect } from '../testing/collect.ts'
import { CopyableStorage } from '../testing/copyable-storage.ts'

const schema = { n: integer(), group: keyword({ optional: true }), near: vector(3, { metric: 'l2' }) }
const row = (id: string, n: number, group = 'a') => ({ id, n, group, near: [n, n % 5, 1] })
const batch = (from: number, to: number, group = 'a') =>
  Array.from({ length: to - from }, (_, i) => row(`r${from + i}`, from + i, group))
const SMALL: EngineHooks = {
  background: false,
  limits: { sealRows: 50, waitingSegments: 1000, chooseMerge: mergeNothing },
}

async function rowsIn(storage: StorageBackend): Promise<{ id: string; n: number }[]> {
  const { db } = await openDatabase(storage, {}, SMALL)
  await using _closing = db
  const rows = await db.collection('rows', schema)
  const all = await collect(rows.scan())
  expect(all).toHaveLength(await rows.count())
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  return all
}

const ids = (all: readonly { id: string }[]) => all.map(({ id }) => id).sort()

/** Runs work, and opens the database as a process would have left it that ended at any of the points passed. */
async function atEveryPoint(
  work: (storage: CopyableStorage, hooks: EngineHooks) => Promise<void>,
  check: (rows: { id: string; n: number }[], point: Point) => void,
): Promise<Set<Point>> {
  const storage = new CopyableStorage()
  const copies: { point: Point; copy: () => Promise<CopyableStorage> }[] = []
  await work(storage, { ...SMALL, point: (point) => copies.push({ point, copy: storage.copy() }) })
  for (const { point, copy } of copies) check(await rowsIn(await copy()), point)
  return new Set(copies.map(({ point }) => point))
}

test('the log is not cut before the state that replaces it is there (qdrant#7577)', async () => {
  const points = await atEveryPoint(
    async (storage, hooks) => {
      const { db, engine } = await openDatabase(storage, {}, { background: false })
      const rows = await db.collection('rows', schema)
      await rows.upsert(batch(0, 120))
      await db.close()
      const again = await openDatabase(storage, {}, hooks)
      await again.engine.maintenance.runAll()
      await (await again.db.collection('rows', schema)).optimize()
      await again.db.close()
      expect(engine.maintenance.troubles).toEqual([])
    },
    (rows, point) => expect(ids(rows), point).toEqual(ids(batch(0, 120))),
  )
  expect([...points]).toEqual(
    expect.arrayContaining(['seal:written', 'manifest:written', 'manifest:trimmed', 'seal:swapped']),
  )
})

test('a deletion by filter deletes at replay what it deleted then, and nothing else (qdrant#9424)', async () => {
  const storage = new CopyableStorage()
  {
    const { db } = await openDatabase(storage, {}, SMALL)
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 10, 'gone'))
    await rows.delete({ where: { group: 'gone' } })
    // These match the filter too, and came later.
    await rows.upsert(batch(5, 8, 'gone'))
    await rows.replace({ where: { n: 5 }, rows: [row('new', 5)] })
    await rows.upsert([row('r9', 5)])
    await db.close()
  }
  expect(ids(await rowsIn(storage))).toEqual(['new', 'r6', 'r7', 'r9'])
  expect(ids(await rowsIn(storage))).toEqual(['new', 'r6', 'r7', 'r9'])
})

test('maintenance keeps rows that were replayed from the log (zvec#594)', async () => {
  const storage = new CopyableStorage()
  {
    const { db } = await openDatabase(storage, {}, SMALL)
    await (await db.collection('rows', schema)).upsert(batch(0, 70))
    await db.close()
  }
  for (let round = 1; round <= 3; round++) {
    const { db, engine } = await openDatabase(storage, {}, SMALL)
    const rows = await db.collection('rows', schema)
    await engine.maintenance.runAll()
    await rows.upsert(batch(70 * round, 70 * round + 70))
    if (round === 2) await rows.optimize()
    await db.close()
    expect(ids(await rowsIn(storage))).toEqual(ids(batch(0, 70 * round + 70)))
  }
})

test('maintenance keeps the last rows after overwrites (zvec#724)', async () => {
  const storage = new CopyableStorage()
  const { db, engine } = await openDatabase(storage, {}, SMALL)
  const rows = await db.collection('rows', schema)
  for (let round = 0; round < 5; round++) {
    await rows.upsert(batch(0, 50).map((each) => ({ ...each, n: each.n + 1000 * round })))
    await engine.maintenance.runAll()
    await rows.upsert([row('r49', 1000 * round + 77)])
    if (round % 2 === 1) await rows.optimize()
    const all = await collect(rows.scan())
    expect(ids(all)).toEqual(ids(batch(0, 50)))
    expect(all.find(({ id }) => id === 'r49')?.n).toBe(1000 * round + 77)
    expect(all.filter(({ n }) => n >= 1000 * round)).toHaveLength(50)
  }
  await db.close()
  expect((await rowsIn(storage)).find(({ id }) => id === 'r49')?.n).toBe(4077)
})

test('deleted rows do not return, whatever is merged, sealed or opened in between (weaviate#9157)', async () => {
  const left = ids(batch(40, 150))
  const points = await atEveryPoint(
    async (storage, hooks) => {
      {
        const { db, engine } = await openDatabase(storage, {}, SMALL)
        const rows = await db.collection('rows', schema)
        await rows.upsert(batch(0, 50))
        await rows.upsert(batch(50, 100))
        await engine.maintenance.runAll()
        await rows.upsert(batch(100, 150))
        await rows.delete({ ids: ids(batch(0, 20)) })
        await rows.delete({ where: { n: { $lt: 40 } } })
        await db.close()
      }
      const { db, engine } = await openDatabase(storage, {}, hooks)
      await engine.maintenance.runAll()
      await (await db.collection('rows', schema)).optimize()
      await engine.checkpoints.settle()
      await db.close()
    },
    (rows, point) => expect(ids(rows), point).toEqual(left),
  )
  expect([...points]).toEqual(expect.arrayContaining(['merge:written', 'merge:swapped']))
})

describe('what was written opens again', () => {
  test('after a hundred restarts with writes in between (chroma#7090)', async () => {
    const storage = new CopyableStorage()
    for (let i = 0; i < 100; i++) {
      const { db, engine } = await openDatabase(storage, {}, SMALL)
      const rows = await db.collection('rows', schema)
      expect(await rows.count()).toBe(3 * i)
      await rows.upsert(batch(3 * i, 3 * i + 3))
      if (i % 7 === 0) await engine.maintenance.runAll()
      const { hits } = await rows.search({ vector: { near: [3 * i, (3 * i) % 5, 1] }, limit: 1 })
      expect(hits[0]?.id).toBe(`r${3 * i}`)
      await db.close()
    }
  })

  test('when files that are derived are cut short (chroma#7238)', async () => {
    const storage = new CopyableStorage()
    {
      const { db } = await openDatabase(storage, {}, { background: false })
      const rows = await db.collection('rows', schema)
      // Enough for a graph.
      await rows.upsert(batch(0, 4200))
      await rows.optimize()
      await db.close()
    }
    const derived = (await storage.list()).filter(({ name }) => /\.(payload|hnsw)$/.test(name))
    expect(derived).toHaveLength(2)
    for (const { name, sizeBytes } of derived) {
      for (const cut of [1, sizeBytes - 1]) {
        const copy = await storage.copy()()
        await copy.append(name, cut, new Uint8Array())
        const damaged: string[] = []
        const { db, engine } = await openDatabase(
          copy,
          { onDamage: (file) => damaged.push(file) },
          {
            ...SMALL,
            limits: { sealRows: 50, waitingSegments: 1000 },
          },
        )
        const rows = await db.collection('rows', schema)
        expect(damaged).toEqual([name])
        expect(await rows.count({ n: { $lt: 10 } })).toBe(10)
        expect((await rows.search({ vector: { near: [7, 2, 1] }, limit: 1 })).hits[0]?.id).toBe('r7')
        // It is made again by itself.
        await engine.maintenance.runAll()
        await db.close()
        damaged.length = 0
        const again = await open(copy, { onDamage: (file) => damaged.push(file) })
        expect(damaged).toEqual([])
        expect(await (await again.collection('rows', schema)).count()).toBe(4200)
        await again.close()
      }
    }
  })
})

test('a full disk refuses writes, loses nothing, and lets rows be deleted', async () => {
  let full = false
  class FullStorage extends CopyableStorage {
    override async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
      if (full && bytes.length > 200) throw new OmenError('disk_full', 'there is no space left')
      await super.append(name, offset, bytes)
    }
  }
  const storage = new FullStorage()
  const { db } = await openDatabase(storage, {}, SMALL)
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 10))
  full = true
  await expect(rows.upsert(batch(10, 40))).rejects.toMatchObject({ code: 'disk_full' })
  expect(await rows.count()).toBe(10)
  await rows.delete({ ids: ['r1'] })
  full = false
  await rows.upsert(batch(10, 12))
  await db.close()
  expect(await rowsIn(storage)).toHaveLength(11)
})
