import { distance, FlatIndex, type Metric, OmenError, rowBytes } from '@omen/core'
import {
  CLIPPING_EXCEPTIONS,
  normalNumbers,
  randomNumbers,
  testQuantizer,
  testVectorIndex,
} from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leanvec } from './leanvec.ts'
import { Projection } from './leanvec-projection.ts'
import { meanOf } from './mean.ts'
import { principalDirections } from './principal-directions.ts'

const FLOATS = ['l2', 'dot', 'cosine'] as const

/** A projection is rounded to 16 bits, and by that a byte of the query by dot may become its neighbour. */
const rowError = (metric: Metric): number => (metric === 'dot' ? 2e-2 : 1e-5)

testQuantizer('leanvec of one component', {
  quantizer: leanvec({ components: 1 }),
  metrics: FLOATS,
  bytesPerRow: () => rowBytes(1),
  // All that is left of a vector of the sample may be its component along one direction; the longest are about 25 long.
  componentError: () => 25,
  distanceError: 4,
  recall: 0.05,
  rowError,
})

testQuantizer('leanvec', {
  quantizer: leanvec(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => rowBytes(Math.min(dimension, Math.ceil(dimension / 256) * 64)),
  // With as many directions as dimensions nothing is lost but by rounding.
  componentError: () => 1,
  distanceError: 5e-2,
  recall: 0.85,
  rowError,
})

describe('a flat index over leanvec', () => {
  testVectorIndex(
    'leanvec',
    {
      create: (shape) => new FlatIndex({ ...shape, quantizer: leanvec() }),
      metrics: FLOATS,
      distanceError: 0.25,
      recall: 0.5,
      rows: 400,
    },
    { exceptions: CLIPPING_EXCEPTIONS },
  )
})

/** Vectors that vary along `rank` directions of `dimension`, all around one that is far from zero. */
function flatCloud(count: number, dimension: number, rank: number, seed: number): Float32Array {
  const normal = normalNumbers(randomNumbers(seed))
  const centre = Float64Array.from({ length: dimension }, () => 3 * normal())
  const axes = Array.from({ length: rank }, () => Float64Array.from({ length: dimension }, normal))
  const vectors = new Float32Array(count * dimension)
  for (let v = 0; v < count; v++) {
    const shares = axes.map(normal)
    for (let i = 0; i < dimension; i++) {
      vectors[v * dimension + i] = axes.reduce((x, axis, a) => x + shares[a]! * axis[i]!, centre[i]!)
    }
  }
  return vectors
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0)
}

describe('principal directions', () => {
  const rowsOf = (all: Float32Array, dimension: number): Float32Array[] =>
    Array.from({ length: all.length / dimension }, (_, j) => all.subarray(j * dimension, (j + 1) * dimension))

  test.each([
    [500, 40, 5, 5],
    [500, 40, 5, 12],
    [6, 40, 5, 12],
    [1, 8, 3, 8],
    [300, 7, 7, 7],
  ])(
    'of %i vectors of %i components, %i of them free, %i wanted, are orthonormal',
    (count, dimension, rank, wanted) => {
      const sample = flatCloud(count, dimension, rank, 4)
      const directions = rowsOf(principalDirections(sample, meanOf(sample, dimension), wanted), dimension)
      expect(directions).toHaveLength(wanted)
      for (const [i, a] of directions.entries()) {
        for (const [j, b] of directions.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 5)
      }
    },
  )

  test('hold all that varies, where there are as many', () => {
    const [dimension, rank] = [60, 9]
    const sample = flatCloud(700, dimension, rank, 5)
    const mean = meanOf(sample, dimension)
    const directions = rowsOf(principalDirections(sample, mean, rank), dimension)
    for (const vector of rowsOf(flatCloud(20, dimension, rank, 5), dimension)) {
      const difference = vector.map((x, i) => x - mean[i]!)
      const held = directions.reduce((sum, direction) => sum + dot(direction, difference) ** 2, 0)
      expect(held / dot(difference, difference)).toBeCloseTo(1, 4)
    }
  })

  test('come close to the best, where there are fewer', () => {
    // Independent components with variances 1, 1/2, 1/3, …: the best directions are the first axes.
    const [dimension, wanted] = [64, 16]
    const normal = normalNumbers(randomNumbers(6))
    const sample = Float32Array.from(
      { length: 2000 * dimension },
      (_, i) => normal() / Math.sqrt((i % dimension) + 1),
    )
    const directions = rowsOf(principalDirections(sample, new Float32Array(dimension), wanted), dimension)
    const variance = directions.reduce(
      (sum, x) => sum + x.reduce((all, y, i) => all + y ** 2 / (i + 1), 0),
      0,
    )
    const best = Array.from({ length: wanted }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b)
    expect(variance / best).toBeGreaterThan(0.97)
  })
})

test('a projection is off by little, whatever the length of the vector', () => {
  const dimension = 48
  const sample = flatCloud(100, dimension, 20, 7)
  const mean = meanOf(sample, dimension)
  const directions = principalDirections(sample, mean, 20)
  const projection = new Projection(mean, directions)
  const numbers = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), {
    minLength: dimension,
    maxLength: dimension,
  })
  fc.assert(
    fc.property(numbers, fc.double({ min: -12, max: 15, noNaN: true }), (direction, power) => {
      const vector = Float32Array.from(direction, (x, i) => mean[i]! + x * 10 ** power)
      const projected = new Float32Array(projection.count)
      projection.apply(vector, projected)
      const difference = vector.map((x, i) => x - mean[i]!)
      const length = Math.sqrt(dot(difference, difference))
      for (const [j, found] of projected.entries()) {
        const exact = dot(difference, directions.subarray(j * dimension, (j + 1) * dimension))
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(length * 2e-4)
      }
    }),
  )
})

describe('leanvec', () => {
  test.each(FLOATS)(
    'finds the nearest by few components by %s, where the rest does not vary',
    async (metric) => {
      const [count, dimension, rank] = [2000, 256, 12]
      const vectors = flatCloud(count + 50, dimension, rank, 8)
      const rows = vectors.subarray(0, count * dimension)
      const shape = { dimension, metric }
      const lean = new FlatIndex({ ...shape, quantizer: leanvec({ components: rank + 1 }) })
      const exact = new FlatIndex(shape)
      await lean.add(rows)
      await exact.add(rows)
      let found = 0
      for (let q = count; q < count + 50; q++) {
        const query = vectors.subarray(q * dimension, (q + 1) * dimension)
        const [got, truth] = await Promise.all([
          lean.search(query, { k: 20 }),
          exact.search(query, { k: 10 }),
        ])
        found += [...truth.rows].filter((row) => got.rows.includes(row)).length
      }
      expect(found / 500).toBeGreaterThan(0.95)
    },
  )

  test('gives back what lies along the directions', () => {
    const dimension = 128
    const vectors = flatCloud(400, dimension, 6, 9)
    const codec = leanvec({ components: 6 }).train(vectors, { dimension, metric: 'l2' })
    const [code, back] = [new Uint8Array(codec.bytesPerRow), new Float32Array(dimension)]
    expect(codec.bytesPerRow).toBe(8)
    for (let v = 0; v < 50; v++) {
      const vector = vectors.subarray(v * dimension, (v + 1) * dimension)
      codec.encode(vector, code)
      codec.decode(code, back)
      expect(distance(vector, back, 'l2')).toBeLessThan(0.01 * dot(vector, vector))
    }
  })

  test.each([0, -1, 1.5, Number.NaN])('%d components are refused', (components) => {
    expect(() => leanvec({ components })).toThrow(OmenError)
  })

  test('more components than there are, are refused', () => {
    const train = (): unknown =>
      leanvec({ components: 9 }).train(new Float32Array(8), { dimension: 8, metric: 'l2' })
    expect(train).toThrow('vectors of 8 components')
  })

  test.each([
    ['a longer direction', 2],
    ['a shorter direction', 0.5],
    ['no number', Number.NaN],
  ])('%s is refused', (_, factor) => {
    const shape = { dimension: 16, metric: 'l2' } as const
    const { parameters } = leanvec().train(flatCloud(50, 16, 16, 10), shape)
    const broken = parameters.map((x, i) => (i >= parameters.length - 16 ? x * factor : x))
    expect(() => leanvec().open(broken, shape)).toThrow('directions of length 1')
  })
})
