import { distance, OmenError, packedBytes, rowBytes, Slab } from '@omen/core'
import { randomNumbers, testQuantizer } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { pq } from './pq.ts'
import { loadSift } from './testing/datasets.ts'

testQuantizer('pq of 8 bits', {
  quantizer: pq({ bits: 8 }),
  metrics: ['l2', 'dot', 'cosine'],
  bytesPerRow: ({ dimension }) => rowBytes(Math.ceil(dimension / 4)),
  // As many centroids as vectors, almost: what comes back is a vector's own part, or one of its cluster.
  componentError: () => 1,
  distanceError: 0.05,
  recall: 0.8,
})

testQuantizer('pq of 4 bits', {
  quantizer: pq({ bits: 4 }),
  metrics: ['l2', 'dot', 'cosine'],
  bytesPerRow: ({ dimension }) => rowBytes(packedBytes(Math.ceil(dimension / 2), 4)),
  componentError: () => 8,
  distanceError: 0.3,
  recall: 0.4,
})

describe('pq', () => {
  const shape = { dimension: 5, metric: 'l2' } as const

  test.each([{ bits: 5 as 4 }, { parts: 0 }, { parts: 1.5 }, { parts: -1 }])('refuses %o', (options) => {
    expect(() => pq(options)).toThrow(OmenError)
  })

  test('refuses more parts than there are components', () => {
    const train = () => pq({ parts: 6 }).train(new Float32Array(5), shape)
    expect(train).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  test.each([
    ['parts', 0, 6],
    ['parts', 0, 1.5],
    ['bits', 1, 5],
    ['a centroid', 7, Number.NaN],
  ])('refuses %s that no training gives, at %i: %d', (_, at, value) => {
    const { parameters } = pq({ parts: 2, bits: 4 }).train(new Float32Array(5), shape)
    parameters[at] = value
    expect(() => pq().open(parameters, shape)).toThrow(expect.objectContaining({ code: 'corrupt_index' }))
  })

  test('opens codes of any parts and bits', () => {
    const random = randomNumbers(1)
    const sample = Float32Array.from({ length: 500 }, random)
    for (const bits of [4, 8] as const) {
      for (const parts of [1, 2, 5]) {
        const codec = pq({ parts, bits }).train(sample, shape)
        const again = pq().open(codec.parameters, shape)
        expect(again.bytesPerRow).toBe(codec.bytesPerRow)
        expect(again.bytesPerRow).toBe(rowBytes(Math.ceil((parts * bits) / 8)))
        const [code, back] = [new Uint8Array(codec.bytesPerRow), new Float32Array(5)]
        const first = sample.subarray(0, 5)
        codec.encode(first, code)
        again.decode(code, back)
        expect(distance(first, back, 'l2')).toBeLessThan(5 * 0.25)
      }
    }
  })

  test('finds groups far apart, also where one is rare', () => {
    const centers = [0, 10, 20, 500]
    const sample = Float32Array.from({ length: 1000 }, (_, i) => (i === 777 ? 500 : (centers[i % 3] ?? 0)))
    const codec = pq({ parts: 1, bits: 4 }).train(sample, { dimension: 1, metric: 'l2' })
    for (const center of centers) {
      const [code, back] = [new Uint8Array(codec.bytesPerRow), new Float32Array(1)]
      codec.encode(Float32Array.of(center), code)
      codec.decode(code, back)
      expect(back[0]).toBe(center)
    }
  })

  test.each([
    [4, 0.6, 0.9],
    [8, 0.75, 0.98],
  ] as const)('of %i bits finds the nearest of SIFT', async (bits, alone, among30) => {
    const { dimension, count, vectors, queries } = await loadSift(2000)
    const vectorAt = (row: number) => vectors.subarray(row * dimension, (row + 1) * dimension)
    const codec = pq({ bits }).train(vectors, { dimension, metric: 'l2' })
    const slab = new Slab(codec.bytesPerRow)
    slab.ensure(count)
    for (let row = 0; row < count; row++) codec.encode(vectorAt(row), slab.row(row))
    const scorer = codec.scorer(slab)
    const rows = Uint32Array.from({ length: count }, (_, row) => row)
    const scored = new Float32Array(count)
    const nearest = (distances: ArrayLike<number>) =>
      [...rows].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || a - b)
    const found = [0, 0]
    for (let q = 0; q < 20; q++) {
      const query = queries.subarray(q * dimension, (q + 1) * dimension)
      scorer.bind(query)
      scorer.score(rows, count, scored)
      const truth = nearest([...rows].map((row) => distance(query, vectorAt(row), 'l2'))).slice(0, 10)
      const candidates = nearest(scored)
      for (const [i, most] of [10, 30].entries()) {
        const some = new Set(candidates.slice(0, most))
        found[i] = (found[i] ?? 0) + truth.filter((row) => some.has(row)).length / 200
      }
    }
    expect(found[0]).toBeGreaterThan(alone)
    expect(found[1]).toBeGreaterThan(among30)
  })
})
