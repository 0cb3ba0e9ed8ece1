import { MemoryStorage } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { readWhole } from '../engine/bytes.ts'
import { integer, open, restore, vector } from '../index.ts'
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

test('a restored backup is the backup, in a folder that was empty, and the backup stays', async () => {
  const [source, backup, target] = [new MemoryStorage(), new CopyableStorage(), new MemoryStorage()]
  {
    const { db, engine } = await openDatabase(source, {}, SMALL)
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 120))
    await engine.maintenance.runAll()
    await rows.delete({ ids: ['r7', 'r110'] })
    await rows.upsert(batch(120, 130))
    await db.backup(backup)
    await db.close()
  }
  const before = await backup.list()
  expect(await restore(backup, target)).toBe(128)
  expect(await backup.list()).toEqual(before)
  {
    await using db = await open(target)
    const rows = await db.collection('rows', schema)
    expect(await rows.get(['r7', 'r8', 'r129'])).toEqual([
      undefined,
      { id: 'r8', n: 8 },
      { id: 'r129', n: 129 },
    ])
    expect(await db.verify()).toEqual({ problems: [], rows: 128 })
  }
  await expect(restore(backup, target)).rejects.toMatchObject({ code: 'already_exists' })
  await expect(restore(new MemoryStorage(), new MemoryStorage())).rejects.toMatchObject({ code: 'not_found' })

  // A backup that is damaged is not passed on, wherever the damage lies.
  for (const { name } of before) {
    if (name === 'log-reserve') continue
    const damaged = await backup.copy()()
    const bytes = await readWhole(damaged, name)
    const at = Math.floor(bytes.length * 0.9)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await damaged.replace(name, bytes)
    const empty = new MemoryStorage()
    await expect(restore(damaged, empty), name).rejects.toMatchObject({
      code: expect.stringMatching(/^corrupt_/),
    })
    expect((await empty.list()).map((file) => file.name)).not.toContain('CURRENT')
  }
})
