import { Bitset, MemoryStorage, NO_ROW } from '@omen/core'
import { loadError } from '@omen/native'
import { vector } from '@omen/schema'
import { checkSchema } from '@omen/schema/check'
import { beforeAll, describe, expect, test } from 'vitest'
import { rowBlock } from '../rows/row-block.ts'
import { loadSift } from '../testing/sift.ts'
import { ActiveSegment } from './active-segment.ts'
import { mergeSegments } from './merge.ts'
import { openSegment } from './open-segment.ts'
import { seal } from './seal.ts'
import type { SealedSegment } from './sealed-segment.ts'
import type { Segment } from './segment.ts'

const SCHEMA = checkSchema({ v: vector(128, { metric: 'l2', quantizer: 'sq8' }) })
/** Building in TypeScript takes some seconds for every thousand rows. */
const ROWS = loadError() ? 2000 : 8000
const LINKING = { threads: 1, graphFrom: 500 }

describe(`recall@10 by ${ROWS} photographs' descriptors`, { timeout: 300_000 }, () => {
  let data: Awaited<ReturnType<typeof loadSift>>
  const storage = new MemoryStorage()

  beforeAll(async () => {
    data = await loadSift()
  })

  function active(id: number, from: number, to: number): ActiveSegment {
    const segment = new ActiveSegment({ id, schema: SCHEMA, graphFrom: 500 })
    const rows = data.train.slice(from, to).map((v, i) => ({ id: `d${from + i}`, v }))
    segment.append(rowBlock(SCHEMA, rows), 1)
    return segment
  }

  async function sealed(id: number, from: number, to: number): Promise<SealedSegment> {
    const segment = active(id, from, to)
    const files = await seal(segment, Bitset.full(to - from), SCHEMA, storage, LINKING)
    segment.release()
    return openSegment(SCHEMA, storage, files)
  }

  /** The share of the ten nearest that searches find, and whether every distance is exact: descriptors are whole numbers. */
  async function recall(segment: Segment, exists: (descriptor: number) => boolean): Promise<number> {
    let found = 0
    const queries = data.queries.slice(0, 100)
    for (const query of queries) {
      const distances = data.train
        .slice(0, ROWS)
        .flatMap((each, i) => (exists(i) ? [squared(query, each)] : []))
        .sort((a, b) => a - b)
      const hits = await segment.search('v', query, { k: 10 })
      found += hits.distances.filter((distance) => distance <= (distances[9] ?? 0)).length
      for (const [i, row] of hits.rows.entries()) {
        const descriptor = Number(segment.idOf(row).slice(1))
        expect(hits.distances[i]).toBe(squared(query, data.train[descriptor] as Float32Array))
      }
    }
    return found / (queries.length * 10)
  }

  test('is as high when half of the rows are linked, when all are, and when they are sealed', async () => {
    const segment = active(1, 0, ROWS)
    await segment.link(ROWS / 2, { threads: 1 })
    expect(await recall(segment, () => true)).toBeGreaterThanOrEqual(0.97)
    await segment.link(undefined, { threads: 1 })
    expect(await recall(segment, () => true)).toBeGreaterThanOrEqual(0.97)
    segment.release()
    const reopened = await sealed(2, 0, ROWS)
    expect(await recall(reopened, () => true)).toBeGreaterThanOrEqual(0.97)
    reopened.release()
  })

  test('is as high after a merge, on the largest graph and without deleted rows', async () => {
    const large = await sealed(3, 0, ROWS * 0.75)
    const small = await sealed(4, ROWS * 0.75, ROWS)
    const live = Bitset.full(large.rows)
    for (let row = 0; row < large.rows; row += 7) live.clear(row)
    const { files, mapping } = await mergeSegments(
      [
        { segment: small, live: Bitset.full(small.rows) },
        { segment: large, live },
      ],
      SCHEMA,
      storage,
      5,
      LINKING,
    )
    expect(mapping[1]?.[0]).toBe(NO_ROW)
    const merged = await openSegment(SCHEMA, storage, files)
    const exists = (descriptor: number): boolean => descriptor >= large.rows || descriptor % 7 !== 0
    expect(await recall(merged, exists)).toBeGreaterThanOrEqual(0.97)
    for (const segment of [large, small, merged]) segment.release()
  })
})

describe('what a row of 128 dimensions takes beside its vector', () => {
  /** Bytes a row, in memory while it is written and in files: 512 are the vector. */
  test.each([
    [100, 220, 180],
    [1000, 150, 60],
  ])('of %i rows: at most %i in memory and %i in files', async (count, memory, disk) => {
    const rows = Array.from({ length: count }, (_, i) => ({
      id: `row ${i}`,
      v: Float32Array.from({ length: 128 }, (__, c) => ((i * 31 + c * 17) % 251) - 100),
    }))
    const segment = new ActiveSegment({ id: 1, schema: SCHEMA })
    segment.append(rowBlock(SCHEMA, rows), 1)
    expect(segment.stats().bytes.total / count - 512).toBeLessThan(memory)
    const storage = new MemoryStorage()
    await seal(segment, Bitset.full(count), SCHEMA, storage, { threads: 1 })
    const bytes = (await storage.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    expect(bytes / count - 512).toBeLessThan(disk)
    segment.release()
  })
})

function squared(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2
  return sum
}
