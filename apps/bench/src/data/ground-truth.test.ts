import { join } from 'node:path'
import { accelerator, loadError } from '@omen/native'
import { describe, expect, test } from 'vitest'
import { distance } from '../measure/recall.ts'
import { datasetsFolder } from '../paths.ts'
import { clusteredVectors } from '../testing/data.ts'
import { readHdf5 } from './ann-hdf5.ts'
import type { FloatMetric } from './dataset.ts'
import { groundTruth } from './ground-truth.ts'

const dimension = 9
const base = clusteredVectors(200, dimension, 1)
// Every vector twice: all distances are tied.
const doubled = Float32Array.from([...base, ...base])
const queryVectors = clusteredVectors(11, dimension, 2)

describe.each<FloatMetric>(['l2', 'cosine', 'dot'])('the true neighbours by %s', (metric) => {
  test('are those of sorting all distances, ties by row', async () => {
    const { rows, distances } = await groundTruth({ base: doubled, queryVectors, dimension, metric, k: 7 })
    for (let query = 0; query < 11; query++) {
      const all = Array.from({ length: 400 }, (_, row) => ({
        row,
        distance: distance(metric, doubled, row * dimension, queryVectors, query * dimension, dimension),
      }))
      all.sort((a, b) => a.distance - b.distance || a.row - b.row)
      const best = all.slice(0, 7)
      expect([...rows.subarray(query * 7, query * 7 + 7)]).toEqual(best.map(({ row }) => row))
      for (const [i, { distance: expected }] of best.entries()) {
        expect(distances[query * 7 + i]).toBeCloseTo(expected, 9)
      }
    }
  })

  test.for(['workers', 'accelerator'] as const)('are the same by %s', async (by, { skip }) => {
    if (by === 'accelerator' && !accelerator()) skip(loadError())
    const done: number[] = []
    const onProgress = (progress: { done: number }): unknown => done.push(progress.done)
    const options = { base, queryVectors, dimension, metric, k: 60 }
    const expected = await groundTruth({ ...options, by: 'this thread' })
    const found = await groundTruth({ ...options, by, onProgress })
    expect(found.rows).toEqual(expected.rows)
    for (const [i, each] of found.distances.entries()) expect(each).toBeCloseTo(expected.distances[i] ?? 0, 9)
    expect(done.at(-1)).toBe(11)
  })
})

test('the true neighbours agree with those that a data set brings', async () => {
  const { train, test: queries, neighbors } = await readHdf5(join(datasetsFolder, 'sift-photos-10k.hdf5'))
  const asked = queries.values.slice(0, 8 * 128)
  const found = await groundTruth({
    base: train.values,
    queryVectors: asked,
    dimension: 128,
    metric: 'l2',
    k: 100,
    by: 'this thread',
  })
  const distanceOf = (query: number, row: number): number =>
    distance('l2', train.values, row * 128, asked, query * 128, 128)
  for (let i = 0; i < 800; i++) {
    const query = Math.floor(i / 100)
    expect(distanceOf(query, found.rows[i] ?? 0)).toBe(distanceOf(query, neighbors.values[i] ?? 0))
  }
})

test('more neighbours than rows are refused', async () => {
  const asked = groundTruth({ base, queryVectors, dimension, metric: 'l2', k: 201 })
  await expect(asked).rejects.toThrow(/201 neighbours were asked for among 200 rows/)
})
