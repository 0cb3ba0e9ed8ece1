import { type Codec, distance, dotF32, OmenError, prepareVectors, rowBytes, Slab } from '@omen/core'
import { normalNumbers, randomNumbers, testQuantizer } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rabitq } from './rabitq.ts'
import { GridEncoder } from './rabitq-encode.ts'
import { Planes } from './rabitq-planes.ts'
import { Rotation } from './rabitq-rotation.ts'
import { loadSift } from './testing/datasets.ts'

const BITS = [1, 2, 3, 4, 5, 6, 7, 8]

/** The tangent of the angle to the code, at most, and recall@10 over clusters of 24 dimensions. */
const PROMISES: Record<number, { tangent: number; recall: number }> = {
  1: { tangent: 1, recall: 0.5 },
  2: { tangent: 0.5, recall: 0.6 },
  3: { tangent: 0.25, recall: 0.7 },
  4: { tangent: 0.13, recall: 0.8 },
  5: { tangent: 0.065, recall: 0.85 },
  6: { tangent: 0.033, recall: 0.9 },
  7: { tangent: 0.018, recall: 0.9 },
  8: { tangent: 0.012, recall: 0.9 },
}

for (const bits of BITS) {
  const { tangent = 0, recall = 1 } = PROMISES[bits] ?? {}
  testQuantizer(`rabitq of ${bits} bits`, {
    quantizer: rabitq({ bits }),
    metrics: ['l2', 'dot', 'cosine'],
    bytesPerRow: ({ dimension }) => {
      const planes = [8, 4, 2, 1].filter((width) => (bits & width) !== 0)
      const codes = planes.reduce((sum, width) => sum + Math.ceil((dimension * width) / 8), 0)
      return rowBytes(Math.ceil(codes / 4) * 4 + 12)
    },
    // The longest vectors are about 25 long; all of an error may lie in one component.
    componentError: () => 25 * tangent,
    distanceError: tangent,
    recall,
  })
}

test.each([0, 9, 2.5, Number.NaN])('bits of %d are refused', (bits) => {
  expect(() => rabitq({ bits })).toThrow(OmenError)
})

describe('the rotation', () => {
  test.each([1, 2, 3, 5, 16, 25, 63, 64, 65, 100, 127, 128, 130, 1000])(
    'of %i dimensions keeps lengths and angles, and goes back',
    (dimension) => {
      const rotation = new Rotation(dimension)
      const normal = normalNumbers(randomNumbers(dimension))
      const [a, b] = [0, 1].map(() => Float32Array.from({ length: dimension }, normal)) as [
        Float32Array,
        Float32Array,
      ]
      const [x, y] = [a.slice(), b.slice()]
      rotation.apply(x)
      rotation.apply(y)
      const size = dimension * 1e-5
      expect(Math.abs(dotF32(x, 0, x, 0, dimension) - dotF32(a, 0, a, 0, dimension))).toBeLessThan(size)
      expect(Math.abs(dotF32(x, 0, y, 0, dimension) - dotF32(a, 0, b, 0, dimension))).toBeLessThan(size)
      rotation.undo(x)
      for (const [i, value] of x.entries()) expect(Math.abs(value - (a[i] ?? 0))).toBeLessThan(1e-5)
    },
  )

  test.each([16, 65, 96, 100, 127, 128, 255, 768])(
    'of %i dimensions spreads every single component over all',
    (dimension) => {
      const rotation = new Rotation(dimension)
      for (let i = 0; i < dimension; i++) {
        const axis = new Float32Array(dimension)
        axis[i] = 1
        rotation.apply(axis)
        const largest = Math.max(...axis.map(Math.abs))
        // A random direction has no component larger than about √(2 ln n / n).
        expect(largest, `component ${i}`).toBeLessThan(Math.sqrt((16 * Math.log(dimension)) / dimension))
      }
    },
  )
})

describe('the grid', () => {
  /** The largest cosine that any point of the grid has with a vector, by trying every scale that matters. */
  function bestCosine(vector: Float32Array, bits: number): number {
    const steps: { at: number; size: number; level: number }[] = []
    let product = 0
    for (const x of vector) {
      const size = Math.abs(x)
      product += size
      for (let level = 1; level < 2 ** (bits - 1); level++) steps.push({ at: level / size, size, level })
    }
    let squares = vector.length
    let best = product / Math.sqrt(squares)
    for (const { size, level } of steps.sort((a, b) => a.at - b.at)) {
      product += 2 * size
      squares += 8 * level
      best = Math.max(best, product / Math.sqrt(squares))
    }
    return best / Math.sqrt(dotF32(vector, 0, vector, 0, vector.length))
  }

  function cosineOf(vector: Float32Array, codes: Uint8Array, bits: number): number {
    const grid = Float32Array.from(codes, (code) => 2 * code - (2 ** bits - 1))
    const n = vector.length
    return (
      dotF32(vector, 0, grid, 0, n) / Math.sqrt(dotF32(vector, 0, vector, 0, n) * dotF32(grid, 0, grid, 0, n))
    )
  }

  test.each(BITS)('of %i bits is searched almost as well as by trying everything', (bits) => {
    const normal = normalNumbers(randomNumbers(bits))
    const encoder = new GridEncoder(bits, 100)
    let [lost, least] = [0, 0]
    for (let i = 0; i < 50; i++) {
      const vector = Float32Array.from({ length: 100 }, normal)
      encoder.encode(vector)
      const [got, best] = [cosineOf(vector, encoder.codes, bits), bestCosine(vector, bits)]
      expect(got).toBeLessThanOrEqual(best + 1e-6)
      lost += 1 - got * got
      least += 1 - best * best
    }
    expect(lost / least).toBeLessThan(1.12)
  })

  test.each(BITS)('of %i bits holds vectors of few large components, tiny and huge ones', (bits) => {
    const encoder = new GridEncoder(bits, 8)
    for (const size of [1e-29, 1e-10, 1, 1e18]) {
      const vector = Float32Array.of(1, -1, 0.5, 0, -0.25, 0.01, 0, 1).map((x) => x * size)
      encoder.encode(vector)
      const alike = cosineOf(
        vector.map((x) => x / size),
        encoder.codes,
        bits,
      )
      expect(alike).toBeGreaterThan(bits === 1 ? 0.6 : 0.8)
    }
  })
})

test('codes come back out of their planes, and are multiplied there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 130 }),
      fc.nat(),
      (bits, dimension, seed) => {
        const random = randomNumbers(seed)
        const codes = Uint8Array.from({ length: dimension }, () => random() * 2 ** bits)
        const query = Int8Array.from({ length: dimension + 7 }, (_, i) =>
          i < dimension ? random() * 255 - 127 : 0,
        )
        const planes = new Planes(bits, dimension)
        const bytes = new Uint8Array(planes.bytes + 2).fill(255)
        planes.pack(codes, bytes, 1)
        expect([bytes[0], bytes.at(-1)]).toEqual([255, 255])
        const back = new Uint8Array(dimension).fill(99)
        planes.unpack(bytes, 1, back)
        expect([...back]).toEqual([...codes])
        expect(planes.dot(query, bytes, 1)).toBe(codes.reduce((sum, u, i) => sum + u * (query[i] ?? 0), 0))
      },
    ),
  )
})

describe.each(['l2', 'dot', 'cosine'] as const)('on SIFT by %s', (metric) => {
  test.each(BITS)('%i bits estimate without bias, within the margin for 95 of 100 pairs', async (bits) => {
    const { dimension, count, vectors: raw, queries: rawQueries } = await loadSift(2000)
    const shape = { dimension, metric }
    const [vectors, queries] = [raw.slice(), rawQueries.slice(0, 20 * dimension)]
    prepareVectors(raw, shape, vectors)
    prepareVectors(rawQueries.subarray(0, 20 * dimension), shape, queries)
    const codec = rabitq({ bits }).train(vectors, shape)
    const { scorer, rows } = filled(codec, vectors)
    const scored = new Float32Array(count)
    let [within, sum, size] = [0, 0, 0]
    for (let q = 0; q < 20; q++) {
      const query = queries.subarray(q * dimension, (q + 1) * dimension)
      scorer.bind(query)
      scorer.score(rows, count, scored)
      for (const row of rows) {
        const vector = vectors.subarray(row * dimension, (row + 1) * dimension)
        const error = (scored[row] ?? 0) - distance(query, vector, metric)
        if (Math.abs(error) <= (scorer.margin?.(row) ?? 0)) within++
        sum += error
        size += Math.abs(error)
      }
    }
    expect(within / (20 * count)).toBeGreaterThan(0.95)
    // A margin that always holds says nothing.
    expect(within / (20 * count)).toBeLessThan(0.985)
    expect(Math.abs(sum)).toBeLessThan(size * 0.1)
  })
})

test('a row in the place of the mean is at the distance of the mean', () => {
  const shape = { dimension: 5, metric: 'l2' } as const
  const codec = rabitq().train(Float32Array.of(1, 2, 3, 4, 5), shape)
  const { scorer, rows } = filled(codec, Float32Array.of(1, 2, 3, 4, 5))
  const scored = new Float32Array(1)
  scorer.bind(Float32Array.of(1, 2, 3, 4, 8))
  scorer.score(rows, 1, scored)
  expect(scored[0]).toBe(9)
  expect(scorer.margin?.(0)).toBe(0)
})

function filled(codec: Codec, vectors: Float32Array) {
  const { dimension } = codec.shape
  const count = vectors.length / dimension
  const slab = new Slab(codec.bytesPerRow)
  slab.ensure(count)
  for (let row = 0; row < count; row++) {
    codec.encode(vectors.subarray(row * dimension, (row + 1) * dimension), slab.row(row))
  }
  return { scorer: codec.scorer(slab), rows: Uint32Array.from({ length: count }, (_, row) => row) }
}
