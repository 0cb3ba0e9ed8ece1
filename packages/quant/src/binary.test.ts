import { distance, rowBytes, Slab } from '@omen/core'
import { testQuantizer } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { binary } from './binary.ts'
import { loadSift } from './testing/datasets.ts'

testQuantizer('binary', {
  quantizer: binary(),
  metrics: ['l2', 'dot', 'cosine'],
  bytesPerRow: ({ dimension }) => rowBytes(Math.ceil(dimension / 8)),
  componentError: (x, { parameters, shape: { dimension } }) => {
    const sizes = [...parameters.subarray(dimension)]
    const means = [...parameters.subarray(0, dimension)].map(Math.abs)
    return Math.max(Math.abs(x) + Math.max(...means), Math.max(...sizes)) + 1e-6
  },
  distanceError: 1,
  recall: 0.35,
})

describe('binary', () => {
  const shape = { dimension: 3, metric: 'l2' } as const

  test('learns means and what lies around them, and decodes to them', () => {
    const codec = binary().train(Float32Array.of(1, 10, -5, 3, 30, -5), shape)
    expect([...codec.parameters]).toEqual([2, 20, -5, 1, 10, 0])
    const [code, back] = [new Uint8Array(codec.bytesPerRow), new Float32Array(3)]
    codec.encode(Float32Array.of(7, -100, -5), code)
    expect([...code]).toEqual([0b101, 0, 0, 0])
    codec.decode(code, back)
    expect([...back]).toEqual([3, 10, -5])
  })

  test('refuses negative sizes', () => {
    const open = () => binary().open(Float32Array.of(2, 20, -5, 1, -10, 0), shape)
    expect(open).toThrow(expect.objectContaining({ code: 'corrupt_index' }))
  })

  test('finds most of the ten nearest of SIFT among 200 candidates', async () => {
    const { dimension, count, vectors, queries } = await loadSift(5000)
    const codec = binary().train(vectors, { dimension, metric: 'l2' })
    const slab = new Slab(codec.bytesPerRow)
    slab.ensure(count)
    const vectorAt = (row: number) => vectors.subarray(row * dimension, (row + 1) * dimension)
    for (let row = 0; row < count; row++) codec.encode(vectorAt(row), slab.row(row))
    const scorer = codec.scorer(slab)
    const rows = Uint32Array.from({ length: count }, (_, row) => row)
    const scored = new Float32Array(count)
    const nearest = (distances: ArrayLike<number>) =>
      [...rows].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || a - b)
    let found = 0
    for (let q = 0; q < 20; q++) {
      const query = queries.subarray(q * dimension, (q + 1) * dimension)
      scorer.bind(query)
      scorer.score(rows, count, scored)
      const truth = nearest([...rows].map((row) => distance(query, vectorAt(row), 'l2'))).slice(0, 10)
      const candidates = new Set(nearest(scored).slice(0, 200))
      found += truth.filter((row) => candidates.has(row)).length
    }
    expect(found / 200).toBeGreaterThan(0.85)
  })
})
