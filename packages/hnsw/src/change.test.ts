import { type Accelerator, elementsPerVector, type Metric, NO_ROW } from '@omen/core'
import { clusters, randomNumbers } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENTRY, ROOT } from './graph.ts'
import { Hnsw } from './hnsw.ts'
import { type Data, loadSift } from './testing/datasets.ts'
import { brokenPromises, graphOf } from './testing/invariants.ts'

const ENGINES: readonly (readonly [string, Accelerator | null])[] = [
  ['TypeScript', null],
  ...(accelerator() ? [['C++', accelerator() as Accelerator] as const] : []),
]

/** What a sequence of changes is made of; numbers are reduced to what is there. */
type Change =
  | { readonly kind: 'add'; readonly count: number; readonly from: number }
  | { readonly kind: 'remove'; readonly every: number; readonly offset: number }
  | { readonly kind: 'remove root and entry' }
  | { readonly kind: 'compact' }

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      count: fc.integer({ min: 1, max: 60 }),
      from: fc.nat(1000),
    }),
    fc.record({
      kind: fc.constant('remove' as const),
      every: fc.integer({ min: 1, max: 9 }),
      offset: fc.nat(8),
    }),
    fc.constant({ kind: 'remove root and entry' as const }),
    fc.constant({ kind: 'compact' as const }),
  ),
  { minLength: 1, maxLength: 12 },
)

describe.each(ENGINES)('a graph changed by %s', (_, by) => {
  // Clusters with duplicates and outliers; few links, so that lists overflow and the anchor tree is deep.
  const pool = clusters('l2', 500, 6, 1)

  test('keeps its promises through any sequence of changes', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (sequence) => {
        const index = Hnsw.create({ dimension: 6, metric: 'l2', m: 4, beam: 8, accelerator: by })
        const alive = new Set<number>()
        for (const change of sequence) {
          await apply(index, change, alive, pool.vectors as Float32Array)
          expect(await brokenPromises(graphOf(index))).toEqual([])
          expect(index.size).toBe(alive.size)
          const k = Math.max(1, alive.size)
          const { rows } = index.searchSync(pool.queries.subarray(0, 6), { k })
          expect(new Set(rows)).toEqual(alive)
        }
        index.close()
      }),
      { numRuns: 40 },
    )
  })

  test('keeps its promises with a thousand identical rows, and finds all of them', async () => {
    const index = Hnsw.create({ dimension: 4, metric: 'l2', accelerator: by })
    await index.add(new Float32Array(4000).fill(3))
    expect(await brokenPromises(graphOf(index))).toEqual([])
    expect((await index.inspect()).unreachable).toBe(0)
    const query = Float32Array.of(1, 2, 3, 4)
    expect(index.searchSync(query, { k: 1000 }).rows).toEqual(Uint32Array.from({ length: 1000 }, (_, i) => i))
    await index.remove(Array.from({ length: 500 }, (_, i) => i * 2))
    expect(await brokenPromises(graphOf(index))).toEqual([])
    expect(index.searchSync(query, { k: 1000 }).rows).toEqual(
      Uint32Array.from({ length: 500 }, (_, i) => i * 2 + 1),
    )
  })

  test('finds what is near duplicates too', async () => {
    const { train, queries, dimension } = await loadSift()
    const copies = 60
    const rows: Float32Array[] = []
    for (let row = 0; row < 1000; row++) {
      const vector = train.subarray(row * dimension, (row + 1) * dimension)
      rows.push(vector)
      if (row % 50 === 0) for (let copy = 0; copy < copies; copy++) rows.push(vector)
    }
    const vectors = new Float32Array(rows.length * dimension)
    for (const [i, vector] of rows.entries()) vectors.set(vector, i * dimension)
    const index = Hnsw.create({ dimension, metric: 'l2', beam: 100, accelerator: by })
    await index.add(vectors, { threads: 1 })
    const { recall } = await index.measureRecall(queries.subarray(0, 300 * dimension), { k: 10, beam: 16 })
    // 0.88 where a duplicate keeps out whatever ties with it.
    expect(recall).toBeGreaterThan(0.93)
  })

  test('reaches far outliers and the first rows after them', async () => {
    const random = randomNumbers(7)
    const vectors = Float32Array.from({ length: 2000 * 8 }, () => random())
    for (let row = 5; row < 2000; row += 200) vectors.fill(1e6 * (row + 1), row * 8, row * 8 + 8)
    const index = Hnsw.create({ dimension: 8, metric: 'l2', m: 8, beam: 40, accelerator: by })
    await index.add(vectors, { threads: 1 })
    expect(await brokenPromises(graphOf(index))).toEqual([])
    for (let row = 5; row < 2000; row += 200) {
      const { rows, distances } = index.searchSync(vectors.slice(row * 8, row * 8 + 8), { k: 1 })
      expect([rows[0], distances[0]]).toEqual([row, 0])
    }
  })

  test('finds the rest when the entry and all its neighbours are gone', async () => {
    const data = clusters('l2', 400, 12, 3)
    const index = Hnsw.create({ dimension: 12, metric: 'l2', m: 8, beam: 40, accelerator: by })
    await index.add(data.vectors)
    const graph = graphOf(index)
    const entry = graph.entry
    const start = graph.start(entry, 0)
    const around = [...graph.words(entry, 0).subarray(start, start + graph.degree(entry, 0))]
    await index.remove([entry, ...around])
    expect(index.stats().removed).toBeGreaterThan(0)
    expect(index.searchSync(data.queries.subarray(0, 12), { k: 400 }).rows).toHaveLength(
      400 - 1 - around.length,
    )
    await index.compact()
    expect(index.stats().removed).toBe(0)
    expect(await brokenPromises(graphOf(index))).toEqual([])
    expect(index.searchSync(data.queries.subarray(0, 12), { k: 400 }).rows).toHaveLength(
      400 - 1 - around.length,
    )
  })
})

async function apply(index: Hnsw, change: Change, alive: Set<number>, vectors: Float32Array): Promise<void> {
  const remove = async (rows: number[]): Promise<void> => {
    expect(await index.remove(rows)).toBe(rows.length)
    for (const row of rows) alive.delete(row)
  }
  switch (change.kind) {
    case 'add': {
      const from = change.from % (vectors.length / 6 - change.count)
      const added = await index.add(vectors.subarray(from * 6, (from + change.count) * 6), { threads: 1 })
      for (const row of added) {
        expect(alive.has(row)).toBe(false)
        alive.add(row)
      }
      break
    }
    case 'remove':
      await remove([...alive].filter((row) => row % change.every === change.offset % change.every))
      break
    case 'remove root and entry': {
      const { head } = graphOf(index)
      await remove(
        [...new Set([head[ENTRY] as number, head[ROOT] as number])].filter((row) => alive.has(row)),
      )
      break
    }
    case 'compact':
      await index.compact()
      break
  }
}

describe.skipIf(!accelerator())(`native (${loadError() ?? 'the addon is there'})`, () => {
  test.each<Metric>(['l2', 'dot', 'cosine', 'hamming'])(
    'two threads keep the promises, by %s',
    async (metric) => {
      const data = clusters(metric, 4000, metric === 'hamming' ? 64 : 8, 5)
      const index = Hnsw.create({ ...data.shape, m: 4, beam: 20 })
      for (let round = 0; round < 4; round++) {
        const rows = await index.add(data.vectors, { threads: 2 })
        expect(await brokenPromises(graphOf(index))).toEqual([])
        await index.remove(rows.filter((row) => (row + round) % 3 !== 0))
        expect(await brokenPromises(graphOf(index))).toEqual([])
      }
      const elements = elementsPerVector(data.shape)
      const { rows } = index.searchSync(data.queries.subarray(0, elements), { k: index.size })
      expect(rows).toHaveLength(index.size)
      expect(rows).not.toContain(NO_ROW)
    },
  )

  test('recall stays when half of the rows are removed and added again, ten times', async () => {
    const { train, queries, dimension }: Data = await loadSift()
    const index = Hnsw.create({ dimension, metric: 'l2', beam: 100 })
    const vectors = train.subarray(0, 4000 * dimension)
    const rows = await index.add(vectors, { threads: 1 })
    const where = new Map([...rows].map((row, i) => [i, row]))
    const some = queries.subarray(0, 300 * dimension)
    const before = (await index.measureRecall(some, { k: 10, beam: 32 })).recall
    for (let round = 0; round < 10; round++) {
      const chosen = [...where.keys()].filter((i) => (i + round) % 2 === 0)
      await index.remove(chosen.map((i) => where.get(i) as number))
      const again = new Float32Array(chosen.length * dimension)
      for (const [at, i] of chosen.entries()) {
        again.set(vectors.subarray(i * dimension, (i + 1) * dimension), at * dimension)
      }
      const added = await index.add(again, { threads: 1 })
      for (const [at, i] of chosen.entries()) where.set(i, added[at] as number)
      expect(Math.max(...added)).toBeLessThan(4000)
    }
    expect(await brokenPromises(graphOf(index))).toEqual([])
    const after = (await index.measureRecall(some, { k: 10, beam: 32 })).recall
    expect(after).toBeGreaterThan(before - 0.01)
  })
})
