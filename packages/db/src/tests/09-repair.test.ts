import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStorage, type StorageBackend } from '@omen/core'
import { fileStorage } from '@omen/storage-mmap'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { readWhole } from '../engine/bytes.ts'
import { flush } from '../engine/jobs.ts'
import { integer, open, type Repair, repair, vector } from '../index.ts'
import { mergeNothing } from '../segment/merge-policy.ts'

const schema = { n: integer(), near: vector(2, { metric: 'l2' }) }
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `r${from + i}`)
const batch = (from: number, to: number) =>
  ids(from, to).map((id, i) => ({ id, n: from + i, near: [from + i, 1] }))
const HOOKS = {
  background: false,
  limits: { sealRows: 50, waitingSegments: 1000, chooseMerge: mergeNothing },
}
const GONE = ['r1', 'r2', 'r120', 'r5']
const ALL = ids(0, 160).filter((id) => !GONE.includes(id))

/**
 * Three segments of 50 rows, the first with deletions that a checkpoint wrote down and a row that was overwritten later; the
 * rest is in the log alone. With `settled`, the manifest before knows all of that, too.
 */
async function filled({ settled = true } = {}): Promise<StorageBackend> {
  const storage = new MemoryStorage()
  const { db, engine } = await openDatabase(storage, {}, HOOKS)
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 50))
  await engine.maintenance.runAll()
  await rows.upsert(batch(50, 100))
  await engine.maintenance.runAll()
  await rows.delete({ ids: ['r1', 'r2'] })
  await rows.upsert(batch(100, 149))
  await rows.upsert(batch(0, 1))
  const state = engine.parts.catalog.byName('rows')
  if (state) await flush(engine.jobs, state, { threads: 1 })
  if (settled) await engine.checkpoints.settle()
  await rows.delete({ ids: ['r120', 'r5'] })
  await rows.upsert(batch(149, 160))
  await db.close()
  return storage
}

/** The ids that a database has, each found by its vector too. */
async function idsIn(storage: StorageBackend): Promise<string[]> {
  await using db = await open(storage)
  expect((await db.verify()).problems).toEqual([])
  const rows = await db.collection('rows', schema)
  const found: string[] = []
  for await (const { id, n } of rows.scan()) {
    expect(id).toBe(`r${n}`)
    const { hits } = await rows.search({ vector: { near: [n, 1] }, where: { n }, limit: 1 })
    expect(hits[0]?.id).toBe(id)
    found.push(id)
  }
  return found.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
}

async function named(storage: StorageBackend, pattern: RegExp): Promise<string[]> {
  return (await storage.list()).map(({ name }) => name).filter((name) => pattern.test(name))
}

/** Flips a bit at this part of a file, from 0 for its first byte to 1 for its last one. */
async function hurt(storage: StorageBackend, name: string, part: number): Promise<void> {
  const bytes = await readWhole(storage, name)
  const at = Math.floor((bytes.length - 1) * part)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await storage.replace(name, bytes)
}

const one = async (storage: StorageBackend, pattern: RegExp): Promise<string> => {
  const [name = ''] = await named(storage, pattern)
  return name
}
const newest = async (storage: StorageBackend, pattern: RegExp): Promise<string> =>
  (await named(storage, pattern)).at(-1) ?? ''

const refusal = {
  code: expect.stringMatching(/^corrupt_|^not_found$/),
  message: expect.stringContaining('repair()'),
}
const files = ({ mended }: Repair): string[] => mended.map(({ file }) => file)

test('a whole database is left as it is', async () => {
  const storage = await filled()
  expect(await repair(storage)).toEqual({
    mended: [],
    lost: [],
    setAside: [],
    problems: [],
    rows: ALL.length,
  })
  expect(await idsIn(storage)).toEqual(ALL)
})

describe('nothing is lost of a database with', () => {
  test.each<[string, (storage: StorageBackend) => Promise<void>, RegExp]>([
    ['no CURRENT', (storage) => storage.remove('CURRENT'), /CURRENT/],
    ['a damaged CURRENT', (storage) => hurt(storage, 'CURRENT', 0.3), /^damaged-CURRENT-1$/],
    [
      'a damaged manifest',
      async (storage) => hurt(storage, await newest(storage, /^MANIFEST/), 0.5),
      /^damaged-MANIFEST-\d+-1$/,
    ],
    ['no manifest', async (storage) => storage.remove(await newest(storage, /^MANIFEST/)), /CURRENT/],
  ])('%s', async (_, damage, aside) => {
    for (const settled of [true, false]) {
      const storage = await filled({ settled })
      await damage(storage)
      await expect(open(storage)).rejects.toMatchObject(refusal)
      const report = await repair(storage)
      expect(report).toMatchObject({ lost: [], problems: [], rows: ALL.length })
      expect(files(report)).toEqual(['CURRENT'])
      if (aside.source.startsWith('^')) expect(report.setAside).toContainEqual(expect.stringMatching(aside))
      expect(await idsIn(storage)).toEqual(ALL)
      expect((await repair(storage)).mended).toEqual([])
    }
  })

  test('a damaged index of the payload', async () => {
    const storage = await filled()
    const file = await one(storage, /^s\d+\.payload$/)
    await hurt(storage, file, 0.9)
    const report = await repair(storage)
    expect(report).toMatchObject({ lost: [], setAside: [`damaged-${file}-1`], problems: [] })
    expect(files(report)).toEqual([file])
    expect(await idsIn(storage)).toEqual(ALL)
    expect((await repair(storage)).mended).toEqual([])
  })

  test('rows or deletions damaged that the manifest before does without', async () => {
    for (const pattern of [/^s\d+\.rows$/, /^s\d+\.deleted-/]) {
      const storage = await filled({ settled: false })
      await hurt(storage, await newest(storage, pattern), 0.9)
      const report = await repair(storage)
      expect(report).toMatchObject({ lost: [], problems: [], rows: ALL.length })
      expect(await idsIn(storage)).toEqual(ALL)
    }
  })

  test('both manifests damaged, as long as the log has everything', async () => {
    const storage = new MemoryStorage()
    await (async () => {
      await using db = await open(storage)
      await (await db.collection('rows', schema)).upsert(batch(0, 30))
    })()
    await hurt(storage, await one(storage, /^MANIFEST/), 0.9)
    await storage.remove('CURRENT')
    expect(await repair(storage)).toMatchObject({ lost: [], rows: 30 })
    expect(await idsIn(storage)).toEqual(ids(0, 30))
  })
})

describe('rows that are damaged', () => {
  test.each([
    ['in the vectors', 0.999, ids(50, 100)],
    ['in the header', 0, undefined],
  ])('%s are given up with their segment, and told', async (_, part, lost) => {
    const storage = await filled()
    const file = (await named(storage, /^s\d+\.rows$/))[1] ?? ''
    const before = await (async () => {
      await hurt(storage, file, part)
      return await readWhole(storage, file)
    })()
    const report = await repair(storage)
    expect(report.lost).toEqual([{ collection: 'rows', file, rows: 50, ids: lost }])
    expect(await readWhole(storage, `damaged-${file}-1`)).toEqual(before)
    expect(report.setAside).toContain(`damaged-${file}-1`)
    expect(await idsIn(storage)).toEqual(ALL.filter((id) => !ids(50, 100).includes(id)))
    expect((await repair(storage)).mended).toEqual([])
  })

  test('that are gone altogether are told without ids, and no deleted row counts as lost', async () => {
    const storage = await filled()
    const file = await one(storage, /^s\d+\.rows$/)
    await storage.remove(file)
    await expect(open(storage)).rejects.toMatchObject(refusal)
    const report = await repair(storage)
    expect(report.lost).toEqual([{ collection: 'rows', file, rows: 47, ids: undefined }])
    expect(await idsIn(storage)).toEqual(ALL.filter((id) => id === 'r0' || !ids(0, 50).includes(id)))
  })
})

test('lost deletions bring deleted rows back, but none that was overwritten', async () => {
  const storage = await filled()
  const file = await one(storage, /^s\d+\.deleted-/)
  await hurt(storage, file, 0.9)
  await expect(open(storage)).rejects.toMatchObject(refusal)
  const report = await repair(storage)
  expect(report).toMatchObject({ lost: [], problems: [], setAside: [`damaged-${file}-1`] })
  expect(report.mended[0]?.what).toContain('2 rows that were deleted')
  expect(await idsIn(storage)).toEqual(ids(0, 160).filter((id) => !['r120', 'r5'].includes(id)))
})

describe('a log', () => {
  test('is kept up to its damage, and goes on', async () => {
    const storage = await filled()
    const file = await newest(storage, /^log-\d+$/)
    // The last record but the mark that closing wrote: the eleven rows at the end.
    const bytes = await readWhole(storage, file)
    const at = Buffer.from(bytes).lastIndexOf('"r155"')
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await storage.replace(file, bytes)
    await expect(open(storage)).rejects.toMatchObject({ code: 'corrupt_log' })
    const report = await repair(storage)
    expect(report).toMatchObject({ setAside: [`damaged-${file}-1`], lost: [], problems: [] })
    expect(files(report)).toEqual([file, 'the log'])
    expect(await idsIn(storage)).toEqual(ALL.filter((id) => Number(id.slice(1)) < 149))
    await using db = await open(storage)
    await (await db.collection('rows', schema)).upsert(batch(149, 160))
    await db.close()
    expect(await idsIn(storage)).toEqual(ALL)
  })

  test.each([true, false])('that is gone loses what it alone had (settled: %s)', async (settled) => {
    const storage = await filled({ settled })
    for (const name of await named(storage, /^log-/)) await storage.remove(name)
    await expect(open(storage)).rejects.toMatchObject({ code: 'corrupt_log' })
    const report = await repair(storage)
    expect(report).toMatchObject({ lost: [], problems: [] })
    expect(report.mended.every(({ what }) => what.includes('lost'))).toBe(true)
    const left = ids(0, 149).filter((id) => !['r1', 'r2'].includes(id))
    expect(await idsIn(storage)).toEqual(left)
    await using db = await open(storage)
    await (await db.collection('rows', schema)).upsert(batch(150, 160))
    expect((await db.verify()).problems).toEqual([])
  })
})

test('what is nobody’s database, or somebody’s, is left alone', async () => {
  await expect(repair(new MemoryStorage())).rejects.toMatchObject({ code: 'not_found' })
  const missing = join(tmpdir(), `omen-${randomUUID()}`)
  await expect(repair(missing)).rejects.toMatchObject({ code: 'not_found' })
  await expect(repair(missing)).rejects.toMatchObject({ code: 'not_found' })
  await expect(repair(':memory:')).rejects.toMatchObject({ code: 'invalid_argument' })
  const storage = new MemoryStorage()
  await using db = await open(storage)
  await expect(repair(storage)).rejects.toMatchObject({ code: 'locked' })
  await db.close()
  const [current] = await named(storage, /^CURRENT$/)
  await storage.remove(current ?? '')
  await storage.remove(await one(storage, /^MANIFEST/))
  for (const name of await named(storage, /^log-/)) await storage.remove(name)
  await storage.writeOnce('s1.rows', [new Uint8Array(10)])
  await expect(repair(storage)).rejects.toMatchObject({ code: 'corrupt_database' })
})

// The graph is made twice, in TypeScript where there is no addon.
test('a directory with damage to several files at once, a graph among them', {
  timeout: 300_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'omen-'))
  try {
    const circle = (from: number, to: number) =>
      batch(from, to).map((row) => ({ ...row, near: [Math.cos(row.n), Math.sin(row.n)] }))
    {
      await using db = await open(directory, { threads: 1 })
      const rows = await db.collection('rows', schema)
      await rows.upsert(circle(0, 4200))
      await rows.optimize()
      await rows.delete({ ids: ['r7'] })
      await rows.upsert(circle(4200, 4210))
    }
    const storage = await fileStorage(directory)
    const [graph, index] = [await one(storage, /\.hnsw$/), await one(storage, /\.payload$/)]
    await hurt(storage, graph, 0.7)
    await storage.remove(index)
    await hurt(storage, 'CURRENT', 0.9)
    await storage.close()
    await expect(open(directory)).rejects.toMatchObject(refusal)
    const report = await repair(directory)
    expect(report).toMatchObject({ lost: [], problems: [], rows: 4209 })
    expect(files(report)).toEqual(['CURRENT', index, graph])
    expect(report.setAside).toContain(`damaged-${graph}-1`)
    await using db = await open(directory, { threads: 1 })
    expect((await db.verify()).problems).toEqual([])
    const rows = await db.collection('rows', schema)
    expect(await rows.get(['r7', 'r8'])).toEqual([undefined, { id: 'r8', n: 8 }])
    const near = [Math.cos(1234), Math.sin(1234)]
    expect((await rows.search({ vector: { near }, limit: 1, beam: 500 })).hits).toMatchObject([
      { id: 'r1234' },
    ])
    const segments = (await rows.stats()).segments.filter(({ state }) => state === 'sealed')
    expect(segments).toMatchObject([{ damaged: [] }])
    expect(segments[0]?.fields.near).toMatchObject({ linked: 4199 })
  } finally {
    await rm(directory, { recursive: true })
  }
})
