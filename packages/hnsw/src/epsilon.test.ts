import { Bitset } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { loadSift } from './testing/datasets.ts'

const ROWS = 10_000
const K = 10

describe('walks that end by distance', () => {
  test('find as many on SIFT as walks by beam do for more distances, and more with a larger epsilon', async () => {
    const { train, dimension, ...sift } = await loadSift()
    const queries = sift.queries.subarray(0, 200 * dimension)
    const index = await Hnsw.build({
      vectors: train.subarray(0, ROWS * dimension),
      dimension,
      metric: 'l2',
      m: 8,
      beam: 100,
    })
    const look = async (options: { beam?: number; epsilon?: number }): Promise<readonly [number, number]> => {
      const asked = { k: K, ...options }
      const { recall } = await index.measureRecall(queries, asked)
      return [recall, (await index.measureWork(queries, asked)).distances] as const
    }
    let before: readonly [number, number] = [0, 0]
    for (const epsilon of [0, 0.02, 0.05, 0.1]) {
      const [recall, distances] = await look({ epsilon })
      expect(recall).toBeGreaterThanOrEqual(before[0])
      expect(distances).toBeGreaterThan(before[1])
      before = [recall, distances]
    }
    for (const beam of [20, 40]) {
      const [wanted, most] = await look({ beam })
      let [recall, distances, epsilon] = [0, 0, -0.01]
      while (recall < wanted) {
        epsilon += 0.01
        ;[recall, distances] = await look({ epsilon })
      }
      expect(distances).toBeLessThan(most)
    }
    // The beam is the most they keep.
    expect(await look({ beam: 12, epsilon: 1e6 })).toEqual(await look({ beam: 12 }))
    index.close()
  })

  test('return rows beside removed ones, and leave filters and radii to the beam', async () => {
    const dimension = 16
    const { vectors } = clusters('cosine', 3000, dimension, 5)
    const index = await Hnsw.build({ vectors: vectors as Float32Array, dimension, metric: 'cosine' })
    const queries = (vectors as Float32Array).subarray(0, 100 * dimension)
    const epsilon = 0.2
    const accept = Bitset.fromRows(Array.from({ length: 1500 }, (_, i) => 2 * i))
    for (const options of [
      { k: K, beam: 50, accept },
      { k: 100, beam: 50, radius: 0.1 },
    ]) {
      const asked = await index.searchMany(queries, { ...options, epsilon })
      expect(asked).toEqual(await index.searchMany(queries, options))
    }
    await index.remove(Array.from({ length: 200 }, (_, i) => 2 * i))
    expect(index.stats().removed).toBeGreaterThan(0)
    const { counts, rows } = await index.searchMany(queries, { k: K, epsilon })
    expect([...counts].every((count) => count === K)).toBe(true)
    expect([...rows].some((row) => row < 400 && row % 2 === 0)).toBe(false)
    const { recall } = await index.measureRecall(queries, { k: K, epsilon })
    expect(recall).toBeGreaterThan(0.9)
    index.close()
  })

  test('are refused under dot, whose distances have no origin', async () => {
    const index = Hnsw.create({ dimension: 2, metric: 'dot' })
    await index.add(Float32Array.of(1, 0, 0, 1))
    expect(() => index.searchSync(Float32Array.of(1, 1), { k: 1, epsilon: 0.1 })).toThrow(/epsilon .* beam/)
    // Tuning knows.
    const { epsilon } = await index.tune({ recall: 0.9, k: 1, queries: Float32Array.of(1, 1) })
    expect(epsilon).toBeUndefined()
    index.close()
  })
})
