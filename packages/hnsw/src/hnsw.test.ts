import { type Accelerator, Bitset, type Codec, NO_ROW, none, type Quantizer, type Scorer } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { accelerator } from '@omen/native'
import { f16, sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'
import { brokenPromises, graphOf } from './testing/invariants.ts'

const ENGINES: readonly (readonly [string, Accelerator | null])[] = [
  ['TypeScript', null],
  ...(accelerator() ? [['C++', accelerator() as Accelerator] as const] : []),
]

const data = clusters('l2', 600, 8, 1)
const vectors = data.vectors as Float32Array
const query = data.queries.subarray(0, 8)
const shape = { dimension: 8, metric: 'l2' } as const

const failing = (code: string): unknown => expect.objectContaining({ code })

describe('options', () => {
  test.each([
    ['m', { m: 3 }],
    ['m', { m: 129 }],
    ['m', { m: 16.5 }],
    ['beam', { beam: 15 }],
    ['beam', { beam: 5000 }],
    ['keep', { keep: 'f64' }],
    ['quantizer', { quantizer: { name: 'sq8/1' } }],
    ['efConstruction', { efConstruction: 200 }],
  ])('of a wrong %s are refused: %o', (name, options) => {
    const create = (): Hnsw => Hnsw.create({ ...shape, ...(options as Partial<HnswOptions>) })
    expect(create).toThrow(failing('invalid_argument'))
    expect(create).toThrow(name)
  })

  test('of an impossible shape are refused', () => {
    expect(() => Hnsw.create({ dimension: 0, metric: 'l2' })).toThrow(failing('invalid_argument'))
    expect(() => Hnsw.create({ dimension: 9, metric: 'hamming' })).toThrow(failing('invalid_argument'))
    expect(() => Hnsw.create({ dimension: 9, metric: 'l1' as 'l2' })).toThrow(failing('unknown_metric'))
  })

  test('each have an effect', async () => {
    const stats = async (options: Partial<HnswOptions>): Promise<ReturnType<Hnsw['stats']>> =>
      (await Hnsw.build({ ...shape, vectors, ...options })).stats()
    const plain = await stats({})
    expect([plain.m, plain.beam, plain.quantizer, plain.kept]).toEqual([16, 200, 'none/1', undefined])
    expect((await stats({ m: 8 })).bytes.links).toBe((plain.bytes.links as number) / 2)
    expect((await stats({ quantizer: sq8() })).kept).toBe('none/1')
    expect((await stats({ quantizer: sq8(), keep: f16() })).kept).toBe('f16/1')
    expect((await stats({ quantizer: sq8(), keep: 'codes' })).kept).toBe(undefined)
    expect((await stats({ quantizer: none(), keep: 'f32' })).kept).toBe(undefined)
    expect((await stats({ accelerator: null })).engine).toBe('typescript')
    expect(plain.engine).toBe(accelerator() ? 'native' : 'typescript')
    const links = async (beam: number): Promise<Uint8Array[]> => {
      const index = await Hnsw.build({ ...shape, vectors, m: 4, beam, threads: 1 })
      return [
        ...(index
          .sections()
          .find(({ name }) => name === 'links')
          ?.parts() ?? []),
      ]
    }
    expect(await links(4)).not.toEqual(await links(200))
  })

  test('may bring vectors to train with', async () => {
    const index = Hnsw.create({ ...shape, quantizer: sq8(), keep: 'codes', training: vectors })
    // Trained on one vector alone, its codes could not tell others from it.
    await index.add(vectors.subarray(0, 8))
    await index.add(vectors.subarray(8))
    expect((await index.measureRecall(data.queries, { k: 10 })).recall).toBeGreaterThan(0.95)
    const training = vectors.slice(0, 16)
    training[9] = Number.NaN
    expect(() => Hnsw.create({ ...shape, quantizer: sq8(), training })).toThrow(failing('not_finite'))
  })
})

describe.each(ENGINES)('an index by %s', (_, by) => {
  const create = (options: Partial<HnswOptions> = {}): Hnsw =>
    Hnsw.create({ ...shape, beam: 60, accelerator: by, ...options })

  test('gives vectors back, decoded from the finest codes', async () => {
    for (const options of [{}, { quantizer: sq8() }]) {
      const index = create(options)
      const rows = await index.add(vectors)
      expect(index.vector(rows[7] as number)).toEqual(vectors.slice(56, 64))
      await index.remove([7])
      for (const row of [7, 600, -1, 0.5]) expect(() => index.vector(row)).toThrow(failing('unknown_row'))
    }
    const coarse = create({ quantizer: sq8(), keep: 'codes' })
    await coarse.add(vectors)
    const decoded = coarse.vector(7) as Float32Array
    for (const [i, x] of decoded.entries())
      expect(Math.abs(x - (vectors[56 + i] as number))).toBeLessThan(0.3)
    const bits = Hnsw.create({ dimension: 16, metric: 'hamming', accelerator: by })
    await bits.add(Uint8Array.of(1, 2, 3, 4))
    expect(bits.vector(1)).toEqual(Uint8Array.of(3, 4))
  })

  test('measures its recall against the truth', async () => {
    const index = create()
    await index.add(vectors)
    expect(await index.measureRecall(data.queries, { k: 10 })).toEqual({
      recall: expect.any(Number),
      queries: 40,
    })
    expect((await index.measureRecall(data.queries, { k: 10, beam: 600 })).recall).toBe(1)
    expect((await index.measureRecall(data.queries, { k: 20, beam: 20 })).recall).toBeLessThanOrEqual(1)
    const accept = Bitset.fromRows([1, 2, 3])
    expect((await index.measureRecall(data.queries, { k: 10, accept })).recall).toBe(1)
    expect((await index.measureRecall(data.queries, { k: 10, radius: -1 })).recall).toBe(1)
    expect((await create().measureRecall(data.queries, { k: 10 })).recall).toBe(1)
  })

  test('loses recall where its codes lose distances, and says so', async () => {
    // Two rows that one step of the codes cannot tell apart, many times over.
    const close = Float32Array.from({ length: 400 * 2 }, (_, i) => (i % 2 === 0 ? i / 2 : 0) * 1e-3)
    close[1] = 1000
    const options = { dimension: 2, metric: 'l2', quantizer: sq8(), accelerator: by } as const
    const coarse = Hnsw.create({ ...options, keep: 'codes' })
    const fine = Hnsw.create(options)
    await coarse.add(close)
    await fine.add(close)
    const asked = close.slice(400, 402)
    expect(fine.searchSync(asked, { k: 1, rescore: 400, beam: 400 }).rows[0]).toBe(200)
    expect(fine.searchSync(asked, { k: 1, rescore: 1, beam: 400 }).rows[0]).not.toBe(200)
    expect(coarse.searchSync(asked, { k: 1, beam: 400 }).rows[0]).not.toBe(200)
  })

  test('widens its beam to find all rows within a radius', async () => {
    const index = create()
    await index.add(vectors)
    const all = index.searchSync(query, { k: 600, beam: 600 })
    const radius = all.distances[299] as number
    const found = index.searchSync(query, { k: 600, beam: 4, radius })
    expect(found.rows.length).toBeGreaterThan(290)
    expect(Math.max(...found.distances)).toBeLessThanOrEqual(radius)
    expect(index.searchSync(query, { k: 50, beam: 4, radius }).rows).toHaveLength(50)
  })

  test('takes nothing of an add that is aborted, and is usable then', async () => {
    const index = create()
    await index.add(vectors.subarray(0, 200 * 8))
    await index.remove([1, 2, 3])
    const many = clusters('l2', 20_000, 8, 3).vectors
    for (const wait of [0, 3, 10, 30, 100]) {
      const controller = new AbortController()
      const adding = index.add(many, { signal: controller.signal, threads: 1 })
      setTimeout(() => controller.abort('enough'), wait)
      await expect(adding).rejects.toEqual(failing('aborted'))
      expect(index.size).toBe(197)
      expect(await brokenPromises(graphOf(index))).toEqual([])
      expect(index.searchSync(query, { k: 1000 }).rows).toHaveLength(197)
    }
    await index.add(vectors.subarray(0, 20 * 8))
    expect(index.size).toBe(217)
  })

  test('takes nothing of an add whose progress throws, and passes the error on', async () => {
    const index = create({ quantizer: sq8() })
    const failure = new Error('mine')
    const onProgress = (): void => {
      throw failure
    }
    await expect(index.add(vectors, { onProgress })).rejects.toBe(failure)
    expect([index.size, index.stats().engine, index.stats().bytes.total]).toEqual([0, 'none', 0])
    await index.add(vectors.subarray(0, 80))
    await expect(index.add(vectors, { onProgress })).rejects.toBe(failure)
    expect(index.size).toBe(10)
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('gives back the rows of a batch that was refused', async () => {
    const index = create()
    await index.add(vectors.subarray(0, 80))
    const bad = vectors.slice()
    bad[bad.length - 1] = Number.NaN
    await expect(index.add(bad)).rejects.toThrow('vector 599')
    expect([...(await index.add(vectors.subarray(0, 24)))]).toEqual([10, 11, 12])
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('lets searches see rows while it adds', async () => {
    const index = create()
    const many = clusters('l2', 6000, 8, 2).vectors
    const sizes: number[] = []
    let adding = true
    const added = index.add(many, { threads: 1 }).finally(() => {
      adding = false
    })
    while (adding) {
      sizes.push(index.searchSync(query, { k: 10 }).rows.length)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await added
    expect(sizes.length).toBeGreaterThan(3)
    expect(sizes.at(-1)).toBe(10)
  })

  test('ends what runs when it is closed', async () => {
    const index = create()
    await index.add(vectors)
    const calls = [
      index.add(clusters('l2', 5000, 8, 2).vectors),
      index.remove([1]),
      index.searchMany(data.queries, { k: 5 }),
      index.search(query, { k: 5 }),
      index.compact(),
      index.inspect(),
    ]
    await new Promise((resolve) => setTimeout(resolve, 5))
    index.close()
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(failing('closed'))
    }
    expect((await Promise.allSettled(calls))[0]?.status).toBe('rejected')
    for (const call of [
      () => index.searchSync(query, { k: 1 }),
      () => index.has(0),
      () => index.vector(0),
      () => index.stats(),
      () => index.sections(),
    ]) {
      expect(call).toThrow(failing('closed'))
    }
    await expect(index.save('nowhere')).rejects.toEqual(failing('closed'))
    expect(index.size).toBe(0)
    index.close()
  })

  test('compacts by itself when a fifth of its rows is removed, and when asked to', async () => {
    const index = create()
    await index.add(vectors)
    const removed = (): number => index.stats().removed
    await index.remove(Array.from({ length: 120 }, (_, i) => i))
    expect(removed()).toBe(120)
    await index.remove([120])
    expect([removed(), index.stats().free]).toEqual([0, 121])
    await index.remove([130])
    expect([await index.compact(), await index.compact(), removed()]).toEqual([1, 0, 0])
    expect([...(await index.add(vectors.subarray(0, 24)))]).toEqual([0, 1, 2])
  })

  test('waits for searches that may have seen a row before its number is used again', async () => {
    const index = create()
    await index.add(vectors)
    const copies = new Float32Array(2000 * 8)
    for (let i = 0; i < 2000; i++) copies.set(query, i * 8)
    // While many searches run, all rows go and others come under their numbers, far away.
    const searching = index.searchMany(copies, { k: 3 })
    const before = index.searchSync(query, { k: 600 })
    const known = new Map([...before.rows].map((row, i) => [row, before.distances[i]]))
    await index.remove(before.rows)
    await index.add(vectors.map((x) => x + 1000))
    const { rows, distances, counts } = await searching
    for (const [i, count] of counts.entries()) {
      for (let j = i * 3; j < i * 3 + count; j++) {
        if ((distances[j] as number) < 1e5) expect(distances[j]).toBe(known.get(rows[j] as number))
      }
    }
  })

  test('answers searchMany with more places than rows', async () => {
    const index = create()
    await index.add(vectors.subarray(0, 24))
    await index.remove([1])
    const { rows, distances, counts } = await index.searchMany(data.queries.subarray(0, 16), { k: 5 })
    expect([rows.length, distances.length, ...counts]).toEqual([10, 10, 2, 2])
    expect([...rows.subarray(2, 5), ...rows.subarray(7)]).toEqual(new Array(6).fill(NO_ROW))
    expect([...distances.subarray(2, 5)]).toEqual([Infinity, Infinity, Infinity])
  })
})

describe('an index over a quantizer of the user', () => {
  /** Nothing that the accelerator knows; counts distances. */
  function counting(): { quantizer: Quantizer; distances: () => number } {
    let distances = 0
    const wrap = ({ native: _, ...codec }: Codec): Codec => ({
      ...codec,
      quantizer: 'counting/1',
      scorer(slab): Scorer {
        const scorer = codec.scorer(slab)
        return {
          bind: (vector) => scorer.bind(vector),
          bindRow: (row) => scorer.bindRow(row),
          score(rows, count, out) {
            distances += count
            scorer.score(rows, count, out)
          },
        }
      },
    })
    const quantizer: Quantizer = {
      name: 'counting/1',
      train: (sample, of) => wrap(none().train(sample, of)),
      open: (parameters, of) => wrap(none().open(parameters, of)),
    }
    return { quantizer, distances: () => distances }
  }

  test('runs in TypeScript, whatever accelerator there is', async () => {
    const index = await Hnsw.build({ ...shape, vectors, quantizer: counting().quantizer, keep: 'codes' })
    expect(index.engine).toBe('typescript')
  })

  test('finds what it found and computes as many distances as ever', async () => {
    const { quantizer, distances } = counting()
    const golden = clusters('l2', 1000, 12, 42)
    const index = await Hnsw.build({
      ...golden.shape,
      vectors: golden.vectors.map((x) => Math.round(x * 50)),
      quantizer,
      keep: 'codes',
      m: 8,
      beam: 40,
    })
    const built = distances()
    const asked = golden.queries.map((x) => Math.round(x * 50))
    const found = await index.searchMany(asked.subarray(0, 5 * 12), { k: 3, beam: 24 })
    const searched = distances() - built
    const accept = Bitset.fromRows(Array.from({ length: 100 }, (_, i) => i * 10))
    const filtered = await index.searchMany(asked.subarray(0, 2 * 12), { k: 3, beam: 24, accept })
    // Whoever changes the algorithm changes these numbers, and shows it in review.
    expect({
      built,
      searched,
      filtering: distances() - built - searched,
      rows: [...found.rows],
      filtered: [...filtered.rows],
    }).toMatchInlineSnapshot(`
      {
        "built": 259524,
        "filtered": [
          730,
          410,
          820,
          730,
          820,
          150,
        ],
        "filtering": 200,
        "rows": [
          393,
          928,
          124,
          222,
          928,
          551,
          762,
          948,
          941,
          353,
          818,
          652,
          786,
          537,
          585,
        ],
        "searched": 611,
      }
    `)
  })
})

test('one thread gives the same graph each time', async () => {
  const build = async (): Promise<Uint8Array[]> => {
    const index = await Hnsw.build({ ...shape, vectors, threads: 1 })
    return index.sections().flatMap(({ parts }) => [...parts()])
  }
  expect(await build()).toEqual(await build())
})
