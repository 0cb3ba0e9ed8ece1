import { MemoryStorage, type OmenError, type StorageBackend } from '@omen/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { EngineHooks } from '../engine/points.ts'
import { keyword, vector } from '../index.ts'
import { type MergePolicy, mergeNothing } from '../segment/merge-policy.ts'

const schema = { group: keyword(), near: vector(4, { metric: 'l2' }) }
const DISTINCT = 1234.5
const row = (id: string, x: number) => ({ id, group: 'all', near: [x, 1, 2, 3] })
const batch = (prefix: string, x: number) =>
  Array.from({ length: 50 }, (_, i) => row(`${prefix}${i}`, i === 7 ? x : i))

const mergeAll: MergePolicy = (facts) => (facts.length > 1 ? facts.map(({ id }) => id) : [])

/** A segment for every 50 rows, and a merge of all of them when asked. */
const HOOKS: EngineHooks = {
  background: false,
  limits: { sealRows: 50, waitingSegments: 1000, chooseMerge: mergeAll },
}

async function withoutMerges(storage: StorageBackend): Promise<void> {
  const { db, engine } = await openDatabase(
    storage,
    {},
    { ...HOOKS, limits: { ...HOOKS.limits, chooseMerge: mergeNothing } },
  )
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch('sound', 50))
  await engine.maintenance.runAll()
  await rows.upsert(batch('hurt', DISTINCT))
  await engine.maintenance.runAll()
  await rows.upsert([row('new', 3)])
  await db.close()
}

/** Flips a bit of the vector that holds the distinct number. @returns the file's name */
async function hurt(storage: StorageBackend): Promise<string> {
  const wanted = new Uint8Array(Float32Array.of(DISTINCT).buffer)
  for (const { name, sizeBytes } of await storage.list()) {
    if (!name.endsWith('.rows')) continue
    const region = await storage.read(name)
    const bytes = new Uint8Array(sizeBytes)
    await region.readInto(bytes, 0)
    await region.close()
    const at = bytes.findIndex((_, i) => i % 4 === 0 && wanted.every((byte, j) => bytes[i + j] === byte))
    if (at < 0) continue
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1
    await storage.remove(name)
    await storage.writeOnce(name, [bytes])
    return name
  }
  throw new Error('no file holds the vector')
}

test('vectors found damaged after opening are reported, not read, and not merged into a new file', async () => {
  const memory = new MemoryStorage()
  await withoutMerges(memory)
  const file = await hurt(memory)
  const told: [string, OmenError][] = []
  const onDamage = (name: string, error: OmenError) => void told.push([name, error])
  const { db, engine } = await openDatabase(memory, { onDamage }, HOOKS)
  await using _closing = db
  const rows = await db.collection('rows', schema)
  const state = engine.parts.catalog.byName('rows')
  for (const { sealed } of state?.sealed ?? []) await sealed.verified.catch(() => undefined)
  expect(told).toMatchObject([[file, { code: 'corrupt_segment' }]])
  const refusal = { code: 'corrupt_segment', message: expect.stringContaining(file) }
  await expect(rows.search({ vector: { near: [DISTINCT, 1, 2, 3] }, limit: 1 })).rejects.toMatchObject(
    refusal,
  )
  await expect(rows.get('hurt3')).rejects.toMatchObject(refusal)
  await expect(rows.count({ group: 'all' })).rejects.toMatchObject(refusal)
  expect(await rows.get(['sound3', 'new'])).toMatchObject([{ id: 'sound3' }, { id: 'new' }])
  expect(await rows.has('hurt3')).toBe(true)
  expect(await rows.count()).toBe(101)
  const [stats] = (await db.stats()).collections
  expect(stats?.segments.map(({ damaged }) => damaged)).toEqual([[], [file], []])

  // The policy wants everything merged, and gets what is sound; merging all by hand is refused.
  await engine.maintenance.runAll()
  await expect(rows.optimize()).rejects.toMatchObject(refusal)
  expect((await memory.list()).map(({ name }) => name)).toContain(file)
  // Rows that nobody can read can still be deleted, and with the last of them the damage is gone.
  await rows.delete({ ids: batch('hurt', 0).map(({ id }) => id) })
  await rows.optimize()
  expect((await memory.list()).map(({ name }) => name)).not.toContain(file)
  expect(await rows.count({ group: 'all' })).toBe(51)
  expect(await rows.get('sound7')).toMatchObject({ id: 'sound7' })
})
