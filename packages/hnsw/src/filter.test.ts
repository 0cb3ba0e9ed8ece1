import { type Accelerator, Bitset, type Quantizer, SEARCH_STRATEGIES, type SearchOptions } from '@omen/core'
import { clusters, type DataSet, randomNumbers, vectorAt } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { rabitq, sq8 } from '@omen/quant'
import { beforeAll, describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'

const native = accelerator()
const ROWS = 2000
const STRATEGIES = [undefined, ...SEARCH_STRATEGIES]
const SHARES = [0.9, 0.5, 0.1, 0.02, 0.005]

/** Clusters of whole numbers, duplicates and outliers among them: their distances are exact in every language. */
const data: DataSet = (() => {
  const { vectors, queries, ...rest } = clusters('l2', ROWS, 12, 7)
  return {
    ...rest,
    vectors: vectors.map((x) => Math.round(x * 50)),
    queries: queries.map((x) => Math.round(x * 50)),
  }
})()
const vectors = data.vectors as Float32Array
const queries = data.queries as Float32Array

async function build(by: Accelerator | null, more: Partial<HnswOptions> = {}): Promise<Hnsw> {
  return Hnsw.build({ ...data.shape, vectors, m: 8, beam: 40, threads: 1, accelerator: by, ...more })
}

function distanceTo(query: number, row: number): number {
  const { dimension } = data.shape
  let sum = 0
  for (let i = 0; i < dimension; i++) {
    sum += ((queries[query * dimension + i] as number) - (vectors[row * dimension + i] as number)) ** 2
  }
  return sum
}

/** Rows in order of their distance to a query, the closest first. */
function nearest(query: number): number[] {
  const rows = Array.from({ length: ROWS }, (_, row) => row)
  const distances = rows.map((row) => distanceTo(query, row))
  return rows.sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
}

function drawn(share: number, seed: number): Bitset {
  const random = randomNumbers(seed)
  const set = new Bitset(ROWS)
  for (let row = 0; row < ROWS; row++) if (random() < share) set.set(row)
  return set
}

/** The rows farthest from a query. */
const farthest = (share: number, query: number): Bitset =>
  Bitset.fromRows(nearest(query).slice(-Math.ceil(share * ROWS)), ROWS)

/** All that a search promises whatever it does, and how many of the true nearest it found. */
function check(index: Hnsw, query: number, accept: Bitset, options: Omit<SearchOptions, 'accept'>): number {
  const { k, radius = Infinity } = options
  const asked = vectorAt(queries, data.shape, query)
  const { rows, distances } = index.searchSync(asked, { ...options, accept })
  const truth = [...accept]
    .filter((row) => index.has(row))
    .map((row) => distanceTo(query, row))
    .filter((distance) => distance <= radius)
    .sort((a, b) => a - b)
    .slice(0, k)
  expect(rows.length).toBe(truth.length)
  expect(new Set(rows).size).toBe(rows.length)
  for (const [i, row] of rows.entries()) {
    expect(accept.has(row) && index.has(row)).toBe(true)
    if (i > 0) expect(distances[i]).toBeGreaterThanOrEqual(distances[i - 1] as number)
  }
  const last = truth.at(-1) ?? 0
  return truth.length === 0 ? 1 : distances.filter((distance) => distance <= last).length / truth.length
}

describe.each([['TypeScript', null], ...(native ? [['native', native] as const] : [])] as const)(
  'a filtered search in %s',
  (_, by) => {
    let index: Hnsw

    beforeAll(async () => {
      index = await build(by)
    })

    test.each(STRATEGIES)('by %s returns all that match when fewer than k do', (strategy) => {
      const options = { k: 10, ...(strategy ? { strategy } : {}) }
      for (const rows of [[], [777], [3, 500, 501, 1999]])
        check(index, 0, Bitset.fromRows(rows, ROWS), options)
      // A set may know fewer rows than there are, or more.
      check(index, 1, Bitset.fromRows([5, 31]), options)
      check(index, 1, Bitset.fromRows([5, 31], 3 * ROWS), options)
    })

    test.each(STRATEGIES)('by %s returns k whenever k match, near the query or far from it', (strategy) => {
      const options = { k: 10, beam: 32, ...(strategy ? { strategy } : {}) }
      for (const share of SHARES) {
        for (let query = 0; query < 5; query++) {
          check(index, query, drawn(share, query), options)
          check(index, query, farthest(share, query), options)
        }
      }
    })

    test('finds the nearest matches by default, near the query or far from it', () => {
      for (const set of [drawn, farthest]) {
        for (const share of SHARES) {
          let recall = 0
          for (let query = 0; query < 20; query++)
            recall += check(index, query, set(share, query), { k: 10 }) / 20
          expect(recall).toBeGreaterThan(0.98)
        }
      }
    })

    test('finds as many as an unfiltered search where it has to walk', () => {
      for (const strategy of ['plain', 'filtered'] as const) {
        for (const share of [0.9, 0.5, 0.2]) {
          const options = { k: 10, beam: 64, strategy }
          let recall = 0
          for (let query = 0; query < 20; query++)
            recall += check(index, query, drawn(share, query), options) / 20
          expect(recall).toBeGreaterThan(0.95)
        }
      }
    })

    test('heeds a radius', () => {
      for (const strategy of SEARCH_STRATEGIES) {
        for (const share of [0.5, 0.1]) {
          const accept = drawn(share, 3)
          const order = nearest(4).filter((row) => accept.has(row))
          const radius = distanceTo(4, order[29] as number)
          expect(check(index, 4, accept, { k: 200, beam: 8, radius, strategy })).toBe(1)
        }
      }
    })
  },
)

describe.skipIf(!native)(
  `filtered searches: native equals TypeScript (${loadError() ?? 'the addon is there'})`,
  () => {
    const kinds: readonly (readonly [string, Partial<HnswOptions>])[] = [
      ['vectors', {}],
      ['sq8', { quantizer: sq8() }],
      ['rabitq', { quantizer: rabitq() }],
    ]

    test.each(kinds)(
      'over %s, in rows, distances and work, with removed rows and without',
      async (_, options) => {
        const both = await Promise.all([null, native as Accelerator].map((by) => build(by, options)))
        const compare = async (): Promise<void> => {
          for (const strategy of STRATEGIES) {
            for (const share of [...SHARES, 0]) {
              const accept = share === 0 ? farthest(0.3, 0) : drawn(share, 1)
              const part = queries.subarray(0, 8 * data.shape.dimension)
              for (const beam of [{}, { beam: 24 }]) {
                const asked = { k: 10, ...beam, accept, threads: 1, ...(strategy ? { strategy } : {}) }
                const [reference, other] = await Promise.all(
                  both.map((index) => index.searchMany(part, asked)),
                )
                expect(other).toEqual(reference)
                const [work, otherWork] = await Promise.all(
                  both.map((index) => index.measureWork(part, asked)),
                )
                expect(otherWork).toEqual(work)
              }
            }
          }
        }
        await compare()
        const removed = Array.from({ length: 300 }, (_, i) => i * 6)
        for (const index of both) await index.remove(removed, { threads: 1 })
        await compare()
      },
    )
  },
)

test('filtered searches compare as many rows as ever', async () => {
  const index = await build(null)
  const work: Record<string, string> = {}
  for (const strategy of SEARCH_STRATEGIES) {
    for (const share of [0.5, 0.1, 0.02]) {
      const options = { k: 10, beam: 24, strategy, accept: drawn(share, 1) }
      const { distances, hops } = await index.measureWork(queries, options)
      work[`${strategy} at ${share}`] = `${distances.toFixed(1)} rows, ${hops.toFixed(1)} lists`
    }
  }
  // Whoever changes the algorithm changes these numbers, and shows it in review.
  expect(work).toMatchInlineSnapshot(`
    {
      "filtered at 0.02": "80.9 rows, 275.7 lists",
      "filtered at 0.1": "131.6 rows, 234.1 lists",
      "filtered at 0.5": "181.1 rows, 93.3 lists",
      "plain at 0.02": "1358.0 rows, 1044.6 lists",
      "plain at 0.1": "517.0 rows, 250.4 lists",
      "plain at 0.5": "207.9 rows, 59.5 lists",
      "scan at 0.02": "40.0 rows, 0.0 lists",
      "scan at 0.1": "219.0 rows, 0.0 lists",
      "scan at 0.5": "1011.0 rows, 0.0 lists",
    }
  `)
})

test('a filtered search without a beam ends when its closest have settled', async () => {
  const index = await build(null)
  for (const strategy of ['plain', 'filtered'] as const) {
    const asked = { k: 10, strategy, accept: drawn(0.5, 1) }
    const settled = await index.measureWork(queries, asked)
    const whole = await index.measureWork(queries, { ...asked, beam: 288 })
    expect(settled.distances).toBeLessThan(0.8 * whole.distances)
    expect((await index.measureRecall(queries, asked)).recall).toBeGreaterThan(0.99)
  }
})

test('a quantizer of TypeScript alone is searched by every strategy', async () => {
  const own: Quantizer = { ...sq8(), train: (...args) => withoutNative(sq8().train(...args)) }
  const index = await build(native ?? null, { quantizer: own, keep: 'codes' })
  expect(index.engine).toBe('typescript')
  for (const strategy of SEARCH_STRATEGIES) {
    const found = index.searchSync(queries.subarray(0, 12), { k: 10, accept: drawn(0.2, 5), strategy })
    expect(found.rows.length).toBe(10)
  }
})

function withoutNative<T extends { readonly native?: unknown }>(codec: T): T {
  return { ...codec, native: undefined }
}

test('a plan tells what a search would do', async () => {
  const index = await build(null)
  expect(index.plan({ k: 10 })).toMatchObject({ strategy: 'plain', matches: ROWS })
  const accept = drawn(0.02, 1)
  expect(index.plan({ k: 10, accept })).toEqual({
    strategy: 'scan',
    matches: accept.count(),
    distances: accept.count(),
  })
  expect(index.plan({ k: 10, accept, strategy: 'filtered' }).strategy).toBe('filtered')
  expect(() => index.plan({ k: 10, strategy: 'magic' as never })).toThrow(
    expect.objectContaining({ code: 'invalid_argument' }),
  )
  const empty = Hnsw.create({ dimension: 2, metric: 'l2' })
  expect(empty.plan({ k: 1 })).toEqual({ strategy: 'scan', matches: 0, distances: 0 })
})
