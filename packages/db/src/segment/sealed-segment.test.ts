import { Bitset, MemoryStorage, NO_ROW, OmenError } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { blockOf, nearest, SCHEMA, type TestRow, testRows } from '../testing/segment-rows.ts'
import { type SegmentSubject, testSegment } from '../testing/segment-suite.ts'
import { ActiveSegment } from './active-segment.ts'
import { GraphMemory } from './graph-memory.ts'
import { openSegment } from './open-segment.ts'
import { seal } from './seal.ts'
import type { SealedSegment } from './sealed-segment.ts'
import { filesOfSegment, type SegmentFiles } from './segment-files.ts'

interface Sealed {
  readonly storage: MemoryStorage
  readonly files: SegmentFiles
  readonly rows: readonly TestRow[]
}

async function sealed(count: number, live?: Bitset, graphFrom = 200): Promise<Sealed> {
  const rows = testRows(count, 23)
  const active = new ActiveSegment({ id: 5, schema: SCHEMA, graphFrom })
  for (let from = 0; from < count; from += 500)
    active.append(blockOf(rows.slice(from, from + 500)), 1000 + from)
  const storage = new MemoryStorage()
  const files = await seal(active, live ?? Bitset.full(count), SCHEMA, storage, { threads: 1 })
  active.release()
  return { storage, files, rows }
}

async function subject(count: number): Promise<SegmentSubject> {
  const { storage, files, rows } = await sealed(count)
  const segment = await openSegment(SCHEMA, storage, files)
  await segment.verified
  return { segment, rows, versions: rows.map((_, i) => 1000 + Math.floor(i / 500) * 500) }
}

testSegment('a sealed segment with graphs', () => subject(1200))
testSegment('a sealed segment that is scanned', () => subject(180 + 20))

describe('a sealed segment', () => {
  test('gives the answers of the active one that it was', async () => {
    const rows = testRows(700, 2)
    const active = new ActiveSegment({ id: 1, schema: SCHEMA, graphFrom: 100 })
    active.append(blockOf(rows), 9)
    const storage = new MemoryStorage()
    const files = await seal(active, Bitset.full(700), SCHEMA, storage, { threads: 1 })
    const segment = await openSegment(SCHEMA, storage, files)
    for (const { embedding } of rows.slice(0, 40)) {
      const before = await active.search('embedding', embedding, { k: 10 })
      const after = await segment.search('embedding', embedding, { k: 10 })
      expect(after).toEqual(before)
    }
    expect(files).toMatchObject({ id: 1, rows: 700, lastSequence: 9 })
    expect(JSON.parse(JSON.stringify(files))).toEqual(files)
    active.release()
    segment.release()
    await segment.closed
  })

  test('does not know by their ids the rows that were deleted before', async () => {
    const live = Bitset.full(60)
    for (const row of [0, 7, 33]) live.clear(row)
    const { storage, files, rows } = await sealed(60, live)
    const segment = await openSegment(SCHEMA, storage, files)
    for (const [i, { id }] of rows.entries()) {
      expect(segment.findRow(id)).toBe(live.has(i) ? i : NO_ROW)
      expect(segment.idOf(i)).toBe(id)
    }
    segment.release()
  })

  test('of no rows is written and opened', async () => {
    const { storage, files } = await sealed(0)
    const segment = await openSegment(SCHEMA, storage, files)
    expect(segment.rows).toBe(0)
    expect(segment.findRow('a')).toBe(NO_ROW)
    const hits = await segment.search('embedding', new Float32Array(24).fill(1), { k: 5 })
    expect(hits.rows).toHaveLength(0)
    segment.release()
  })

  test('is found by filters as it was while it was active', async () => {
    const { storage, files, rows } = await sealed(400)
    const segment = await openSegment(SCHEMA, storage, files)
    const accept = segment.payload.match({ kind: 'in', field: 'lang', values: ['de'] }, (id) =>
      segment.rowsOf(id),
    )
    expect([...accept]).toEqual(rows.flatMap(({ lang }, i) => (lang === 'de' ? [i] : [])))
    const query = rows[3]?.embedding as Float32Array
    const hits = await segment.search('embedding', query, { k: 10, accept })
    expect(hits.rows[0]).toBe(nearest(rows, 'embedding', query, accept)[0]?.row)
    segment.release()
  })

  test('reads its graphs into memory as long as there is some, and gives it back', async () => {
    const { storage, files, rows } = await sealed(300)
    const sizeBytes = Object.values(files.graphs).reduce((sum, file) => sum + file.sizeBytes, 0)
    const graphMemory = new GraphMemory(sizeBytes)
    const query = rows[5]?.embedding as Float32Array
    const [first, second] = [
      await openSegment(SCHEMA, storage, files, { graphMemory }),
      await openSegment(SCHEMA, storage, files, { graphMemory }),
    ]
    expect(graphMemory.take(1)).toBe(false)
    const found = await first.search('embedding', query, { k: 10 })
    expect(await second.search('embedding', query, { k: 10 })).toEqual(found)
    for (const segment of [first, second]) {
      segment.release()
      await segment.closed
    }
    expect(graphMemory.take(sizeBytes)).toBe(true)
    expect(graphMemory.take(1)).toBe(false)
  })

  test('a seal that fails leaves no file', async () => {
    const { storage, files } = await sealed(300)
    const before = await storage.list()
    const again = new ActiveSegment({ id: files.id, schema: SCHEMA, graphFrom: 10 })
    again.append(blockOf(testRows(50, 1)), 1)
    await storage.remove(files.graphs.embedding?.name ?? '')
    await expect(seal(again, Bitset.full(50), SCHEMA, storage, { threads: 1 })).rejects.toMatchObject({
      code: 'already_exists',
    })
    expect((await storage.list()).map(({ name }) => name)).toEqual(
      before.map(({ name }) => name).filter((name) => name !== files.graphs.embedding?.name),
    )
    again.release()
  })

  test('without its graph or the index of its payload says so, and answers all the same', async () => {
    const { storage, files, rows } = await sealed(300)
    const graph = files.graphs.embedding?.name ?? ''
    for (const name of [graph, files.payloadFile.name]) await storage.remove(name)
    const told: string[] = []
    const segment = await openSegment(SCHEMA, storage, files, { onDamage: (file) => told.push(file) })
    expect(told.sort()).toEqual([graph, files.payloadFile.name].sort())
    expect([...segment.damaged].sort()).toEqual(told)
    const query = rows[9]?.embedding as Float32Array
    const accept = segment.payload.match({ kind: 'in', field: 'lang', values: ['en'] }, () => [])
    const hits = await segment.search('embedding', query, { k: 4, accept })
    expect(hits.plan.strategy).toBe('scan')
    expect([...hits.rows]).toEqual(
      nearest(rows, 'embedding', query, accept)
        .slice(0, 4)
        .map(({ row }) => row),
    )
    segment.release()
  })
})

describe('damage', () => {
  test('bits flipped and files cut all over: an error or the right answer', async () => {
    const { storage, files, rows } = await sealed(15, undefined, 8)
    let [refused, answered] = [0, 0]
    for (const { name, sizeBytes } of filesOfSegment(files)) {
      const bytes = await bytesOf(storage, name)
      // A step that is no multiple of anything that lies in the file.
      const step = Math.ceil(sizeBytes / 40) | 1
      for (let at = 0; at < sizeBytes; at += step) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
        for (const content of [damaged, bytes.subarray(0, at)]) {
          if (await isRightOrRefused(files, await copyWith(storage, name, content), rows)) answered++
          else refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(20)
    expect(answered).toBeGreaterThan(20)
  })
})

/** @returns false when opening is refused; fails for a wrong answer */
async function isRightOrRefused(
  files: SegmentFiles,
  storage: MemoryStorage,
  rows: readonly TestRow[],
): Promise<boolean> {
  let segment: SealedSegment | undefined
  try {
    segment = await openSegment(SCHEMA, storage, files)
    await segment.verified
  } catch (error) {
    if (!(error instanceof OmenError && error.code === 'corrupt_segment')) throw error
    segment?.release()
    return false
  }
  for (const { id, embedding, lang } of rows.slice(0, 3)) {
    const row = segment.findRow(id)
    expect(segment.idOf(row)).toBe(id)
    expect(segment.payload.payload(row).lang).toBe(lang)
    expect(segment.vector('embedding', row)).toEqual(embedding)
    const hits = await segment.search('embedding', embedding, { k: 1 })
    expect(hits.rows[0]).toBe(row)
  }
  segment.release()
  return true
}

async function bytesOf(storage: MemoryStorage, name: string): Promise<Uint8Array> {
  const region = await storage.read(name)
  const bytes = new Uint8Array(region.sizeBytes)
  await region.readInto(bytes, 0)
  return bytes
}

async function copyWith(storage: MemoryStorage, name: string, bytes: Uint8Array): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for (const file of await storage.list()) {
    await copy.writeOnce(file.name, [file.name === name ? bytes : await bytesOf(storage, file.name)])
  }
  return copy
}
