import { OmenError, Slab } from '@omen/core'
import { randomNumbers } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sq8 } from './sq8.ts'

const f = Math.fround

/** A codec of chosen scale and offset. */
const codecOf = (scale: number, offset: number, dimension: number, metric: 'l2' | 'dot' | 'cosine' = 'l2') =>
  sq8().open(Float32Array.of(scale, offset), { dimension, metric })

const anyScale = fc.float({ min: f(1e-6), max: 1e3, noNaN: true })
const anyOffset = fc.float({ min: -1e4, max: 1e4, noNaN: true })

describe('sq8 encodes', () => {
  test('by the documented arithmetic, each step rounded to f32', () => {
    fc.assert(
      fc.property(
        anyScale,
        anyOffset,
        fc.float({ noNaN: true, min: f(-1e18), max: f(1e18) }),
        (scale, offset, x) => {
          const code = new Uint8Array(4)
          codecOf(scale, offset, 1).encode(Float32Array.of(x), code)
          const inverse = f(1 / scale)
          const expected = Math.floor(f(f(f(x - offset) * inverse) + f(0.5)))
          expect(code[0]).toBe(Math.min(255, Math.max(0, expected)))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('every code back to itself', () => {
    fc.assert(
      fc.property(anyScale, fc.float({ min: -10, max: 10, noNaN: true }), (scale, offset) => {
        // An offset far beyond the scale leaves no room for codes between two values of f32.
        fc.pre(Math.abs(offset) < scale * 1e5)
        const codec = codecOf(scale, offset, 256)
        const codes = Uint8Array.from({ length: 256 }, (_, i) => i)
        const [vector, again] = [new Float32Array(256), new Uint8Array(256)]
        codec.decode(codes, vector)
        codec.encode(vector, again)
        expect([...again]).toEqual([...codes])
      }),
    )
  })
})

describe('sq8 scores', () => {
  const dimension = 37
  const random = randomNumbers(42)
  const vectors = Array.from({ length: 20 }, () =>
    Float32Array.from({ length: dimension }, () => random() * 4 - 2),
  )

  test.each(['l2', 'cosine'] as const)('%s to the bit as documented', (metric) => {
    const [scale, offset] = [f(0.0157), f(-2)]
    const codec = codecOf(scale, offset, dimension, metric)
    const { slab, codes } = fill(codec, vectors)
    const scorer = codec.scorer(slab)
    const multiplier = metric === 'l2' ? f(scale * scale) : f(0.5 * f(scale * scale))
    const got = new Float32Array(1)
    for (const [a, vector] of vectors.entries()) {
      for (const b of codes.keys()) {
        scorer.bind(vector)
        scorer.score(Uint32Array.of(b), 1, got)
        let sum = 0
        for (let i = 0; i < dimension; i++) sum += ((codes[a]?.[i] ?? 0) - (codes[b]?.[i] ?? 0)) ** 2
        expect(got[0]).toBe(f(f(sum) * multiplier))
        scorer.bindRow(a)
        scorer.score(Uint32Array.of(b), 1, got)
        expect(got[0]).toBe(f(f(sum) * multiplier))
      }
    }
  })

  test('dot to the bit as documented', () => {
    const [scale, offset] = [f(0.0157), f(-2)]
    const codec = codecOf(scale, offset, dimension, 'dot')
    const { slab, codes } = fill(codec, vectors)
    const scorer = codec.scorer(slab)
    const got = new Float32Array(1)
    for (const query of vectors) {
      const largest = Math.max(...query.map(Math.abs))
      const inverse = f(127 / largest)
      const rounded = [...query].map((q) =>
        Math.min(127, Math.max(-127, Math.floor(f(f(q * inverse) + f(0.5))))),
      )
      const total = query.reduce((sum, q) => sum + q, 0)
      for (const [row, code] of codes.entries()) {
        const sum = rounded.reduce((part, q, i) => part + q * (code[i] ?? 0), 0)
        scorer.bind(query)
        scorer.score(Uint32Array.of(row), 1, got)
        expect(got[0]).toBe(f(f(f(sum) * -f(scale * f(largest / 127))) - f(offset * total)))
      }
    }
  })

  test('a zero query by dot as zero against all', () => {
    const codec = codecOf(1, 0, 4, 'dot')
    const { slab } = fill(codec, [Float32Array.of(1, 2, 3, 4)])
    const scorer = codec.scorer(slab)
    const got = new Float32Array(1).fill(7)
    scorer.bind(new Float32Array(4))
    scorer.score(Uint32Array.of(0), 1, got)
    expect(Math.abs(got[0] as number)).toBe(0)
  })
})

describe('sq8 trains', () => {
  const train = (sample: Float32Array, quantile?: number, metric: 'l2' | 'cosine' = 'l2') => {
    const quantizer = quantile === undefined ? sq8() : sq8({ quantile })
    const [scale = 0, offset = 0] = quantizer.train(sample, { dimension: 1, metric }).parameters
    return { scale, offset }
  }

  test.each([
    ['0 to 255', [0, 3, 255], { scale: 1, offset: 0 }],
    ['0 to 180, with room for 255', [0, 3, 180], { scale: 1, offset: 0 }],
    ['1 to 9', [1, 9], { scale: 1, offset: 0 }],
    ['-128 to 127', [-128, 5, 127], { scale: 1, offset: -128 }],
    ['1000 to 1255', [1000, 1255], { scale: 1, offset: 1000 }],
    ['-200 to 50', [-200, 50], { scale: 1, offset: -200 }],
  ])('integers %s to be exact', (_, sample, expected) => {
    expect(train(Float32Array.from(sample))).toEqual(expected)
  })

  test('integers of a wider range, and unit vectors on the axes, by their range', () => {
    expect(train(Float32Array.of(0, 256)).scale).toBeCloseTo(256 / 255)
    expect(train(Float32Array.of(0, 1), undefined, 'cosine').scale).toBeCloseTo(1 / 255)
  })

  test('to the least squared error: clipping rare outliers, sparing even spreads', () => {
    const random = randomNumbers(7)
    const even = Float32Array.from({ length: 60_000 }, () => random() * 2 - 1)
    expect(train(even).scale).toBeCloseTo(2 / 255, 4)
    // One component far out: among 60,000 reaching it costs less than losing it, among 262,144 more.
    const few = Float32Array.from([...even, 1.9])
    expect(train(few).scale).toBeCloseTo(2.9 / 255, 5)
    const many = Float32Array.from({ length: 262_144 }, () => random() * 2 - 1)
    many[1717] = 1.8
    expect(train(many).scale).toBeLessThan(2.001 / 255)
    expect(train(many, 0).scale).toBeCloseTo(2.8 / 255, 5)
  })

  test('to the quantile asked for', () => {
    const sample = Float32Array.from({ length: 10_001 }, (_, i) => i / 10_000 + 0.00001)
    const { scale, offset } = train(sample, 0.1)
    expect(offset).toBeCloseTo(0.1, 3)
    expect(offset + 255 * scale).toBeCloseTo(0.9, 3)
  })

  test.each([0, -0, 1e-30, 5, -7e5, 1e19])('on components that are all %d', (x) => {
    const sample = new Float32Array(8).fill(x)
    const codec = sq8({ quantile: 0 }).train(sample, { dimension: 8, metric: 'l2' })
    const [code, back] = [new Uint8Array(8), new Float32Array(8)]
    codec.encode(sample, code)
    codec.decode(code, back)
    const [scale = 0] = codec.parameters
    expect(Math.abs((back[0] as number) - f(x))).toBeLessThanOrEqual(scale)
    expect(scale).toBeLessThanOrEqual(Math.max(1, Math.abs(x)) / 100)
  })

  test.each([-0.1, 0.11, Number.NaN])('not with a quantile of %d', (quantile) => {
    expect(() => sq8({ quantile })).toThrow(OmenError)
  })

  test.each([[[0, 0]], [[-1, 0]], [[Infinity, 0]], [[1, Infinity]], [[1e-38, 0]]])(
    'nothing that gives the parameters %o',
    (parameters) => {
      const open = () => sq8().open(Float32Array.from(parameters), { dimension: 4, metric: 'l2' })
      expect(open).toThrow(expect.objectContaining({ code: 'corrupt_index' }))
    },
  )
})

function fill(codec: ReturnType<typeof codecOf>, vectors: readonly Float32Array[]) {
  const slab = new Slab(codec.bytesPerRow)
  slab.ensure(vectors.length)
  for (const [row, vector] of vectors.entries()) codec.encode(vector, slab.row(row))
  return { slab, codes: vectors.map((_, row) => slab.row(row)) }
}
