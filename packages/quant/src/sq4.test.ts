import { FlatIndex, OmenError, packedBytes, Slab } from '@omen/core'
import { CLIPPING_EXCEPTIONS, randomNumbers, testQuantizer, testVectorIndex } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packedRowBytes } from './row-bytes.ts'
import { sq4 } from './sq4.ts'

const FLOATS = ['l2', 'dot', 'cosine'] as const
const f = Math.fround

testQuantizer('sq4', {
  quantizer: sq4(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => packedRowBytes(packedBytes(dimension, 4)),
  componentError: (x, { parameters: [scale = 0, offset = 0] }) => {
    const beyond = Math.max(offset - x, x - (offset + 15 * scale), 0)
    return beyond + scale / 2 + (Math.abs(x) + Math.abs(offset) + scale) * 2 ** -22
  },
  // Queries that lie beyond the range are clipped to it.
  distanceError: 0.4,
  recall: 0.5,
})

describe('a flat index over sq4', () => {
  testVectorIndex(
    'sq4',
    {
      create: (shape) => new FlatIndex({ ...shape, quantizer: sq4({ quantile: 0 }) }),
      metrics: FLOATS,
      distanceError: 0.25,
      recall: 0.05,
      rows: 400,
    },
    { exceptions: CLIPPING_EXCEPTIONS },
  )
})

/** A codec of chosen scale and offset. */
const codecOf = (scale: number, offset: number, dimension: number, metric: 'l2' | 'dot' | 'cosine') =>
  sq4().open(Float32Array.of(scale, offset), { dimension, metric })

describe('sq4', () => {
  test('encodes every code back to itself', () => {
    const offset = fc.float({ min: -10, max: 10, noNaN: true })
    fc.assert(
      fc.property(fc.float({ min: f(1e-4), max: 1e3, noNaN: true }), offset, (scale, offset) => {
        const codec = codecOf(scale, offset, 16, 'l2')
        const [vector, again] = [new Float32Array(16), new Uint8Array(8)]
        const codes = Uint8Array.from({ length: 8 }, (_, i) => i | ((i + 8) << 4))
        codec.decode(codes, vector)
        expect([...vector]).toEqual(Array.from(vector, (_, i) => f(f(scale * i) + offset)))
        codec.encode(vector, again)
        expect([...again]).toEqual([...codes])
      }),
    )
  })

  test.each([
    [
      [0, 7, 15],
      [1, 0],
    ],
    [
      [0, 7, 9],
      [1, 0],
    ],
    [
      [-8, 3],
      [1, -8],
    ],
    [
      [100, 115],
      [1, 100],
    ],
  ])('keeps integers %j exactly', (sample, parameters) => {
    const codec = sq4().train(Float32Array.from(sample), { dimension: 1, metric: 'l2' })
    expect([...codec.parameters]).toEqual(parameters)
  })

  test('clips what lies far out where that costs less than it gives', () => {
    const random = randomNumbers(3)
    // The sum of many is nearly normal: 15 steps over ± 3 deviations are finer than over the whole range.
    const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, x) => sum + x, -6)
    const sample = Float32Array.from({ length: 100_000 }, normal)
    const range = (quantizer: ReturnType<typeof sq4>): number => {
      const [scale = 0] = quantizer.train(sample, { dimension: 1, metric: 'l2' }).parameters
      return 15 * scale
    }
    expect(range(sq4({ quantile: 0 }))).toBeGreaterThan(7)
    expect(range(sq4())).toBeGreaterThan(4.6)
    expect(range(sq4())).toBeLessThan(6)
  })

  test.each([
    ['l2', 1 / 64],
    ['cosine', 1 / 128],
  ] as const)('scores %s to the bit as documented', (metric, share) => {
    const [scale, offset, dimension] = [f(0.13), f(-1), 37]
    const codec = codecOf(scale, offset, dimension, metric)
    const { query, row, scorer, distance } = scored(codec, dimension)
    const inverse = 8 * f(1 / scale)
    const fine = query.map((x) => Math.min(127, Math.max(0, Math.floor(f(f(f(x - offset) * inverse) + 0.5)))))
    const codes = row.map((x) =>
      Math.min(15, Math.max(0, Math.floor(f(f(f(x - offset) * f(1 / scale)) + 0.5)))),
    )
    const sum = codes.reduce((total, e, i) => total + ((fine[i] ?? 0) - 8 * e) ** 2, 0)
    expect(distance).toBe(f(f(sum) * f(f(scale * scale) * share)))
    const again = new Float32Array(1)
    scorer.bindRow(0)
    scorer.score(Uint32Array.of(0), 1, again)
    expect(again[0]).toBe(0)
  })

  test('scores dot to the bit as documented', () => {
    const [scale, offset, dimension] = [f(0.13), f(-1), 37]
    const codec = codecOf(scale, offset, dimension, 'dot')
    const { query, row, distance } = scored(codec, dimension)
    const largest = Math.max(...query.map(Math.abs))
    const [step, inverse] = [f(largest / 127), f(127 / largest)]
    const bytes = query.map((x) => Math.min(127, Math.max(-127, Math.floor(f(f(x * inverse) + 0.5)))))
    const codes = row.map((x) =>
      Math.min(15, Math.max(0, Math.floor(f(f(f(x - offset) * f(1 / scale)) + 0.5)))),
    )
    const product = codes.reduce((total, e, i) => total + (bytes[i] ?? 0) * e, 0)
    const sum = bytes.reduce((total, byte) => total + byte, 0)
    expect(distance).toBe(f(f(f(product) * -f(scale * step)) - f(offset * f(step * sum))))
  })

  test.each([-0.1, 0.11, Number.NaN])('refuses a quantile of %d', (quantile) => {
    expect(() => sq4({ quantile })).toThrow(OmenError)
  })

  test.each([[[0, 0]], [[-1, 0]], [[Infinity, 0]], [[1, Infinity]], [[1e-38, 0]]])(
    'opens nothing with the parameters %o',
    (parameters) => {
      const open = () => sq4().open(Float32Array.from(parameters), { dimension: 4, metric: 'l2' })
      expect(open).toThrow(expect.objectContaining({ code: 'corrupt_index' }))
    },
  )
})

/** A random query and row, and their distance. */
function scored(codec: ReturnType<typeof codecOf>, dimension: number) {
  const random = randomNumbers(11)
  const [query, row] = [0, 1].map(() => Array.from({ length: dimension }, () => f(random() * 2.4 - 1.1)))
  const slab = new Slab(codec.bytesPerRow)
  slab.ensure(1)
  codec.encode(Float32Array.from(row ?? []), slab.row(0))
  const scorer = codec.scorer(slab)
  const distances = new Float32Array(1)
  scorer.bind(Float32Array.from(query ?? []))
  scorer.score(Uint32Array.of(0), 1, distances)
  return { query: query ?? [], row: row ?? [], scorer, distance: distances[0] }
}
