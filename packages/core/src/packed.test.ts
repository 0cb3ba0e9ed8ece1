import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dotI8Packed, l2U7U4, packedBytes, packedComponents, packFields, unpackFields } from './packed.ts'

/** Fields of a width, and a query for them with zeros behind its components. */
const rowAndQuery = (least: number, most: number) =>
  fc.constantFrom(1 as const, 2 as const, 4 as const).chain((bits) =>
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: 2 ** bits - 1 }), fc.integer({ min: least, max: most })), {
        minLength: 1,
        maxLength: 140,
      })
      .map((pairs) => ({ bits, fields: Uint8Array.from(pairs, ([u]) => u), query: pairs.map(([, q]) => q) })),
  )

describe('packed fields', () => {
  test.each([
    [1, [1, 0, 1, 0, 0, 0, 0, 0, 0, 1], [0b00000011, 0b00010000]],
    [2, [3, 1, 2, 0, 1], [0b00_01_10_11, 0b00_00_00_01]],
    [4, [15, 1, 2], [0x2f, 0x01]],
  ] as const)('of %i bits: field f of byte j is component f · part + j', (bits, fields, expected) => {
    const code = new Uint8Array(expected.length + 2).fill(255)
    packFields(Uint8Array.from(fields), fields.length, bits, code, 1)
    expect(packedBytes(fields.length, bits)).toBe(expected.length)
    expect([...code]).toEqual([255, ...expected, 255])
  })

  test('come back, and sum to what they sum to one by one', () => {
    fc.assert(
      fc.property(
        rowAndQuery(-128, 127),
        fc.integer({ min: 0, max: 3 }),
        ({ bits, fields, query }, offset) => {
          const dimension = fields.length
          const code = new Uint8Array(offset + packedBytes(dimension, bits)).fill(255)
          packFields(fields, dimension, bits, code, offset)
          const back = new Uint8Array(dimension)
          unpackFields(code, offset, dimension, bits, back)
          expect(back).toEqual(fields)
          const padded = new Int8Array(packedComponents(dimension, bits))
          padded.set(query)
          const expected = query.reduce((sum, q, i) => sum + q * (fields[i] ?? 0), 0)
          expect(dotI8Packed(padded, code, offset, dimension, bits)).toBe(expected)
        },
      ),
    )
  })

  test('of 4 bits are compared with a grid eight times finer', () => {
    fc.assert(
      fc.property(rowAndQuery(0, 127), ({ bits, fields, query }) => {
        fc.pre(bits === 4)
        const code = new Uint8Array(packedBytes(fields.length, 4))
        packFields(fields, fields.length, 4, code, 0)
        const padded = new Uint8Array(packedComponents(fields.length, 4))
        padded.set(query)
        const expected = query.reduce((sum, q, i) => sum + (q - 8 * (fields[i] ?? 0)) ** 2, 0)
        expect(l2U7U4(padded, code, 0, fields.length)).toBe(expected)
      }),
    )
  })
})
