import { MemoryStorage } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { integer, keyword, open, vector } from '../index.ts'
import { collect } from '../testing/collect.ts'

const schema = { n: integer(), group: keyword({ optional: true }), near: vector(2, { metric: 'l2' }) }
const row = (id: string, n: number) => ({ id, n, near: [n, 1] })
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).sort()

describe('a snapshot', () => {
  test('shows the rows as they were, whatever is written', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    await rows.upsert([row('a', 1), row('b', 2), row('c', 3)])
    await using snapshot = await rows.snapshot()
    await rows.upsert([row('a', 100), row('d', 4)])
    await rows.delete({ ids: ['b'] })
    expect(await collect(snapshot.scan())).toEqual([
      { id: 'a', n: 1 },
      { id: 'b', n: 2 },
      { id: 'c', n: 3 },
    ])
    expect(await snapshot.count()).toBe(3)
    expect(await snapshot.count({ n: { $gt: 1 } })).toBe(2)
    expect(await snapshot.get(['a', 'b', 'd'])).toEqual([{ id: 'a', n: 1 }, { id: 'b', n: 2 }, undefined])
    expect(ids((await snapshot.search({ vector: { near: [0, 1] } })).hits)).toEqual(['a', 'b', 'c'])
    expect(ids((await rows.search({ vector: { near: [0, 1] } })).hits)).toEqual(['a', 'c', 'd'])
    expect(await rows.get('a')).toEqual({ id: 'a', n: 100 })
    await snapshot.close()
    await expect(snapshot.count()).rejects.toMatchObject({ code: 'closed' })
  })

  test('outlives its collection', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    await rows.upsert([row('a', 1)])
    await using snapshot = await rows.snapshot()
    await db.drop('rows')
    expect(await snapshot.get('a')).toEqual({ id: 'a', n: 1 })
  })
})

test('a scan goes on over the rows as they were when it began', async () => {
  await using db = await open(':memory:')
  const rows = await db.collection('rows', schema)
  await rows.upsert(Array.from({ length: 20 }, (_, n) => row(`r${n}`, n)))
  const seen: string[] = []
  for await (const { id, n } of rows.scan()) {
    seen.push(id)
    await rows.upsert([row(id, n + 100), row(`more${n}`, n)])
  }
  expect(seen).toHaveLength(20)
  expect(await rows.count()).toBe(40)
})

describe('writes side by side', () => {
  test('are made in the order of the calls, whatever they are', async () => {
    await using db = await open(new MemoryStorage())
    const rows = await db.collection('rows', schema)
    const changes = [
      rows.upsert([row('a', 1), row('b', 1)]),
      rows.delete({ ids: ['a'] }),
      rows.upsert([row('a', 2), row('c', 2)]),
      rows.delete({ where: { n: 2 } }),
      rows.upsert([row('c', 3)]),
      rows.delete({ ids: ['b'] }),
    ]
    await Promise.all(changes)
    expect(await collect(rows.scan())).toEqual([{ id: 'c', n: 3 }])
  })

  test('are all made, and the last one to a row stays', async () => {
    await using db = await open(new MemoryStorage())
    const rows = await db.collection('rows', schema)
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, n) => rows.upsert([row(`r${n % 10}`, n)])),
    )
    expect(results.map(({ version }) => version)).toEqual(
      [...results.map(({ version }) => version)].sort((a, b) => a - b),
    )
    expect(await rows.count()).toBe(10)
    expect((await collect(rows.scan())).map(({ n }) => n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, i) => 190 + i),
    )
  })

  test('that read first do not lose each other', async () => {
    await using db = await open(new MemoryStorage())
    const rows = await db.collection('rows', schema)
    await rows.upsert(Array.from({ length: 30 }, (_, n) => row(`r${n}`, n)))
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < 30; n++) {
      writes.push(rows.update([{ id: `r${n}`, group: 'x' }]))
      writes.push(rows.update([{ id: `r${n}`, n: n + 1000 }]))
      writes.push(rows.upsert([row(`s${n}`, n)]))
    }
    writes.push(rows.delete({ where: { n: { $lt: 1000 } } }))
    await Promise.all(writes)
    expect(await rows.count()).toBe(30)
    expect(await rows.count({ group: 'x', n: { $gte: 1000 } })).toBe(30)
  })
})

describe('a version', () => {
  test('lets one of two writers win', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    expect(await rows.version('a')).toBe(0)
    const { version } = await rows.upsert([row('a', 1)], { ifVersion: 0 })
    expect(await rows.version('a')).toBe(version)
    const outcomes = await Promise.allSettled([
      rows.update([{ id: 'a', n: 2 }], { ifVersion: version }),
      rows.update([{ id: 'a', n: 3 }], { ifVersion: version }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'conflict' } })
    expect(await rows.get('a')).toEqual({ id: 'a', n: 2 })
  })

  test('that is another leaves every row of the call alone', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    await rows.upsert([row('a', 1), row('b', 1)])
    const ifVersion = { a: await rows.version('a'), b: 77 }
    await expect(rows.delete({ ids: ['a', 'b'] }, { ifVersion })).rejects.toMatchObject({ code: 'conflict' })
    await expect(rows.delete({ where: { n: 1 } }, { ifVersion: 1_000 })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(
      rows.replace({ where: { n: 1 }, rows: [row('c', 1)] }, { ifVersion: { c: 5 } }),
    ).rejects.toMatchObject({ code: 'conflict' })
    expect(await rows.has('a')).toBe(true)
    await expect(rows.upsert([row('a', 2), row('b', 2)], { ifVersion })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(rows.upsert([row('a', 2), row('new', 2)], { ifVersion: 5 })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await collect(rows.scan())).toEqual([
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
    ])
  })
})

describe('a row that expires', () => {
  test('is not there any more from that moment on', async () => {
    let now = 1_000_000
    await using db = (await openDatabase(new MemoryStorage(), {}, { now: () => now })).db
    const rows = await db.collection('rows', schema)
    await rows.upsert([
      { ...row('soon', 1), $ttlMs: 10 },
      { ...row('later', 2), $expiresAt: now + 200_000 },
      row('never', 3),
    ])
    await using snapshot = await rows.snapshot()
    now += 9
    expect(ids(await collect(rows.scan()))).toEqual(['later', 'never', 'soon'])
    now += 1
    expect(await rows.has('soon')).toBe(false)
    expect(await rows.get('soon')).toBeUndefined()
    expect(await rows.count()).toBe(2)
    expect(await rows.version('soon')).toBe(0)
    expect(ids((await rows.search({ vector: { near: [1, 1] } })).hits)).toEqual(['later', 'never'])
    await expect(rows.update([{ id: 'soon', n: 5 }])).rejects.toMatchObject({ code: 'not_found' })
    await rows.update([{ id: 'later', n: 22 }])
    now += 199_989
    expect(await rows.get('later')).toEqual({ id: 'later', n: 22 })
    now += 1
    expect(ids(await collect(rows.scan()))).toEqual(['never'])
    expect(await snapshot.count()).toBe(3)
  })

  test('stays away after reopening, and lives on when it is written again', async () => {
    let now = 5_000
    const storage = new MemoryStorage()
    {
      await using db = (await openDatabase(storage, {}, { now: () => now })).db
      const rows = await db.collection('rows', schema)
      await rows.upsert([
        { ...row('a', 1), $ttlMs: 10 },
        { ...row('b', 1), $ttlMs: 10 },
        { ...row('c', 1), $ttlMs: 100 },
      ])
      now += 5
      await rows.upsert([row('b', 2)])
    }
    now += 5
    await using db = (await openDatabase(storage, {}, { now: () => now })).db
    const rows = await db.collection('rows', schema)
    expect(await rows.count()).toBe(2)
    expect(ids(await collect(rows.scan()))).toEqual(['b', 'c'])
    now += 1_000_000
    expect(ids(await collect(rows.scan()))).toEqual(['b'])
  })
})

describe('a call', () => {
  test('ends when its signal fires or its time is over', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    const signal = AbortSignal.abort()
    const aborted = { code: 'aborted' }
    await expect(rows.upsert([row('a', 1)], { signal })).rejects.toMatchObject(aborted)
    await expect(rows.delete({ where: {} }, { signal })).rejects.toMatchObject(aborted)
    await rows.upsert([row('a', 1)])
    await expect(rows.search({ vector: { near: [0, 0] }, signal })).rejects.toMatchObject(aborted)
    await expect(collect(rows.scan({ signal }))).rejects.toMatchObject(aborted)
    await expect(rows.upsert([row('a', 1)], { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    expect(await rows.get('a', {})).toEqual({ id: 'a', n: 1 })
  })

  test('refuses what it does not know', async () => {
    await using db = await open(':memory:')
    const rows = await db.collection('rows', schema)
    const search = (query: object) => rows.search({ vector: { near: [0, 0] }, ...query })
    const invalid = { code: 'invalid_argument' }
    await expect(search({ limt: 3 })).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('limt'),
    })
    await expect(search({ limit: 0 })).rejects.toMatchObject(invalid)
    await expect(search({ offset: -1 })).rejects.toMatchObject(invalid)
    await expect(search({ beam: 1.5 })).rejects.toMatchObject(invalid)
    await expect(search({ within: 'near' })).rejects.toMatchObject(invalid)
    await expect(search({ select: ['none'] })).rejects.toMatchObject({ code: 'unknown_field' })
    await expect(search({ where: { none: 1 } })).rejects.toMatchObject({ code: 'unknown_field' })
    await expect(search({ vector: { none: [0, 0] } })).rejects.toMatchObject({ code: 'unknown_field' })
    await expect(search({ vector: { near: [0] } })).rejects.toMatchObject({ code: 'dimension_mismatch' })
    await expect(search({ vector: {} })).rejects.toMatchObject(invalid)
    await expect(rows.upsert([row('a', 1)], { durability: 'eternal' as 'synced' })).rejects.toMatchObject(
      invalid,
    )
    await expect(rows.delete({} as { ids: string[] })).rejects.toMatchObject(invalid)
    await expect(db.collection('', schema)).rejects.toMatchObject(invalid)
    await expect(open('')).rejects.toMatchObject(invalid)
    await expect(open(':memory:', { threds: 1 } as object)).rejects.toMatchObject(invalid)
  })
})

test('a search pages, keeps within a radius, and says how it was made', async () => {
  await using db = await open(':memory:')
  const rows = await db.collection('rows', schema)
  await rows.upsert(Array.from({ length: 10 }, (_, n) => row(`r${n}`, n)))
  const query = { vector: { near: [0, 1] }, select: ['n'] } as const
  const second = await rows.search({ ...query, limit: 3, offset: 3 })
  expect(second.hits.map(({ n, distance }) => [n, distance])).toEqual([
    [3, 9],
    [4, 16],
    [5, 25],
  ])
  expect(second).not.toHaveProperty('explanation')
  const within = await rows.search({ ...query, within: 4 })
  expect(within.hits.map(({ n }) => n)).toEqual([0, 1, 2])
  const { explanation } = await rows.search({ ...query, where: { n: { $lt: 4 } }, explain: true })
  expect(explanation).toEqual({
    timeMs: expect.any(Number),
    segments: [
      { segment: expect.any(Number), rows: 10, matches: 4, strategy: 'scan', candidates: 0, scanned: 10 },
    ],
  })
  const many = await rows.searchMany({
    vector: {
      near: [
        [0, 1],
        [9, 1],
        [4.4, 1],
      ],
    },
    select: [],
    limit: 1,
  })
  expect(many.map(({ hits }) => hits.map(({ id }) => id))).toEqual([['r0'], ['r9'], ['r4']])
})

test('changes are watched as they are made, from any version that the log still has', async () => {
  await using db = await open(':memory:')
  const rows = await db.collection('rows', schema)
  const other = await db.collection('other', schema)
  const { version } = await rows.upsert([row('a', 1), row('b', 2)])
  await other.upsert([row('x', 1)])
  await rows.delete({ where: { n: 1 } })
  await rows.replace({ where: { n: 2 }, rows: [row('c', 3)] })
  const seen: unknown[] = []
  const watching = (async () => {
    for await (const change of rows.watch({ after: 0, select: ['n', 'near'] })) {
      seen.push(change)
      if (seen.length === 4) break
    }
  })()
  await rows.update([{ id: 'c', n: 4 }])
  await watching
  expect(seen).toEqual([
    {
      version,
      deleted: [],
      written: [
        { id: 'a', n: 1, near: Float32Array.of(1, 1) },
        { id: 'b', n: 2, near: Float32Array.of(2, 1) },
      ],
    },
    { version: version + 2, deleted: ['a'], written: [] },
    { version: version + 3, deleted: ['b'], written: [{ id: 'c', n: 3, near: Float32Array.of(3, 1) }] },
    { version: version + 4, deleted: [], written: [{ id: 'c', n: 4, near: Float32Array.of(3, 1) }] },
  ])
  await expect(collect(rows.watch({ after: 1e6 }))).rejects.toMatchObject({ code: 'invalid_argument' })
  const controller = new AbortController()
  const waiting = collect(rows.watch({ signal: controller.signal }))
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
  const dropped = collect(rows.watch())
  const closed = collect(other.watch())
  await db.drop('rows')
  await expect(dropped).rejects.toMatchObject({ code: 'not_found' })
  await db.close()
  await expect(closed).rejects.toMatchObject({ code: 'closed' })
})
