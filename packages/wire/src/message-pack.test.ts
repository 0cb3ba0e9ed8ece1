import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMsgpack, encodeMsgpack } from './message-pack.ts'
import { vectorOf } from './vector-bytes.ts'

const DEPTH = 64
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
/** Bytes that stand somewhere in memory, as those of a socket do. */
const unaligned = (given: Uint8Array): Uint8Array => {
  const memory = new Uint8Array(given.length + 3)
  memory.set(given, 3)
  return memory.subarray(3)
}

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'grapheme' }),
    // Minus zero comes back as zero, which is what a database makes of it too.
    fc.double().map((x) => x + 0),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true, min: new Date(-8.64e15), max: new Date(8.64e15) }),
    fc.float32Array(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value

test('a document comes back as it was sent, wherever it lies in memory', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodeMsgpack(unaligned(encodeMsgpack(value)), DEPTH)).toEqual(value)
    }),
    { numRuns: 2000 },
  )
})

test('a vector is a copy of its own', () => {
  const sent = encodeMsgpack({ v: Float32Array.of(1, -0, NaN) })
  const { v } = decodeMsgpack(unaligned(sent), DEPTH) as { v: Float32Array }
  expect(v).toEqual(Float32Array.of(1, -0, NaN))
  expect(v.buffer.byteLength).toBe(12)
  expect(vectorOf(unaligned(bytes(0, 0, 128, 63)))).toEqual(Float32Array.of(1))
  expect(() => vectorOf(bytes(0, 0, 128))).toThrow(/multiple of 4 bytes, got 3/)
})

test('what is undefined is left out, as in JSON', () => {
  expect(decodeMsgpack(encodeMsgpack({ a: undefined, b: 1 }), DEPTH)).toEqual({ b: 1 })
})

describe('encoding refuses', () => {
  test.each<[string, unknown]>([
    ['an object of a class', new Map([['a', 1]])],
    ['a date that is none', { at: new Date(NaN) }],
    ['a vector of doubles', [Float64Array.of(1)]],
    ['a function', { a: () => 1 }],
    ['a bigint', { a: 1n }],
  ])('%s', (_, value) => {
    expect(() => encodeMsgpack(value)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  test('what holds itself', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(() => encodeMsgpack(endless)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})

describe('decoding refuses', () => {
  const nested = (depth: number): Uint8Array => Uint8Array.from([...new Array(depth).fill(0x91), 0xc0])

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', bytes(), /ends too early/],
    ['a text cut short', bytes(0xa5, 0x61), /ends too early/],
    ['an array of four billion', bytes(0xdd, 0xff, 0xff, 0xff, 0xff), /fewer elements than it says/],
    ['a map of four billion', bytes(0xdf, 0xff, 0xff, 0xff, 0xff), /fewer elements than it says/],
    ['a text of four billion', bytes(0xdb, 0xff, 0xff, 0xff, 0xff), /ends too early/],
    ['a vector of four billion', bytes(0xc9, 0xff, 0xff, 0xff, 0xff, 0x01), /multiple of 4|too early/],
    ['arrays that each claim all that is left', bytes(...new Array(9).fill([0x99]).flat()), /fewer elements/],
    ['what is nested too deeply', nested(65), /more than 64 levels/],
    ['a key that reaches prototypes', encode({ ['__proto__']: { admin: true } }), /__proto__|accepted/],
    ['a key that is no text', bytes(0x81, 0x01, 0x02), /key is no text/],
    ['text that is no UTF-8', bytes(0xa2, 0xc3, 0x28), /not UTF-8/],
    ['half of a surrogate pair', bytes(0xa3, 0xed, 0xa0, 0x80), /not UTF-8/],
    ['an unknown extension', bytes(0xd4, 0x05, 0x00), /no extension 5 of 1 bytes/],
    ['a timestamp of 16 bytes', bytes(0xd8, 0xff, ...new Array(16).fill(0)), /no extension -1 of 16/],
    ['a vector of 3 bytes', bytes(0xc7, 0x03, 0x01, 0, 0, 0), /multiple of 4/],
    ['bytes behind the end', bytes(0xc0, 0xc0), /bytes behind its end/],
    ['a byte without a meaning', bytes(0xc1), /no meaning/],
  ])('%s', (_, given, message) => {
    expect(() => decodeMsgpack(given, DEPTH)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) }),
    )
  })

  test('nothing but what is nested more deeply than it may be', () => {
    expect(decodeMsgpack(nested(64), DEPTH)).toBeInstanceOf(Array)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('every cut and every flipped byte, or reads something else, but never fails otherwise', () => {
    const good = encodeMsgpack({
      id: 'ö',
      v: Float32Array.of(1, 2),
      at: new Date(5),
      more: [{ a: 1.5 }, null],
    })
    const tryOn = (given: Uint8Array): void => {
      try {
        decodeMsgpack(given, DEPTH)
      } catch (error) {
        expect(error).toMatchObject({ name: 'OmenError', code: 'invalid_argument' })
      }
    }
    for (let cut = 0; cut < good.length; cut++) {
      expect(() => decodeMsgpack(good.subarray(0, cut), DEPTH)).toThrow(/accepted/)
      for (let value = 0; value < 256; value++) tryOn(good.map((byte, i) => (i === cut ? value : byte)))
    }
  })
})
