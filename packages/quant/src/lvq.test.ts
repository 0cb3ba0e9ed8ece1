import { type Codec, dotF32, FlatIndex, packedBytes, Slab } from '@omen/core'
import { randomNumbers, testQuantizer, testVectorIndex } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lvq4, lvq4x8, lvq8 } from './lvq.ts'
import { LineFit } from './lvq-encode.ts'
import { packedRowBytes } from './row-bytes.ts'
import { loadSift } from './testing/datasets.ts'

const FLOATS = ['l2', 'dot', 'cosine'] as const

testQuantizer('lvq4', {
  quantizer: lvq4(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => packedRowBytes(4 * Math.ceil(packedBytes(dimension, 4) / 4) + 12),
  // The differences of a row reach over 50 at most: a fifteenth of that, halved, and what the line leaves out.
  componentError: () => 3,
  distanceError: 0.1,
  recall: 0.8,
})

testQuantizer('lvq8', {
  quantizer: lvq8(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => packedRowBytes(4 * Math.ceil(dimension / 4) + 12),
  componentError: () => 0.2,
  distanceError: 0.02,
  recall: 0.95,
})

testQuantizer('lvq4x8', {
  quantizer: lvq4x8(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) =>
    packedRowBytes(4 * Math.ceil(packedBytes(dimension, 4) / 4) + 16 + dimension),
  componentError: () => 0.03,
  distanceError: 0.002,
  recall: 0.99,
})

describe.each([
  ['lvq4', lvq4(), 0.1, 0.5],
  ['lvq8', lvq8(), 0.02, 0.8],
  ['lvq4x8', lvq4x8(), 0.005, 0.9],
] as const)('a flat index over %s', (name, quantizer, distanceError, recall) => {
  testVectorIndex(
    name,
    {
      create: (shape) => new FlatIndex({ ...shape, quantizer }),
      metrics: FLOATS,
      distanceError,
      recall,
      rows: 400,
    },
    {
      exceptions: {
        'grows a vector at a time as in one batch':
          'its mean is that of the first batch, here of a single vector',
      },
    },
  )
})

const components = fc
  .array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 3, maxLength: 130 })
  .map((numbers) => Float32Array.from(numbers))

describe('the line through the codes of a row', () => {
  test.each([4, 8])('of %i bits estimates the product with the row itself exactly', (bits) => {
    fc.assert(
      fc.property(components, (row) => {
        const squared = dotF32(row, 0, row, 0, row.length)
        fc.pre(squared > 1e-6)
        const fit = new LineFit(bits, row.length)
        fit.fit(row, squared)
        const line = row.map((_, i) => fit.scale * (fit.codes[i] ?? 0) + fit.lower)
        expect(Math.abs(dotF32(row, 0, line, 0, row.length) - squared)).toBeLessThan(squared * 1e-5)
      }),
    )
  })

  test('lies closer to normal components than one from the least to the most', () => {
    const random = randomNumbers(5)
    const row = Float32Array.from({ length: 100 }, () =>
      Array.from({ length: 12 }, random).reduce((sum, x) => sum + x, -6),
    )
    const fit = new LineFit(4, row.length)
    fit.fit(row, dotF32(row, 0, row, 0, row.length))
    const [least, most] = [Math.min(...row), Math.max(...row)]
    const step = (most - least) / 15
    let [fitted, spanned] = [0, 0]
    for (const [i, x] of row.entries()) {
      fitted += (fit.scale * (fit.codes[i] ?? 0) + fit.lower - x) ** 2
      spanned += (Math.round((x - least) / step) * step + least - x) ** 2
    }
    expect(fitted).toBeLessThan(0.95 * spanned)
  })
})

describe('the coarse codec of lvq4x8', () => {
  const shape = { dimension: 37, metric: 'l2' } as const
  const random = randomNumbers(9)
  const vectors = Float32Array.from({ length: 60 * shape.dimension }, () => random() * 2 - 1)
  const codec = lvq4x8().train(vectors, shape)

  test('scores the same rows as lvq4 does its own, and writes them whole', () => {
    const coarse = codec.coarse
    expect(coarse?.bytesPerRow).toBe(codec.bytesPerRow)
    expect(coarse?.coarse).toBeUndefined()
    expect(lvq4().train(vectors, shape).coarse).toBeUndefined()
    if (!coarse) return
    const first = distancesOf(coarse, fill(codec, vectors), vectors.subarray(0, shape.dimension))
    const plain = lvq4().train(vectors, shape)
    expect(first).toEqual(distancesOf(plain, fill(plain, vectors), vectors.subarray(0, shape.dimension)))
    expect(fill(coarse, vectors).row(7)).toEqual(fill(codec, vectors).row(7))
  })
})

describe('on real data', () => {
  test.each([
    ['lvq4', lvq4(), 0.85],
    ['lvq8', lvq8(), 0.97],
    ['lvq4x8', lvq4x8(), 0.99],
  ] as const)('%s finds the nearest of photographs by codes alone', async (_, quantizer, least) => {
    const { dimension, vectors, queries } = await loadSift(2000)
    const codec = quantizer.train(vectors, { dimension, metric: 'l2' })
    const slab = fill(codec, vectors)
    let found = 0
    for (let i = 0; i < 50; i++) {
      const query = queries.subarray(i * dimension, (i + 1) * dimension)
      const exact = Float32Array.from({ length: 2000 }, (_, row) => {
        let sum = 0
        for (let j = 0; j < dimension; j++)
          sum += ((query[j] ?? 0) - (vectors[row * dimension + j] ?? 0)) ** 2
        return sum
      })
      const truth = new Set(nearest(exact))
      for (const row of nearest(distancesOf(codec, slab, query, 2000))) if (truth.has(row)) found++
    }
    expect(found / 500).toBeGreaterThan(least)
  })
})

function nearest(distances: Float32Array): number[] {
  const rows = [...distances.keys()]
  return rows.sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0)).slice(0, 10)
}

function fill(codec: Codec, vectors: Float32Array): Slab {
  const { dimension } = codec.shape
  const slab = new Slab(codec.bytesPerRow)
  slab.ensure(vectors.length / dimension)
  for (let row = 0; row * dimension < vectors.length; row++) {
    codec.encode(vectors.subarray(row * dimension, (row + 1) * dimension), slab.row(row))
  }
  return slab
}

function distancesOf(codec: Codec, slab: Slab, query: Float32Array, count = 60): Float32Array {
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  const scorer = codec.scorer(slab)
  scorer.bind(query)
  const distances = new Float32Array(rows.length)
  scorer.score(rows, rows.length, distances)
  return distances
}
