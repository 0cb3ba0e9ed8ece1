import {
  boolean,
  date,
  integer,
  json,
  keyword,
  number,
  type StandardSchema,
  text,
  vector,
} from '@omen/schema'
import { checkSchema } from '@omen/schema/check'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBlock, encodeBlock } from './block-codec.ts'
import { changedBlock, checkChanges } from './change.ts'
import { rowBlock } from './row-block.ts'

const shout: StandardSchema<string, string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'string' && value !== ''
        ? { value: value.toUpperCase() }
        : { issues: [{ message: 'say something', path: ['a', { key: 'b' }] }] },
  },
}
const later: StandardSchema<string, string> = {
  '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: '' }) },
}

const schema = checkSchema({
  title: text(shout, { optional: true }),
  lang: keyword(),
  tags: keyword({ many: true, optional: true }),
  year: integer({ optional: true }),
  price: number({ optional: true }),
  open: boolean({ optional: true }),
  since: date({ optional: true }),
  more: json({ optional: true }),
  slow: text(later, { optional: true }),
  v: vector(3),
  w: vector(2, { metric: 'l2', optional: true }),
})
const good = { id: 'a', lang: 'en', v: [1, 2, 3] }

describe('a batch of rows', () => {
  test('becomes a block that keeps nothing of what was given', () => {
    const v = Float32Array.of(1, -0, 1e-40)
    const more = { deep: [1, null, { __proto__: null, x: true }] }
    const rows = [
      { ...good, v, title: 'hi', tags: ['x', 'x'], year: -0, since: '2024-02-29T12:00:00+01:00', more },
      { ...good, id: '__proto__', w: [5, 6], $ttlMs: 10, open: false, since: new Date(7), year: null },
      { ...good, id: '🦉'.repeat(16_384), $expiresAt: 99, price: 0.1 },
    ]
    const block = rowBlock(schema, rows, 1000)
    v.fill(9)
    more.deep.length = 0
    expect(block.ids).toEqual(rows.map(({ id }) => id))
    expect(block.payloads).toEqual([
      {
        title: 'HI',
        lang: 'en',
        tags: ['x', 'x'],
        year: 0,
        since: Date.UTC(2024, 1, 29, 11),
        more: { deep: [1, null, { x: true }] },
      },
      { lang: 'en', open: false, since: 7 },
      { lang: 'en', price: 0.1 },
    ])
    expect([...(block.expiresAt ?? [])]).toEqual([Infinity, 1010, 99])
    expect(block.vectors.get('v')).toEqual({
      values: Float32Array.of(1, -0, 1e-40, 1, 2, 3, 1, 2, 3),
      present: undefined,
    })
    expect([...(block.vectors.get('w')?.present ?? [])]).toEqual([1])
    expect(block.vectors.get('w')?.values).toEqual(Float32Array.of(0, 0, 5, 6, 0, 0))
  })

  test.each<[string, unknown, string, RegExp]>([
    ['no object', null, 'invalid_argument', /^row 1: expected a row: a plain object, got null/],
    ['of a class', new Date(), 'invalid_argument', /got a Date/],
    ['without id', { ...good, id: undefined }, 'invalid_argument', /^row 1: expected an id that is a string/],
    ['with an empty id', { ...good, id: '' }, 'invalid_argument', /at least one character/],
    ['with a long id', { ...good, id: 'é'.repeat(32_769) }, 'invalid_argument', /at most 65536 bytes/],
    ['with half a surrogate', { ...good, id: '\ud800' }, 'invalid_argument', /well-formed/],
    ['with an id twice', { ...good, id: 'first' }, 'invalid_argument', /same id/],
    ['with an unknown field', { ...good, langs: 'en' }, 'unknown_field', /"langs": there are title, lang, /],
    ['with __proto__', JSON.parse('{"__proto__":1,"id":"a"}'), 'unknown_field', /"__proto__"/],
    [
      'lacking a field',
      { id: 'a', v: [1, 2, 3] },
      'invalid_argument',
      /^row 1 \(id "a"\), field lang: it is missing/,
    ],
    ['lacking a vector', { id: 'a', lang: 'en' }, 'invalid_argument', /field v: it is missing/],
    ['NaN', { ...good, v: [1, NaN, 3] }, 'not_finite', /^row 1 \(id "a"\), field v: a component is NaN/],
    ['infinite', { ...good, v: [1, Infinity, 3] }, 'not_finite', /field v/],
    ['beyond f32', { ...good, v: [1, 1e39, 3] }, 'not_finite', /field v/],
    ['short', { ...good, v: [1, 2] }, 'dimension_mismatch', /expected 3 components, got 2/],
    ['zero', { ...good, v: [0, 0, 0] }, 'zero_vector', /no direction/],
    ['null inside', { ...good, v: [1, null, 3] }, 'invalid_argument', /a number as component 1, got null/],
    ['sparse', { ...good, v: new Array(3) }, 'invalid_argument', /component 0, got undefined/],
    ['of doubles', { ...good, v: new Float64Array(3) }, 'invalid_argument', /got Float64Array/],
    ['a wrong keyword', { ...good, lang: 5 }, 'invalid_argument', /field lang: expected a string, got 5/],
    ['one for many', { ...good, tags: 'x' }, 'invalid_argument', /an array of keyword values, got "x"/],
    ['null in many', { ...good, tags: [null] }, 'invalid_argument', /expected a string, got null/],
    ['a fraction', { ...good, year: 1.5 }, 'invalid_argument', /whole number/],
    ['a huge integer', { ...good, year: 2 ** 53 }, 'invalid_argument', /whole number/],
    ['no number', { ...good, price: NaN }, 'invalid_argument', /finite number, got NaN/],
    ['no boolean', { ...good, open: 1 }, 'invalid_argument', /true or false/],
    ['no date', { ...good, since: new Date(NaN) }, 'invalid_argument', /expected a Date/],
    ['a local time', { ...good, since: '2024-01-01T00:00' }, 'invalid_argument', /Z or an offset/],
    ['31 February', { ...good, since: '2024-13-01' }, 'invalid_argument', /expected a Date/],
    ['a Date in JSON', { ...good, more: { a: new Date(0) } }, 'invalid_argument', /JSON/],
    ['undefined in JSON', { ...good, more: [undefined] }, 'invalid_argument', /JSON/],
    ['NaN in JSON', { ...good, more: { a: NaN } }, 'invalid_argument', /finite/],
    [
      'refused by the validator',
      { ...good, title: '' },
      'invalid_argument',
      /refuses "": a\.b: say something/,
    ],
    ['an asynchronous validator', { ...good, slow: 'x' }, 'unsupported', /answers later/],
    ['two expiries', { ...good, $ttlMs: 1, $expiresAt: 1 }, 'invalid_argument', /not both/],
    ['a negative life', { ...good, $ttlMs: 0 }, 'invalid_argument', /above 0/],
  ])('%s is refused, naming row and field', (_, row, code, message) => {
    const call = (): unknown => rowBlock(schema, [{ ...good, id: 'first' }, row])
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  test('JSON in a circle is refused', () => {
    const more: unknown[] = []
    more.push(more)
    expect(() => rowBlock(schema, [{ ...good, more }])).toThrow(/levels deep/)
  })
})

describe('a block', () => {
  test('comes back from its bytes, whatever its rows', () => {
    const row = fc.record(
      {
        id: fc.string({ unit: 'grapheme', minLength: 1 }),
        lang: fc.string({ unit: 'grapheme' }),
        v: fc.array(fc.float({ noNaN: true, min: 1, max: 1000 }), { minLength: 3, maxLength: 3 }),
        w: fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 2, maxLength: 2 }),
        more: fc.jsonValue().filter((value) => value !== null),
        price: fc.double({ noNaN: true, noDefaultInfinity: true }),
        $expiresAt: fc.integer(),
      },
      { requiredKeys: ['id', 'lang', 'v'] },
    )
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: ({ id }) => id }), (rows) => {
        const block = rowBlock(schema, rows)
        const decoded = decodeBlock(schema, encodeBlock(schema, block))
        expect(decoded).toEqual(block)
        for (const [name, { present }] of block.vectors) {
          expect(decoded.vectors.get(name)?.present?.words).toEqual(present?.words)
        }
      }),
    )
  })

  test('of before a field was added has no value of it', () => {
    const before = checkSchema({ v: vector(2) })
    const after = checkSchema({ v: vector(2), w: vector(2, { optional: true }) })
    const bytes = encodeBlock(before, rowBlock(before, [{ id: 'a', v: [1, 2] }]))
    const { values, present } = decodeBlock(after, bytes).vectors.get('w') ?? {}
    expect(values).toEqual(Float32Array.of(0, 0))
    expect(present?.count()).toBe(0)
  })

  test('that is cut is refused at every byte', () => {
    const bytes = encodeBlock(schema, rowBlock(schema, [good]))
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodeBlock(schema, bytes.slice(0, end))).toThrow(/damaged|version/)
    }
  })
})

describe('a change', () => {
  const stored = {
    payload: { lang: 'en', year: 2020 },
    vector: (field: string) => (field === 'v' ? Float32Array.of(1, 2, 3) : undefined),
    expiresAt: 50,
  }

  test('replaces what it names and keeps the rest', () => {
    const changes = checkChanges(schema, [
      { id: 'a', year: null, price: 3, w: [1, 2] },
      { id: 'b', v: [3, 2, 1], $expiresAt: null },
    ])
    const block = changedBlock(schema, changes, [stored, stored])
    expect(block.payloads).toEqual([
      { lang: 'en', price: 3 },
      { lang: 'en', year: 2020 },
    ])
    expect([...(block.expiresAt ?? [])]).toEqual([50, Infinity])
    expect(block.vectors.get('v')?.values).toEqual(Float32Array.of(1, 2, 3, 3, 2, 1))
    expect([...(block.vectors.get('w')?.present ?? [])]).toEqual([0])
    expect(stored.payload).toEqual({ lang: 'en', year: 2020 })
  })

  test.each<[string, unknown, RegExp]>([
    ['to null', { id: 'a', lang: null }, /field lang: it is missing/],
    ['of a vector to null', { id: 'a', v: null }, /field v: it is missing/],
    ['to a wrong value', { id: 'a', year: 'x' }, /row 0 \(id "a"\), field year/],
    ['of nothing known', { id: 'a', x: 1 }, /no field "x"/],
  ])('%s is refused', (_, change, message) => {
    expect(() => checkChanges(schema, [change])).toThrow(message)
  })
})
