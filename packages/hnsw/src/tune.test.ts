import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Accelerator, FlatIndex, NO_ROW, type Quantizer } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { accelerator } from '@omen/native'
import { sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { loadSift } from './testing/datasets.ts'
import type { TuneOptions } from './tune.ts'
import { readTuned, TunedSettings } from './tuned.ts'

const failing = (code: string): Error => expect.objectContaining({ code }) as Error

/** TypeScript is slow: fewer rows and queries will do. */
const ENGINES: readonly (readonly [string, Accelerator | null, number, number])[] = [
  ['TypeScript', null, 2000, 150],
  ...(accelerator() ? [['C++', accelerator() as Accelerator, 10_000, 400] as const] : []),
]
const QUANTIZERS: readonly (readonly [string, Quantizer | undefined])[] = [
  ['floats', undefined],
  ['sq8 beside f16', sq8()],
]

describe.each(ENGINES)('tuning on SIFT by %s', (_, by, most, some) => {
  test.each(QUANTIZERS)(
    'over %s reaches the recall aimed at, with queries of the same kind',
    async (_name, quantizer) => {
      const { train, queries, dimension } = await loadSift()
      const vectors = train.subarray(0, most * dimension)
      const index = await Hnsw.build({
        vectors,
        dimension,
        metric: 'l2',
        accelerator: by,
        ...(quantizer ? { quantizer, keep: 'f16' } : {}),
      })
      // Every other query to tune with, the rest to look at what came out.
      const halves = [0, 1].map((half) => {
        const picked = Array.from({ length: some }, (_, i) => 2 * i + half)
        return Float32Array.from(
          picked.flatMap((i) => [...queries.subarray(i * dimension, (i + 1) * dimension)]),
        )
      }) as [Float32Array, Float32Array]
      const measured: number[] = []
      for (const recall of [0.9, 0.98]) {
        const report = await index.tune({ recall, k: 10, queries: halves[0] })
        expect(report.measured).toBeGreaterThanOrEqual(recall)
        expect(report.queries).toBe(some)
        expect(report.queriesPerSecond).toBeGreaterThan(0)
        expect(report.curve).toContainEqual({
          beam: report.beam,
          epsilon: report.epsilon,
          rescore: report.rescore,
          recall: report.measured,
          queriesPerSecond: report.queriesPerSecond,
        })
        const named = await index.searchMany(halves[1], { k: 10, recall })
        const { beam, epsilon, rescore } = report
        const asked = { k: 10, beam, rescore, ...(epsilon === undefined ? {} : { epsilon }) }
        expect(await index.searchMany(halves[1], asked)).toEqual(named)
        // What was tuned last is what a plain search does.
        expect(await index.searchMany(halves[1], { k: 10 })).toEqual(named)
        const other = await index.measureRecall(halves[1], { k: 10, recall })
        expect(Math.abs(other.recall - report.measured)).toBeLessThan(0.05)
        measured.push(report.measured)
      }
      const { tuned } = index.stats()
      expect(tuned.map(({ recall, k }) => [recall, k])).toEqual([
        [0.9, 10],
        [0.98, 10],
      ])
      expect(measured[0]).toBeLessThan(measured[1] as number)
      index.close()
    },
  )

  test('without queries comes near what queries from elsewhere need', async () => {
    const { train, queries, dimension } = await loadSift()
    const vectors = train.subarray(0, most * dimension)
    const index = await Hnsw.build({ vectors, dimension, metric: 'l2', accelerator: by })
    const report = await index.tune({ recall: 0.95, k: 10, sample: some })
    expect(report.queries).toBe(some)
    const { recall } = await index.measureRecall(queries.subarray(0, 400 * dimension), {
      k: 10,
      recall: 0.95,
    })
    expect(Math.abs(recall - 0.95)).toBeLessThan(0.03)
  })
})

describe('an index', () => {
  const { shape, vectors, queries } = clusters('cosine', 800, 16, 4)
  const make = (): Promise<Hnsw> => Hnsw.build({ ...shape, vectors, m: 4, beam: 20 })

  test('takes the least effort that was tuned for as much, and refuses more', async () => {
    const index = await make()
    expect(() => index.searchSync(queries.subarray(0, 16), { k: 5, recall: 0.5 })).toThrow(
      failing('not_tuned'),
    )
    await index.tune({ recall: 0.9, k: 10, queries })
    const one = queries.subarray(0, 16)
    expect(index.searchSync(one, { k: 5, recall: 0.5 }).rows).toHaveLength(5)
    expect(index.searchSync(one, { k: 10, recall: 0.9 }).rows).toHaveLength(10)
    for (const options of [
      { k: 10, recall: 0.91 },
      { k: 11, recall: 0.9 },
    ]) {
      expect(() => index.searchSync(one, options)).toThrow(failing('not_tuned'))
      await expect(index.search(one, options)).rejects.toEqual(failing('not_tuned'))
      await expect(index.searchMany(one, options)).rejects.toThrow(
        `tune({ recall: ${options.recall}, k: ${options.k} })`,
      )
    }
  })

  test('keeps what was tuned in its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'omen-tune-'))
    try {
      const index = await make()
      await index.tune({ recall: 0.9, k: 10, queries })
      await index.tune({ recall: 0.8, k: 20 })
      await index.save(join(folder, 'tuned'))
      const again = await Hnsw.open(join(folder, 'tuned'))
      expect(again.stats().tuned).toEqual(index.stats().tuned)
      const options = { k: 10, recall: 0.9 }
      expect(await again.searchMany(queries, options)).toEqual(await index.searchMany(queries, options))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('of any metric makes queries that no row is', async () => {
    for (const metric of ['l2', 'dot', 'cosine', 'hamming'] as const) {
      const data = clusters(metric, 500, 32, 8)
      const index = await Hnsw.build({ ...data.shape, vectors: data.vectors, m: 4, beam: 20 })
      const report = await index.tune({ recall: 0.8, k: 5, sample: 50 })
      expect(report.measured).toBeGreaterThanOrEqual(0.8)
      expect([report.queries, report.rescore]).toEqual([50, 5])
    }
  })

  test('smaller than what is asked for is tuned to itself', async () => {
    const index = await Hnsw.build({ ...shape, vectors: vectors.subarray(0, 3 * 16) })
    const { measured, beam } = await index.tune({ recall: 1, k: 100 })
    expect([measured, beam]).toEqual([1, 3])
    expect(index.searchSync(queries.subarray(0, 16), { k: 100, recall: 1 }).rows).toHaveLength(3)
  })

  test('refuses wrong options, and to be tuned when it is empty or closed', async () => {
    const index = await make()
    for (const wrong of [
      undefined,
      { k: 10 },
      { recall: 0.9 },
      { recall: 0, k: 10 },
      { recall: 1.1, k: 10 },
      { recall: 0.9, k: 10, sample: 0 },
      { recall: 0.9, k: 10, queries: new Float32Array(0) },
      { recall: 0.9, k: 10, beam: 7 },
    ]) {
      await expect(index.tune(wrong as TuneOptions), JSON.stringify(wrong)).rejects.toEqual(
        failing('invalid_argument'),
      )
    }
    await expect(index.tune({ recall: 0.9, k: 10, queries: new Float32Array(15) })).rejects.toEqual(
      failing('dimension_mismatch'),
    )
    await expect(index.tune({ recall: 0.9, k: 10, queries: new Float32Array(16) })).rejects.toEqual(
      failing('zero_vector'),
    )
    await expect(index.tune({ recall: 0.9, k: 10, signal: AbortSignal.abort() })).rejects.toEqual(
      failing('aborted'),
    )
    await expect(Hnsw.create(shape).tune({ recall: 0.9, k: 10 })).rejects.toEqual(failing('invalid_argument'))
    expect(index.stats().tuned).toEqual([])
    const tuning = index.tune({ recall: 0.9, k: 10 })
    index.close()
    await expect(tuning).rejects.toEqual(failing('closed'))
  })
})

test('a recall is ignored by an index that finds everything', async () => {
  const { shape, vectors, queries } = clusters('l2', 50, 8, 4)
  const flat = new FlatIndex(shape)
  await flat.add(vectors)
  const query = queries.subarray(0, 8)
  expect(await flat.search(query, { k: 3, recall: 0.9 })).toEqual(await flat.search(query, { k: 3 }))
})

describe('tuned settings', () => {
  const settings = [
    { recall: 0.99, k: 10, beam: 100, rescore: 20 },
    { recall: 0.9, k: 100, beam: 150, rescore: 100 },
    { recall: 0.9, k: 10, beam: 40, rescore: 10 },
  ]

  test('serve every smaller k and every lower recall, the least effort first', () => {
    const tuned = new TunedSettings(settings)
    expect(tuned.reaching(0.9, 10).beam).toBe(40)
    expect(tuned.reaching(0.5, 3).beam).toBe(40)
    expect(tuned.reaching(0.91, 10).beam).toBe(100)
    expect(tuned.reaching(0.9, 11).beam).toBe(150)
    expect(() => tuned.reaching(0.91, 11)).toThrow(failing('not_tuned'))
    expect([tuned.usual(10)?.beam, tuned.usual(11)?.beam, tuned.usual(101)]).toEqual([40, 150, undefined])
  })

  test('are one for each recall and k', () => {
    const tuned = new TunedSettings(settings)
    tuned.set({ recall: 0.99, k: 10, beam: 90, rescore: 20 })
    expect(tuned.all.map(({ beam }) => beam)).toEqual([150, 40, 90])
  })

  test('are read from a file as they were, or refused', () => {
    expect(readTuned(undefined)?.all).toEqual([])
    expect(readTuned(settings)?.all).toEqual(settings)
    const byDistance = [{ recall: 0.9, k: 10, beam: 80, epsilon: 0.1, rescore: 20 }]
    expect(readTuned(byDistance)?.all).toEqual(byDistance)
    for (const wrong of [
      { recall: 2 },
      { recall: 0 },
      { k: 0 },
      { beam: 1.5 },
      { beam: NO_ROW + 1 },
      { rescore: '9' },
      { epsilon: -0.1 },
      { epsilon: null },
    ]) {
      expect(readTuned([{ ...settings[0], ...wrong }]), JSON.stringify(wrong)).toBe(undefined)
    }
    for (const wrong of [null, 3, 'x', [null], [7]]) expect(readTuned(wrong)).toBe(undefined)
  })
})
