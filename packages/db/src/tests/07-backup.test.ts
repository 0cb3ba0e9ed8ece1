import { MemoryStorage } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { integer, open, vector } from '../index.ts'
import { CopyableStorage } from '../testing/copyable-storage.ts'

const schema = { n: integer(), near: vector(2, { metric: 'l2' }) }
const batch = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `r${from + i}`, n: from + i, near: [from + i, 1] }))
const SMALL = { background: false, limits: { sealRows: 50, waitingSegments: 1000 } }

test('a backup is the database of one moment, while it is written to', async () => {
  const target = new MemoryStorage()
  const { db, engine } = await openDatabase(new MemoryStorage(), {}, SMALL)
  await using _closing = db
  const [a, b] = [await db.collection('a', schema), await db.collection('b', schema)]
  await a.upsert(batch(0, 60))
  await engine.maintenance.runAll()
  await a.delete({ ids: ['r1', 'r2'] })
  await a.upsert(batch(60, 70))
  await b.upsert(batch(0, 5))
  const copying = db.backup(target)
  await a.upsert(batch(70, 200))
  await a.optimize()
  await copying
  expect(await db.verify()).toEqual({ problems: [], rows: 198 + 5 })
  await expect(db.backup(target)).rejects.toMatchObject({ code: 'already_exists' })
  for (const _ of ['once', 'twice']) {
    await using copy = await open(target)
    expect(await copy.verify()).toEqual({ problems: [], rows: 68 + 5 })
    const rows = await copy.collection('a', schema)
    expect(await rows.get(['r1', 'r69', 'r70'])).toEqual([undefined, { id: 'r69', n: 69 }, undefined])
  }
  await using copy = await open(target)
  await (await copy.collection('a', schema)).upsert(batch(300, 310))
  expect(await (await copy.collection('a', schema)).count()).toBe(78)
})

test('damage is found by verifying', async () => {
  const storage = new CopyableStorage()
  {
    const { db } = await openDatabase(storage, {}, SMALL)
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 50))
    await rows.optimize()
    await db.close()
  }
  const [file] = (await storage.list()).filter(({ name }) => name.endsWith('.rows'))
  const { name, sizeBytes } = file ?? { name: '', sizeBytes: 0 }
  // The vectors come last; what leads nowhere is looked at in the background alone.
  const region = await storage.read(name)
  const bytes = new Uint8Array(sizeBytes)
  await region.readInto(bytes, 0)
  const at = sizeBytes - 100
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await storage.replace(name, bytes)
  await using db = await open(storage)
  const { problems } = await db.verify()
  expect(problems).toEqual([
    { where: expect.stringMatching(/^segment /), what: expect.stringContaining(name) },
  ])
})
