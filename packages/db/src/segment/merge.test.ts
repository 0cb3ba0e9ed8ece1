import { Bitset, MemoryStorage, NO_ROW, randomNumbers } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { blockOf, SCHEMA, type TestRow, testRows } from '../testing/segment-rows.ts'
import { type SegmentSubject, testSegment } from '../testing/segment-suite.ts'
import { ActiveSegment } from './active-segment.ts'
import { mergeSegments } from './merge.ts'
import type { MergeSource } from './merged-rows.ts'
import { openSegment } from './open-segment.ts'
import { seal } from './seal.ts'
import { filesOfSegment } from './segment-files.ts'

const OPTIONS = { threads: 1, graphFrom: 200 }

interface Source extends MergeSource {
  readonly rows: readonly TestRow[]
}

/** Segments of consecutive rows, of which each row is deleted with some probability. */
async function sources(
  storage: MemoryStorage,
  counts: readonly number[],
  deleted: number,
): Promise<Source[]> {
  const rows = testRows(
    counts.reduce((sum, count) => sum + count, 0),
    31,
  )
  const random = randomNumbers(7)
  const made: Source[] = []
  let from = 0
  for (const [i, count] of counts.entries()) {
    const some = rows.slice(from, from + count)
    const active = new ActiveSegment({ id: i + 1, schema: SCHEMA, graphFrom: 200 })
    active.append(blockOf(some), 10 * (i + 1))
    const live = Bitset.fromRows(
      some.flatMap((_, row) => (random() < deleted ? [] : [row])),
      count,
    )
    const files = await seal(active, live, SCHEMA, storage, { threads: 1 })
    active.release()
    made.push({ segment: await openSegment(SCHEMA, storage, files), live, rows: some })
    from += count
  }
  return made
}

async function subject(counts: readonly number[], deleted: number): Promise<SegmentSubject> {
  const storage = new MemoryStorage()
  const made = await sources(storage, counts, deleted)
  const { files, mapping } = await mergeSegments(made, SCHEMA, storage, 9, OPTIONS)
  for (const { segment } of made) segment.release()
  const kept: { readonly row: TestRow; readonly version: number }[] = []
  for (const [source, { rows, segment }] of made.entries()) {
    for (const [i, row] of rows.entries()) {
      const to = mapping[source]?.[i] ?? NO_ROW
      if (to !== NO_ROW) kept[to] = { row, version: segment.id * 10 }
    }
  }
  return {
    segment: await openSegment(SCHEMA, storage, files),
    rows: kept.map(({ row }) => row),
    versions: kept.map(({ version }) => version),
  }
}

testSegment('a merged segment', () => subject([500, 1, 300, 600], 0))
testSegment('a merged segment without its deleted rows', () => subject([500, 40, 900], 0.3))

describe('a merge', () => {
  test('says where each row went, and leaves no trace of the deleted ones', async () => {
    const storage = new MemoryStorage()
    const made = await sources(storage, [300, 200], 0.5)
    const { files, mapping } = await mergeSegments(made, SCHEMA, storage, 9, OPTIONS)
    const merged = await openSegment(SCHEMA, storage, files)
    const taken = new Set<number>()
    for (const [i, { rows, live }] of made.entries()) {
      for (const [row, { id }] of rows.entries()) {
        const to = mapping[i]?.[row] ?? NO_ROW
        expect(to !== NO_ROW).toBe(live.has(row))
        expect(merged.findRow(id)).toBe(to)
        if (to !== NO_ROW) taken.add(to)
      }
    }
    expect(merged.rows).toBe(taken.size)
    expect(files.rows).toBe(taken.size)
    expect(Math.max(...taken)).toBe(taken.size - 1)
    const bytes = (id: number): number =>
      filesOfSegment({ ...files, id }).reduce((sum, file) => sum + file.sizeBytes, 0)
    const before = made.flatMap(({ segment }) => filesOfSegment(segment.files))
    expect(bytes(9)).toBeLessThan(0.75 * before.reduce((sum, file) => sum + file.sizeBytes, 0))
    merged.release()
  })

  test('of rows that are all deleted gives an empty segment', async () => {
    const storage = new MemoryStorage()
    const made = await sources(storage, [250], 1)
    const { files } = await mergeSegments(made, SCHEMA, storage, 9, OPTIONS)
    const merged = await openSegment(SCHEMA, storage, files)
    expect(merged.rows).toBe(0)
    expect(files.graphs).toEqual({})
    merged.release()
  })

  test('makes a damaged graph and index of payload again', async () => {
    const storage = new MemoryStorage()
    const [made] = await sources(storage, [300], 0)
    const { files } = (made as Source).segment
    await storage.remove(files.graphs.embedding?.name ?? '')
    await storage.remove(files.payloadFile.name)
    const damaged = await openSegment(SCHEMA, storage, files)
    expect(damaged.damaged).toHaveLength(2)
    const live = Bitset.full(300)
    const merged = await mergeSegments([{ segment: damaged, live }], SCHEMA, storage, 9, OPTIONS)
    const healed = await openSegment(SCHEMA, storage, merged.files)
    expect(healed.damaged).toEqual([])
    const query = (made as Source).rows[8]?.embedding as Float32Array
    expect((await healed.search('embedding', query, { k: 1 })).plan.strategy).toBe('graph')
    for (const segment of [damaged, healed]) segment.release()
  })

  test('tells of its progress, and leaves nothing when it is aborted', async () => {
    const storage = new MemoryStorage()
    const made = await sources(storage, [300, 300], 0)
    const before = await storage.list()
    const controller = new AbortController()
    const merging = mergeSegments(made, SCHEMA, storage, 9, {
      ...OPTIONS,
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        expect(total).toBe(1000)
        if (done >= 600) controller.abort()
      },
    })
    await expect(merging).rejects.toMatchObject({ code: 'aborted' })
    expect(await storage.list()).toEqual(before)
    for (const { segment } of made) segment.release()
  })
})
