import { type Accelerator, Bitset, type Metric, NO_ROW, type Vectors } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { sq4, sq8 } from '@omen/quant'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { planMerge } from './merge-plan.ts'
import { loadSift } from './testing/datasets.ts'
import { brokenPromises, graphOf } from './testing/invariants.ts'
import { imageOf } from './testing/sections.ts'

const ENGINES: readonly (readonly [string, Accelerator | null])[] = [
  ['typescript', null],
  ...(accelerator() ? [['native', accelerator() as Accelerator] as const] : []),
]

describe('where rows go in a merge', () => {
  const source = fc.array(fc.boolean(), { maxLength: 40 }).map((alive) => ({
    rows: alive.length,
    live: Bitset.fromRows(
      alive.flatMap((live, row) => (live ? [row] : [])),
      alive.length,
    ),
  }))

  test('every live row gets a number of its own, without gaps, and the base keeps its own where it can', () => {
    fc.assert(
      fc.property(fc.array(source, { maxLength: 5 }), (sources) => {
        const plan = planMerge(sources)
        const taken: number[] = []
        for (const [i, { rows, live }] of sources.entries()) {
          const mapping = plan.mapping[i] as Uint32Array
          expect(mapping).toHaveLength(rows)
          for (const [row, to] of mapping.entries()) {
            expect(to === NO_ROW).toBe(!live.has(row))
            if (to !== NO_ROW) taken.push(to)
            if (i === plan.base && live.has(row) && row < plan.rows) expect(to).toBe(row)
          }
        }
        expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: plan.rows }, (_, i) => i))
      }),
      { numRuns: 300 },
    )
  })

  test('the base is the one with most live rows whose graph is worth its healing', () => {
    const of = (rows: number, count: number, usable = true): Parameters<typeof planMerge>[0][number] => ({
      rows,
      live: Bitset.fromRows(
        Array.from({ length: count }, (_, i) => i),
        rows,
      ),
      usable,
    })
    expect(planMerge([of(10, 5), of(20, 15)]).base).toBe(1)
    expect(planMerge([of(10, 5), of(20, 15, false)]).base).toBe(0)
    expect(planMerge([of(10, 9), of(40, 12)]).base).toBe(0)
    expect(planMerge([of(40, 12)]).base).toBeUndefined()
    expect(planMerge([]).base).toBeUndefined()
    const live = new Bitset(4)
    expect(() => planMerge([{ rows: 3, live }])).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

interface Part {
  readonly index: Hnsw
  readonly rows: number
  readonly live: Bitset
  readonly vectors: Vectors
}

/** An index of some clusters, of whose rows some are removed and others merely not live. */
async function part(
  metric: Metric,
  rows: number,
  seed: number,
  dead: number,
  by: Accelerator | null,
): Promise<Part> {
  const { shape, vectors } = clusters(metric, rows, metric === 'hamming' ? 64 : 6, seed)
  const index = Hnsw.create({ ...shape, m: 4, beam: 20, quantizer: sq8(), keep: 'f32', accelerator: by })
  await index.add(vectors, { threads: 1 })
  const live = Bitset.full(rows)
  for (let row = 0; row < rows; row++) if ((row * 7 + seed) % 100 < dead) live.clear(row)
  await index.remove([...Array(rows).keys()].filter((row) => !live.has(row) && row % 2 === 0))
  return { index, rows, live, vectors }
}

const rowsOf = (parts: readonly Part[]) => (source: number, rows: Uint32Array) => {
  const { vectors, index } = parts[source] as Part
  const elements = index.shape.dimension
  const found = new Float32Array(rows.length * elements)
  for (const [i, row] of rows.entries()) {
    found.set(vectors.subarray(row * elements, (row + 1) * elements), i * elements)
  }
  return found
}

describe.each(ENGINES)('merging by %s', (_, by) => {
  test.each<[string, number[], number[]]>([
    ['nothing dead', [300, 120, 80], [0, 0, 0]],
    ['gaps filled by other rows', [400, 300], [15, 10]],
    ['more gaps than other rows', [400, 20], [30, 50]],
    ['one index, its dead rows taken out', [400], [25]],
    ['too few rows left to build upon', [300, 100], [80, 60]],
    ['all dead', [100, 50], [100, 100]],
  ])('%s: every live row is there and found, the dead are gone', async (_name, sizes, dead) => {
    const parts: Part[] = []
    for (const [i, rows] of sizes.entries()) parts.push(await part('l2', rows, i + 1, dead[i] as number, by))
    const { index, plan } = await Hnsw.merge({ sources: parts, vectors: rowsOf(parts), threads: 1 })
    expect(index.size).toBe(plan.rows)
    expect(index.stats().removed + index.stats().free).toBe(0)
    expect(await brokenPromises(graphOf(index))).toEqual([])
    for (const [i, { rows, live, vectors }] of parts.entries()) {
      for (let row = 0; row < rows; row++) {
        const to = plan.mapping[i]?.[row] as number
        if (!live.has(row)) continue
        expect([...index.vector(to)]).toEqual([...vectors.subarray(row * 6, row * 6 + 6)])
      }
    }
    if (plan.rows === 0) return
    const { rows } = index.searchSync(new Float32Array(6), { k: plan.rows, beam: plan.rows })
    expect(rows).toHaveLength(plan.rows)
    const added = await index.add(parts[0]?.vectors.subarray(0, 600) as Vectors, { threads: 1 })
    expect(added[0]).toBe(plan.rows)
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('a base that is read in place, and a source without an index', async () => {
    const parts = [await part('l2', 300, 1, 20, by), await part('l2', 150, 2, 20, by)]
    const [first, second] = parts as [Part, Part]
    const expected = await Hnsw.merge({ sources: parts, vectors: rowsOf(parts), threads: 1 })
    const metadata = {
      ...{ kind: 'hnsw/1', dimension: 6, metric: 'l2', m: 4, beam: 20, quantizer: 'sq8/1', keep: 'none/1' },
      ...{ trained: true, rows: 300 },
    }
    const image = await imageOf(metadata, first.index.sections())
    const mapped = await Hnsw.open(image, { readOnly: true, quantizers: [sq8()], accelerator: by })
    const { rows, live } = second
    const sources = [
      { ...first, index: mapped },
      { rows, live },
    ]
    const { index } = await Hnsw.merge({ sources, vectors: rowsOf(parts), threads: 1 })
    const lists = (each: Hnsw): Uint8Array[] =>
      each.sections().map((section) => Buffer.concat([...section.parts()]))
    expect(lists(index)).toEqual(lists(expected.index))
    await expect(Hnsw.merge({ sources: [{ rows, live }], vectors: rowsOf(parts) })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('new codes, twins included, and by another plan', async () => {
    const parts = [await part('l2', 300, 1, 10, by), await part('l2', 100, 2, 10, by)]
    const plan = planMerge(parts.map((each) => ({ ...each, usable: false })))
    for (const some of [{}, { plan }]) {
      const { index } = await Hnsw.merge({
        ...{ sources: parts, vectors: rowsOf(parts), threads: 1, quantizer: sq4(), keep: 'f32' },
        ...some,
      })
      expect(index.stats()).toMatchObject({ quantizer: 'sq4/1', kept: 'none/1', m: 4 })
      expect(await brokenPromises(graphOf(index))).toEqual([])
      expect(
        (await index.measureRecall(parts[0]?.vectors as Vectors, { k: 5, beam: 100 })).recall,
      ).toBeGreaterThan(0.97)
    }
  })

  test('it ends when aborted or vectors are refused, and reports how far it is', async () => {
    const parts = [await part('l2', 200, 1, 10, by), await part('l2', 100, 2, 10, by)]
    const options = { sources: parts, vectors: rowsOf(parts), threads: 1 }
    const sizes = parts.map(({ index }) => index.size)
    const seen: number[] = []
    const totals = new Set<number>()
    const { plan } = await Hnsw.merge({
      ...options,
      onProgress: ({ done, total }) => {
        totals.add(total)
        seen.push(done)
      },
    })
    expect([...totals]).toEqual([plan.rows])
    expect(seen.at(-1)).toBe(plan.rows)
    const controller = new AbortController()
    controller.abort()
    await expect(Hnsw.merge({ ...options, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    await expect(Hnsw.merge({ ...options, vectors: () => new Float32Array(5) })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    const broken = {
      ...options,
      vectors: (_s: number, rows: Uint32Array) => new Float32Array(rows.length * 6).fill(NaN),
    }
    await expect(Hnsw.merge(broken)).rejects.toMatchObject({ code: 'not_finite' })
    expect(parts.map(({ index }) => index.size)).toEqual(sizes)
  })
})

describe.skipIf(!accelerator())(`native (${loadError() ?? 'the addon is there'})`, () => {
  test.each([
    [0.1, 0.2],
    [0.5, 0.2],
  ])(
    'a merge that adds %d of the rows finds as much as an index built anew; %d of the base are dead',
    async (share, dead) => {
      const { train, queries, dimension } = await loadSift()
      const first = Math.round((1 - share) * 8000)
      const options = { dimension, metric: 'l2' as const, quantizer: sq8() }
      const base = await Hnsw.build({ ...options, vectors: train.subarray(0, first * dimension), threads: 1 })
      const live = Bitset.full(first)
      for (let row = 0; row < first; row++) if ((row * 7) % 100 < dead * 100) live.clear(row)
      const rest = { rows: 8000 - first, live: Bitset.full(8000 - first) }
      const vectors = (source: number, rows: Uint32Array): Float32Array => {
        const found = new Float32Array(rows.length * dimension)
        for (const [i, row] of rows.entries()) {
          const at = row + (source === 0 ? 0 : first)
          found.set(train.subarray(at * dimension, (at + 1) * dimension), i * dimension)
        }
        return found
      }
      const sources = [{ index: base, rows: first, live }, rest]
      const { index } = await Hnsw.merge({ sources, vectors, threads: 1 })
      const anew = planMerge(sources.map((each) => ({ ...each, usable: false })))
      const fresh = await Hnsw.merge({ sources, vectors, plan: anew, threads: 1 })
      const some = queries.subarray(0, 500 * dimension)
      const recall = async (each: Hnsw): Promise<number> =>
        (await each.measureRecall(some, { k: 10, beam: 32 })).recall
      expect(await recall(index)).toBeGreaterThan((await recall(fresh.index)) - 0.005)
      expect((await index.inspect()).unreachable).toBe(0)
    },
  )
})
