import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import {
  boolean,
  date,
  integer,
  json,
  keyword,
  number,
  open,
  openReadOnly,
  type Reader,
  type Schema,
  text,
  vector,
} from '../index.ts'
import { collect } from '../testing/collect.ts'

const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url))
const folders: string[] = []

/** A copy of what a version of the format wrote: the repository's is never changed. */
async function golden(version: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'omen-golden-'))
  folders.push(folder)
  await cp(join(GOLDEN, version), folder, { recursive: true })
  return folder
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

const words = {
  group: keyword(),
  tags: keyword({ many: true }),
  n: integer(),
  weight: number({ optional: true }),
  good: boolean(),
  seen: date({ optional: true }),
  note: text({ optional: true }),
  more: json({ optional: true }),
  near: vector(4, { metric: 'l2', m: 4 }),
  far: vector(3, { metric: 'cosine', quantizer: 'none', optional: true }),
}
const second = { v: vector(2, { metric: 'dot', index: 'flat' }), k: keyword() }

/** The rows that there are. */
const EXPECTED = Array.from({ length: 115 }, (_, n) => n).filter(
  (n) => n !== 3 && n !== 4 && !(n >= 80 && n < 83),
)

interface Opened {
  collection<const S extends Schema>(name: string, schema: S): Promise<Reader<S>>
}

async function check(db: Opened): Promise<void> {
  const rows = await db.collection('words', words)
  expect(await rows.count()).toBe(EXPECTED.length)
  const ids = (await collect(rows.scan())).map(({ id }) => id)
  expect(ids.sort()).toEqual(EXPECTED.map((n) => `w${n}`).sort())
  expect(
    await rows.get('w10', { select: ['group', 'tags', 'weight', 'seen', 'note', 'more', 'far'] }),
  ).toEqual({
    id: 'w10',
    group: 'g1',
    tags: ['even'],
    weight: 1.25,
    seen: new Date(Date.UTC(2026, 0, 11)),
    note: 'the note of 10 🐟',
    more: { n: 10, list: [10, null, 'x'] },
  })
  expect(await rows.get('w7', { select: ['good', 'note', 'near', 'far'] })).toEqual({
    id: 'w7',
    good: true,
    note: 'overwritten',
    near: Float32Array.of(7, 0, 1, 0.5),
    far: Float32Array.of(1, 7, -1),
  })
  expect(await rows.count({ tags: 'odd', n: { $lt: 60 } })).toBe(29)
  expect(await rows.count({ good: true, seen: { $gte: new Date(Date.UTC(2026, 2, 1)) } })).toBe(
    EXPECTED.filter((n) => n % 7 === 0 && n % 3 !== 0 && n >= 59).length,
  )
  for (const n of [0, 5, 59, 60, 79, 83, 109, 114]) {
    const { hits } = await rows.search({ vector: { near: [n, n % 7, 1, 0.5] }, limit: 2 })
    expect(hits[0]).toMatchObject({ id: `w${n}`, distance: 0 })
  }
  const { hits } = await rows.search({ vector: { far: [1, 1000, -1] }, limit: 3, where: { n: { $lt: 60 } } })
  expect(hits.map(({ id }) => id)).toEqual(['w59', 'w57', 'w55'])
  const others = await db.collection('second', second)
  expect(await collect(others.scan({ select: ['v', 'k'] }))).toEqual([
    { id: ' ', v: Float32Array.of(1, 2), k: 'blank id' },
    { id: '__proto__', v: Float32Array.of(3, -4), k: 'odd id' },
  ])
}

describe.each((await readdir(GOLDEN)).filter((name) => /^\d+$/.test(name)))(
  'format version %s',
  (version) => {
    test('has what this test is about: a graph, segments with deletions, and a log', async () => {
      const files = (await readdir(join(GOLDEN, version))).join(' ')
      for (const kind of [
        '.rows',
        '.payload',
        '-near.hnsw',
        '-far.hnsw',
        '.deleted-',
        'MANIFEST-',
        'CURRENT',
        'log-',
      ]) {
        expect(files).toContain(kind)
      }
    })

    test('opens for reading, and for writing again and again', async () => {
      const folder = await golden(version)
      const damaged: string[] = []
      const onDamage = (file: string) => void damaged.push(file)
      {
        await using db = await openReadOnly(folder, { onDamage })
        await check(db)
      }
      for (const _ of ['once', 'twice']) {
        await using db = await open(folder, { onDamage })
        await check(db)
      }
      {
        await using db = await open(folder, { onDamage })
        await (await db.collection('words', words)).optimize()
        await check(db)
      }
      await using db = await open(folder, { onDamage })
      await check(db)
      expect(damaged).toEqual([])
    })
  },
)
