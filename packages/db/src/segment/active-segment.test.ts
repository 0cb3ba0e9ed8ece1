import { Bitset, NO_ROW, takeTurn } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { blockOf, nearest, SCHEMA, type TestRow, testRows } from '../testing/segment-rows.ts'
import { type SegmentSubject, testSegment } from '../testing/segment-suite.ts'
import { ActiveSegment } from './active-segment.ts'

const make = (): ActiveSegment => new ActiveSegment({ id: 7, schema: SCHEMA, graphFrom: 200 })

/** A segment of rows that came in batches of an odd size. */
function filled(rows: readonly TestRow[], batch: number): { segment: ActiveSegment; versions: number[] } {
  const segment = make()
  const versions: number[] = []
  for (let from = 0; from < rows.length; from += batch) {
    const some = rows.slice(from, from + batch)
    const sequence = 100 + from
    expect(segment.append(blockOf(some), sequence)).toBe(from)
    versions.push(...some.map(() => sequence))
  }
  return { segment, versions }
}

async function subject(count: number, link: number): Promise<SegmentSubject> {
  const rows = testRows(count, 11)
  const { segment, versions } = filled(rows, 333)
  await segment.link(link, { threads: 1 })
  return { segment, rows, versions }
}

testSegment('an active segment that is scanned', () => subject(1200, 0))
testSegment('an active segment that is linked', () => subject(1200, Number.POSITIVE_INFINITY))
testSegment('an active segment that is half linked', () => subject(1200, 601))

describe('an active segment', () => {
  test('finds every row while it is linked in the background, each once', async () => {
    const rows = testRows(2000, 3)
    const { segment } = filled(rows, 500)
    expect(segment.pending).toBe(2000)
    const linking = segment.link(Number.POSITIVE_INFINITY, { threads: 1 })
    let linked = false
    void linking.finally(() => {
      linked = true
    })
    let searches = 0
    while (!linked || searches < 50) {
      // Without an accelerator a search may end without a turn of the event loop, which linking needs.
      await takeTurn()
      const row = (searches++ * 61) % rows.length
      const query = rows[row]?.embedding as Float32Array
      const hits = await segment.search('embedding', query, { k: 20 })
      expect(hits.rows[0]).toBe(nearest(rows, 'embedding', query)[0]?.row)
      expect(hits.rows).toHaveLength(20)
      expect(new Set(hits.rows).size).toBe(20)
    }
    // The image, which fewer rows have, is linked too.
    expect(await linking).toBe(2000 + rows.filter(({ image }) => image).length)
    expect(segment.pending).toBe(0)
    segment.release()
  })

  test('links every vector once, whoever asks at the same time', async () => {
    const rows = testRows(900, 4)
    const { segment } = filled(rows, 300)
    const counts = await Promise.all(
      [300, 250, 1000, 1000].map((limit) => segment.link(limit, { threads: 1 })),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1500)
    expect(segment.fields.get('embedding')?.graph?.size).toBe(900)
    const query = rows[0]?.embedding as Float32Array
    const explained = await segment.search('embedding', query, { k: 5, explain: true })
    expect(explained.plan).toMatchObject({ strategy: 'graph', walk: { matches: 900 } })
    const few = { k: 5, explain: true, accept: Bitset.fromRows([1, 2], 900) }
    expect((await segment.search('embedding', query, few)).plan.walk).toMatchObject({ matches: 2 })
    expect((await segment.search('embedding', query, { k: 5 })).plan.walk).toBeUndefined()
    segment.release()
  })

  test('a replaced row is found by its id as long as it is accepted', () => {
    const segment = make()
    const rows = testRows(3, 1)
    segment.append(blockOf(rows), 1)
    segment.append(blockOf(rows.slice(1)), 2)
    segment.append(blockOf(rows.slice(2)), 3)
    const id = rows[2]?.id ?? ''
    expect(segment.findRow(id)).toBe(5)
    expect([...segment.rowsOf(id)]).toEqual([5, 4, 2])
    expect(segment.findRow(id, Bitset.fromRows([0, 1, 2]))).toBe(2)
    expect(segment.findRow(id, Bitset.fromRows([0, 1]))).toBe(NO_ROW)
    segment.release()
  })

  test('is empty and answers, before the first row', async () => {
    const segment = make()
    const hits = await segment.search('embedding', new Float32Array(24).fill(1), { k: 5 })
    expect(hits.rows).toHaveLength(0)
    expect(await segment.link()).toBe(0)
    segment.release()
    expect(() => segment.retain()).toThrow(/closed/)
    await expect(segment.search('embedding', new Float32Array(24).fill(1), { k: 5 })).rejects.toMatchObject({
      code: 'closed',
    })
  })

  test('a field that only the last row has costs no other row anything but its place', async () => {
    const segment = make()
    const [first, second] = testRows(2, 1) as [TestRow, TestRow]
    const { image, ...without } = first
    segment.append(blockOf([without, { ...without, id: 'another' }]), 1)
    segment.append(blockOf([{ ...second, image: image as Float32Array }]), 2)
    expect(segment.vector('image', 1)).toBeUndefined()
    const hits = await segment.search('image', image as Float32Array, { k: 5 })
    expect([...hits.rows]).toEqual([2])
    segment.release()
  })
})
