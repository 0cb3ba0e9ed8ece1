import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadError } from '@omen/native'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { integer, open, openReadOnly, vector } from '../index.ts'
import { collect } from '../testing/collect.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'omen-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const schema = { n: integer(), near: vector(2, { metric: 'l2' }) }
const batch = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `r${from + i}`, n: from + i, near: [from + i, 1] }))

test('a reader follows a writer, change by change and segment by segment', async () => {
  await using db = await open(directory)
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 100))
  await using reader = await openReadOnly(directory)
  const read = await reader.collection('rows', schema)
  expect(await read.count()).toBe(100)
  expect(await (await reader.collection('rows')).get('r7')).toEqual({ id: 'r7', n: 7 })
  await rows.upsert(batch(50, 150))
  await rows.delete({ where: { n: { $lt: 10 } } })
  expect(await read.count()).toBe(100)
  await reader.refresh()
  expect(await read.count()).toBe(140)
  expect(await read.get('r5')).toBeUndefined()
  await rows.optimize()
  await rows.delete({ ids: ['r20'] })
  await rows.upsert(batch(150, 160))
  expect(await read.count()).toBe(140)
  expect((await collect(read.scan())).length).toBe(140)
  await reader.refresh()
  expect(await read.count()).toBe(149)
  const { hits } = await read.search({ vector: { near: [155, 1] }, limit: 2 })
  expect(hits.map(({ id }) => id)).toEqual(['r155', 'r154'])
  await db.drop('rows')
  await reader.refresh()
  expect(await reader.collections()).toEqual([])
  await expect(read.count()).rejects.toMatchObject({ code: 'not_found' })
})

test('a reader that is open holds no writer up, and reads on without one', async () => {
  {
    await using db = await open(directory)
    await (await db.collection('rows', schema)).upsert(batch(0, 10))
  }
  await using reader = await openReadOnly(directory)
  await using again = await openReadOnly(directory)
  const read = await reader.collection('rows', schema)
  {
    await using db = await open(directory)
    await (await db.collection('rows', schema)).upsert(batch(10, 20))
    await reader.refresh()
    expect(await read.count()).toBe(20)
  }
  await again.refresh()
  expect(await (await again.collection('rows', schema)).count()).toBe(20)
  await reader.close()
  await expect(read.count()).rejects.toMatchObject({ code: 'closed' })
})

test('a reader needs a database, and its schema', async () => {
  await expect(openReadOnly(join(directory, 'none'))).rejects.toMatchObject({ code: 'not_found' })
  await expect(openReadOnly(directory)).rejects.toMatchObject({ code: 'not_found' })
  {
    await using db = await open(directory)
    await db.collection('rows', schema)
  }
  await using reader = await openReadOnly(directory)
  await expect(reader.collection('none', schema)).rejects.toMatchObject({ code: 'not_found' })
  await expect(
    reader.collection('rows', { ...schema, m: integer({ optional: true }) }),
  ).rejects.toMatchObject({
    code: 'schema_mismatch',
  })
})

test('a reader says what there is as its writer would', async () => {
  await using db = await open(directory)
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 100))
  await rows.optimize()
  await rows.upsert(batch(50, 120))
  await using reader = await openReadOnly(directory)
  const [seen, known] = [await reader.stats(), await db.stats()]
  // What the writer puts on disk in the background may be there or not.
  expect(seen).toMatchObject({ log: { lastVersion: known.log.lastVersion }, troubles: [] })
  expect(seen.diskBytes).toBeGreaterThan(0)
  expect(seen.collections).toMatchObject([
    { name: 'rows', rows: 120, deleted: 50, segments: [{ state: 'sealed', rows: 50 }, { rows: 70 }] },
  ])
  expect(await reader.verify()).toEqual({ problems: [], rows: 120 })
  await reader.close()
  await expect(reader.stats()).rejects.toMatchObject({ code: 'closed' })
  await expect(reader.verify()).rejects.toMatchObject({ code: 'closed' })
})

test('a reader that verifies takes no file that its writer replaced for damage', async () => {
  await using db = await open(directory)
  const rows = await db.collection('rows', schema)
  await rows.upsert(batch(0, 500))
  await using reader = await openReadOnly(directory)
  // What the reader shows was in the log, which is not needed any more: its records are gone.
  await rows.optimize()
  await rows.upsert(batch(500, 600))
  await rows.optimize()
  const { problems, rows: looked } = await reader.verify()
  expect(problems).toEqual([])
  expect(looked).toBe(600)
})

test('a reader tells damage of what nobody replaced', async () => {
  {
    await using db = await open(directory)
    const rows = await db.collection('rows', schema)
    await rows.upsert(batch(0, 500))
    await rows.optimize()
  }
  const name = (await readdir(directory)).find((each) => each.endsWith('.rows')) ?? ''
  const bytes = await readFile(join(directory, name))
  // The vector of the last row, which is looked at after the opening.
  const at = bytes.indexOf(new Uint8Array(Float32Array.of(499, 1).buffer))
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(join(directory, name), bytes)
  if (loadError()) {
    // Without the accelerator nothing is mapped: vectors are read, and checked, when it is opened.
    await expect(openReadOnly(directory)).rejects.toMatchObject({ code: 'corrupt_segment' })
    return
  }
  await using reader = await openReadOnly(directory)
  expect((await reader.verify()).problems).toMatchObject([{ where: expect.stringMatching(/^segment/) }])
})
