import { type Accelerator, Bitset, type Quantizer } from '@omen/core'
import { integers } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { f16, pq, rabitq, sq8 } from '@omen/quant'
import { beforeAll, describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'
import { type Data, loadSift } from './testing/datasets.ts'
import { digests } from './testing/sections.ts'

const native = accelerator()

/** The same index by both engines. */
async function buildBoth(options: HnswOptions, vectors: Float32Array, by: Accelerator): Promise<Hnsw[]> {
  const both = [Hnsw.create({ ...options, accelerator: null }), Hnsw.create({ ...options, accelerator: by })]
  for (const index of both) await index.add(vectors, { threads: 1 })
  expect(both.map((index) => index.engine)).toEqual(['typescript', 'native'])
  return both
}

async function expectSame(both: readonly Hnsw[], queries: Float32Array): Promise<void> {
  const [reference, other] = both as [Hnsw, Hnsw]
  expect(digests(other.sections())).toEqual(digests(reference.sections()))
  const rows = reference.stats().rows
  const accept = Bitset.fromRows(Array.from({ length: Math.ceil(rows / 5) }, (_, i) => i * 5))
  const few = Bitset.fromRows(Array.from({ length: Math.ceil(rows / 200) }, (_, i) => i * 200))
  const [first] = (await reference.searchMany(queries, { k: 20 })).distances.slice(19)
  for (const options of [
    { k: 10 },
    { k: 10, beam: 16, rescore: 12 },
    { k: 10, epsilon: 0 },
    { k: 5, epsilon: 0.2, beam: 40 },
    { k: 10, epsilon: 0.3 },
    { k: 10, accept },
    { k: 10, accept: few },
    { k: 200, beam: 8, radius: first as number },
  ]) {
    const expected = await reference.searchMany(queries, options)
    expect(await other.searchMany(queries, { ...options, threads: 1 })).toEqual(expected)
    const dimension = queries.subarray(0, reference.shape.dimension)
    expect(other.searchSync(dimension, options)).toEqual(reference.searchSync(dimension, options))
  }
}

const QUANTIZERS: readonly (readonly [string, (() => Quantizer) | undefined])[] = [
  ['none', undefined],
  ['sq8', sq8],
  ['f16', f16],
  ['rabitq', rabitq],
  ['pq', () => pq({ bits: 4 })],
]

describe.skipIf(!native)(`native equals TypeScript (${loadError() ?? 'the addon is there'})`, () => {
  let sift: Data

  beforeAll(async () => {
    sift = await loadSift()
  })

  test.each(QUANTIZERS)('on SIFT with %s, edge by edge, through removals', async (_, quantizer) => {
    const { dimension, train } = sift
    const queries = sift.queries.subarray(0, 50 * dimension)
    const vectors = train.subarray(0, 5000 * dimension)
    const options: HnswOptions = {
      dimension,
      metric: 'l2',
      beam: 100,
      ...(quantizer ? { quantizer: quantizer() } : {}),
    }
    const both = await buildBoth(options, vectors, native as Accelerator)
    await expectSame(both, queries)

    const tombstones = Array.from({ length: 300 }, (_, i) => i * 7)
    for (const index of both) await index.remove(tombstones, { threads: 1 })
    expect(both.map((index) => index.stats().removed)).toEqual([300, 300])
    await expectSame(both, queries)

    const more = Array.from({ length: 1500 }, (_, i) => i * 3)
    for (const index of both) await index.remove(more, { threads: 1 })
    expect(both.map((index) => index.stats().removed)).toEqual([0, 0])
    await expectSame(both, queries)

    for (const index of both)
      await index.add(train.subarray(5000 * dimension, 6500 * dimension), { threads: 1 })
    await expectSame(both, queries)
  })

  test('on duplicates, which hang on each other', async () => {
    const dimension = 8
    const distinct = integers('l2', 60, dimension, 1).vectors as Float32Array
    const vectors = new Float32Array(3000 * dimension)
    for (let row = 0; row < 3000; row++) {
      const from = (row * 7) % 60
      vectors.set(distinct.subarray(from * dimension, (from + 1) * dimension), row * dimension)
    }
    const options: HnswOptions = { dimension, metric: 'l2', m: 4, beam: 20 }
    const both = await buildBoth(options, vectors, native as Accelerator)
    await expectSame(both, distinct)
    const first = Array.from({ length: 1000 }, (_, i) => i)
    for (const index of both) await index.remove(first, { threads: 1 })
    await expectSame(both, distinct)
  })

  test('in a graph of many chunks of upper lists', async () => {
    const dimension = 4
    const options: HnswOptions = { dimension, metric: 'l2', m: 4, beam: 8 }
    const vectors = integers('l2', 50_000, dimension, 3).vectors as Float32Array
    const both = await buildBoth(options, vectors, native as Accelerator)
    await expectSame(both, vectors.subarray(0, 20 * dimension))
  })
})
