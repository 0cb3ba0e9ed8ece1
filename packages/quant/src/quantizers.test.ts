import { FlatIndex, none, OmenError, type Quantizer, rowBytes } from '@omen/core'
import { CLIPPING_EXCEPTIONS, testQuantizer, testVectorIndex } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bf16, f16, quantizerByName, quantizers, rabitq, sq8 } from './index.ts'

const FLOATS = ['l2', 'dot', 'cosine'] as const

testQuantizer('f16', {
  quantizer: f16(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => rowBytes(dimension * 2),
  componentError: (x) => Math.abs(x) * 2 ** -11 + 2 ** -25,
  distanceError: 1e-3,
  recall: 0.99,
  integersExact: true,
})

testQuantizer('bf16', {
  quantizer: bf16(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => rowBytes(dimension * 2),
  componentError: (x) => Math.abs(x) * 2 ** -8 + 1e-40,
  distanceError: 1e-2,
  recall: 0.9,
  integersExact: true,
})

testQuantizer('sq8', {
  quantizer: sq8({ quantile: 0 }),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => rowBytes(dimension),
  componentError: (x, { parameters: [scale = 0, offset = 0] }) =>
    scale / 2 + (Math.abs(x) + Math.abs(offset) + scale) * 2 ** -22,
  distanceError: 2e-2,
  recall: 0.85,
})

testQuantizer('sq8, clipping as it sees fit', {
  quantizer: sq8(),
  metrics: FLOATS,
  bytesPerRow: ({ dimension }) => rowBytes(dimension),
  componentError: (x, { parameters: [scale = 0, offset = 0] }) => {
    const beyond = Math.max(offset - x, x - (offset + 255 * scale), 0)
    return beyond + scale / 2 + (Math.abs(x) + Math.abs(offset) + scale) * 2 ** -22
  },
  distanceError: 5e-2,
  recall: 0.85,
  integersExact: true,
})

describe.each([
  ['f16', f16(), 1e-3, 0.95, {}],
  ['bf16', bf16(), 1e-2, 0.85, {}],
  ['sq8', sq8(), 2e-2, 0.6, CLIPPING_EXCEPTIONS],
  ['rabitq of 8 bits', rabitq({ bits: 8 }), 2e-2, 0.8, {}],
] as const)('a flat index over %s', (name, quantizer, distanceError, recall, exceptions) => {
  testVectorIndex(
    name,
    {
      create: (shape) => new FlatIndex({ ...shape, quantizer }),
      metrics: FLOATS,
      distanceError,
      recall,
      rows: 400,
    },
    { exceptions },
  )
})

describe('rows', () => {
  test.each([
    [1, 4],
    [64, 64],
    [65, 68],
    [100, 100],
    [113, 116],
    [114, 128],
    [128, 128],
    [768, 768],
    [1000, 1024],
    [1536, 1536],
  ])('of %i bytes take %i', (bytes, expected) => {
    expect(rowBytes(bytes)).toBe(expected)
  })
})

describe('quantizers by name', () => {
  test('are found, their own first', () => {
    const rotated = [1, 2, 3, 4, 5, 6, 7, 8].map((bits) => `rabitq${bits}/1`)
    const names = [
      'none/1',
      'f16/1',
      'bf16/1',
      'sq8/1',
      'sq4/1',
      'lvq4/1',
      'lvq8/1',
      'lvq4x8/1',
      ...rotated,
      'leanvec/1',
      'binary/1',
      'pq/1',
    ]
    expect(quantizers().map(({ name }) => name)).toEqual(names)
    for (const name of names) expect(quantizerByName(name).name).toBe(name)
    expect(quantizerByName('sq8/1').name).toBe('sq8/1')
    const mine: Quantizer = { ...none(), name: 'f16/1' }
    expect(quantizerByName('f16/1', [mine])).toBe(mine)
  })

  test.each([
    ['rabitq/7', 'given were none/1'],
    ['sq8/2', '@omen/quant'],
    ['rabitq4/2', '@omen/quant'],
    ['', 'given were'],
    ['__proto__', 'given were'],
  ])('%j is unknown_quantizer, saying what would help', (name, hint) => {
    expect(() => quantizerByName(name)).toThrow(hint)
    expect(() => quantizerByName(name)).toThrow(OmenError)
  })
})

describe('halves', () => {
  test.each([65_505, -65_505, 1e10])('f16 refuses %d, naming the vector', async (x) => {
    const index = new FlatIndex({ dimension: 2, metric: 'l2', quantizer: f16() })
    await expect(index.add(Float32Array.of(1, 2, 3, x))).rejects.toMatchObject({
      code: 'out_of_range',
      message: expect.stringContaining('vector 1'),
    })
    await index.add(Float32Array.of(1, 2, 65_504, -65_504))
    await expect(index.search(Float32Array.of(x, 0), { k: 1 })).rejects.toMatchObject({
      code: 'out_of_range',
    })
    const { rows } = await index.search(Float32Array.of(65_504, -65_504), { k: 1 })
    expect([...rows]).toEqual([1])
  })

  test('bf16 holds the whole range that vectors may have', async () => {
    const index = new FlatIndex({ dimension: 2, metric: 'l2', quantizer: bf16() })
    await index.add(Float32Array.of(1e19, -8e18, 1e-30, 0))
    const { rows, distances } = await index.search(Float32Array.of(0, 0), { k: 2 })
    expect([...rows]).toEqual([1, 0])
    expect(distances.every((distance) => !Number.isNaN(distance))).toBe(true)
  })

  test.each([f16(), bf16()])(
    '%s decodes what it encodes to the nearest value, and that to itself',
    (quantizer) => {
      const codec = quantizer.train(new Float32Array(1), { dimension: 1, metric: 'l2' })
      const code = new Uint8Array(codec.bytesPerRow)
      const roundTrip = (x: number): number => {
        const back = new Float32Array(1)
        codec.encode(Float32Array.of(x), code)
        codec.decode(code, back)
        return back[0] as number
      }
      fc.assert(
        fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (x) => {
          const once = roundTrip(x)
          expect(Math.abs(once - x)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8 + 2 ** -25)
          expect(roundTrip(once)).toBe(once)
        }),
      )
    },
  )
})
