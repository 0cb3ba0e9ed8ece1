import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bf16FromF32,
  dotF32,
  dotI8U8,
  dotU8,
  f16FromF32,
  f32FromBf16,
  f32FromF16,
  hammingBits,
  l2F32,
  l2U8,
  referenceDistance,
} from './kernels.ts'

describe('16-bit floats', () => {
  const conversions = [
    { name: 'f16', encode: f16FromF32, decode: f32FromF16, infinity: 0x7c00 },
    { name: 'bf16', encode: bf16FromF32, decode: f32FromBf16, infinity: 0x7f80 },
  ]

  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [Infinity, 0x7c00],
  ])('f16 of %d is %i', (value, expected) => {
    expect(f16FromF32(value)).toBe(expected)
  })

  it.each([
    [1, 0x3f80],
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [-0, 0x8000],
    [3.4028234663852886e38, 0x7f80],
    [2 ** -133, 0x0001],
    [-Infinity, 0xff80],
  ])('bf16 of %d is %i', (value, expected) => {
    expect(bf16FromF32(value)).toBe(expected)
  })

  it.each(conversions)('$name: all 65,536 codes survive the way out and back', ({ encode, decode }) => {
    for (let code = 0; code < 65_536; code++) {
      const value = decode(code)
      if (Number.isNaN(value)) expect(decode(encode(value))).toBeNaN()
      else if (encode(value) !== code) expect.fail(`${code} → ${value} → ${encode(value)}`)
    }
  })

  it.each(conversions)('$name rounds to the nearest code', ({ encode, decode, infinity }) => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const magnitude = encode(value) & 0x7fff
        if (magnitude >= infinity - 1) return
        const error = Math.abs(decode(magnitude) - Math.abs(value))
        expect(error).toBeLessThanOrEqual(Math.abs(decode(magnitude + 1) - Math.abs(value)))
        if (magnitude > 0)
          expect(error).toBeLessThanOrEqual(Math.abs(decode(magnitude - 1) - Math.abs(value)))
      }),
    )
  })
})

describe('sums', () => {
  const lengths = fc.integer({ min: 0, max: 40 })
  const offsets = fc.integer({ min: 0, max: 5 })

  it('equal the definition at any offset and length', () => {
    const bytes = fc.uint8Array({ minLength: 45, maxLength: 45 })
    fc.assert(
      fc.property(bytes, bytes, lengths, offsets, offsets, (a, b, length, p, q) => {
        const signed = new Int8Array(a.buffer)
        const floats = [Float32Array.from(a), Float32Array.from(b)] as const
        const expected = { l2: 0, dot: 0, mixed: 0, bits: 0 }
        for (let i = 0; i < length; i++) {
          const x = a[p + i] as number
          const y = b[q + i] as number
          expected.l2 += (x - y) ** 2
          expected.dot += x * y
          expected.mixed += (signed[p + i] as number) * y
          expected.bits += (x ^ y).toString(2).replaceAll('0', '').length
        }
        expect(l2U8(a, p, b, q, length)).toBe(expected.l2)
        expect(dotU8(a, p, b, q, length)).toBe(expected.dot)
        expect(dotI8U8(signed, p, b, q, length)).toBe(expected.mixed)
        expect(hammingBits(a, p, b, q, length)).toBe(expected.bits)
        expect(l2F32(floats[0], p, floats[1], q, length)).toBe(expected.l2)
        expect(dotF32(floats[0], p, floats[1], q, length)).toBe(expected.dot)
      }),
    )
  })
})

describe('referenceDistance', () => {
  const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

  it('follows each metric', () => {
    expect(referenceDistance('f32', 'l2', f32(1, 2), f32(4, 6), 2)).toBe(25)
    expect(referenceDistance('f32', 'dot', f32(1, 2), f32(4, 6), 2)).toBe(16)
    expect(referenceDistance('f32', 'cosine', f32(1, 0), f32(0, 3), 2)).toBe(1)
    expect(referenceDistance('f32', 'cosine', f32(0, 0), f32(0, 3), 2)).toBe(1)
    expect(referenceDistance('bits', 'hamming', Uint8Array.of(0xff), Uint8Array.of(0x0f), 8)).toBe(4)
    expect(referenceDistance('i8', 'l2', Uint8Array.of(0x80), Uint8Array.of(0x7f), 1)).toBe(255 ** 2)
  })

  it('refuses bits by another metric, and hamming by other elements', () => {
    const byte = Uint8Array.of(1)
    expect(() => referenceDistance('bits', 'l2', byte, byte, 8)).toThrow(/cannot be compared/)
    expect(() => referenceDistance('u8', 'hamming', byte, byte, 1)).toThrow(/cannot be compared/)
  })
})
