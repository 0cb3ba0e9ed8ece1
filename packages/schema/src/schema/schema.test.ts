import { none } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { boolean, date, integer, json, keyword, number, text, vector } from './builders.ts'
import { checkSchema } from './check-schema.ts'
import type { Schema } from './field.ts'
import { schemaChange } from './schema-change.ts'
import { schemaFromJson, schemaToJson } from './schema-json.ts'

const fields = {
  title: text(),
  lang: keyword(),
  tags: keyword({ many: true, optional: true }),
  source: keyword({ index: false }),
  year: integer({ optional: true }),
  price: number(),
  open: boolean(),
  since: date(),
  more: json({ optional: true }),
  v: vector(4),
  w: vector(8, { metric: 'l2', optional: true, quantizer: 'rabitq4', m: 8, beam: 64, keep: 'f16' }),
  x: vector(8, { metric: 'dot', index: 'flat', keep: none() }),
}
const schema = checkSchema(fields)

describe('a schema', () => {
  test('has the defaults of every kind', () => {
    const { v, x, lang, title } = fields
    expect({ ...v, quantizer: v.quantizer.name }).toEqual({
      ...{ kind: 'vector', dimension: 4, metric: 'cosine', quantizer: 'sq8/1' },
      ...{ m: 16, beam: 200, keep: 'codes', index: 'hnsw', optional: false },
    })
    expect(x.quantizer.name).toBe('none/1')
    expect(lang).toEqual({ kind: 'keyword', optional: false, many: false, index: true })
    expect(title.index).toBe(false)
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a reserved name', { id: keyword() }, /cannot be called id/],
    ['a name that objects inherit', { constructor: keyword() }, /cannot be called constructor/],
    ['__proto__', JSON.parse('{"__proto__":{"kind":"keyword"}}'), /cannot be called __proto__/],
    ['a name with a dollar', { $a: keyword() }, /"\$a" is no name/],
    ['an empty name', { '': keyword() }, /"" is no name/],
    ['a long name', { ['a'.repeat(65)]: keyword() }, /is no name/],
    ['no field', { a: 'keyword' }, /field a must be made by vector\(\), keyword\(\)/],
    ['an unknown kind', { a: { kind: 'colour' } }, /field a must be made/],
    ['an index of text', { a: { ...text(), index: true } }, /field a: text has no index/],
    ['a dimension of 0', { a: vector(0) }, /field a: dimension/],
    ['bits', { a: { ...vector(8), metric: 'hamming' } }, /field a: metric hamming/],
    ['no metric', { a: { ...vector(8), metric: 'l3' } }, /field a: unknown metric/],
    ['an m of 3', { a: vector(8, { m: 3 }) }, /field a: m must be a whole number from 4 to 128, got 3/],
    ['a beam below m', { a: vector(8, { beam: 8 }) }, /field a: beam must be/],
    [
      'too many fields',
      Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`f${i}`, keyword()])),
      /at most 256/,
    ],
  ])('with %s is refused', (_, wrong, message) => {
    expect(() => checkSchema(wrong as Schema)).toThrow(message)
  })

  test.each<[string, () => unknown, RegExp]>([
    // @ts-expect-error for those who do not compile
    ['of keyword', () => keyword({ indexed: true }), /unknown option indexed of keyword\(\)/],
    // @ts-expect-error for those who do not compile
    ['of vector', () => vector(4, { ef: 1 }), /unknown option ef/],
  ])('with an unknown option %s is refused', (_, make, message) => expect(make).toThrow(message))

  test('comes back from JSON', () => {
    const stored = JSON.parse(JSON.stringify(schemaToJson(schema)))
    const again = schemaFromJson(stored)
    expect(schemaToJson(again)).toEqual(stored)
    expect([...again.fields.keys()]).toEqual([...schema.fields.keys()])
    expect(schemaChange(schema, again)).toEqual([])
    expect(again.vectors.get('w')?.keep).toBe('f16')
  })

  test('names quantizers by name and version', () => {
    expect(vector(4, { quantizer: 'sq8' }).quantizer).toEqual({ name: 'sq8/1' })
    expect(vector(4, { quantizer: 'mine/3' }).quantizer).toEqual({ name: 'mine/3' })
    const own = none()
    expect(vector(4, { quantizer: own }).quantizer).toBe(own)
  })

  test('written by hand has the defaults of every kind', () => {
    const written = {
      ...Object.fromEntries(['keyword', 'text', 'json'].map((kind) => [kind, { kind }])),
      v: { kind: 'vector', dimension: 3, quantizer: 'sq4' },
    }
    const read = checkSchema({
      keyword: keyword(),
      text: text(),
      json: json(),
      v: vector(3, { quantizer: 'sq4' }),
    })
    expect(schemaToJson(schemaFromJson(written))).toEqual(schemaToJson(read))
  })

  test.each<[unknown, RegExp]>([
    [null, /object of fields, got null/],
    [[], /got an array of 0/],
    [{ a: 1 }, /field a: expected an object/],
    [{ a: { kind: 'x' } }, /field a must be made by/],
    [{ a: { kind: 'vector', quantizer: 1 } }, /field a: /],
    [{ a: { kind: 'vector', dimension: '4' } }, /field a: dimension/],
    [{ a: { kind: 'vector', dimension: 4, ef: 1 } }, /field a: unknown option ef/],
    [{ a: { kind: 'vector', dimension: 4, keep: { quantizer: 1 } } }, /field a: expected \{ quantizer \}/],
    [{ a: { kind: 'vector', dimension: 4, keep: 'all' } }, /field a: keep must be/],
    [{ a: { kind: 'keyword', indexed: true } }, /field a: there is no "indexed"/],
    [{ a: { kind: 'keyword', optional: 1 } }, /field a: optional must be true or false/],
    [{ a: { kind: 'json', many: true } }, /field a: json holds arrays/],
    [JSON.parse('{"__proto__": {"kind": "keyword"}}'), /cannot be called __proto__/],
  ])('%j is refused', (json, message) => {
    expect(() => schemaFromJson(json)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) }),
    )
  })
})

describe('a change of schema', () => {
  test.each<[string, Schema, unknown[]]>([
    ['nothing', {}, []],
    ['an optional field more', { next: json({ optional: true }) }, [{ kind: 'add', field: 'next' }]],
    ['an optional vector more', { y: vector(2, { optional: true }) }, [{ kind: 'add', field: 'y' }]],
    [
      'a field made optional',
      { lang: keyword({ optional: true }) },
      [{ kind: 'make_optional', field: 'lang' }],
    ],
    ['an index', { source: keyword() }, [{ kind: 'add_index', field: 'source' }]],
    ['no index', { lang: keyword({ index: false }) }, [{ kind: 'drop_index', field: 'lang' }]],
    [
      'other graphs',
      {
        v: vector(4, { beam: 100, m: 8, quantizer: 'sq4', keep: 'f16' }),
        x: vector(8, { metric: 'dot', keep: 'codes' }),
      },
      [
        { kind: 'rebuild_graph', field: 'v', settings: ['m', 'beam', 'quantizer', 'keep'] },
        { kind: 'rebuild_graph', field: 'x', settings: ['quantizer', 'keep', 'index'] },
      ],
    ],
  ])('to %s is safe', (_, changed, expected) => {
    expect(schemaChange(schema, checkSchema({ ...fields, ...changed }))).toEqual(expected)
  })

  test.each<[string, Schema, RegExp]>([
    ['a required field more', { next: json() }, /field next is new and not optional.*make it optional/],
    ['required what was optional', { year: integer() }, /field year was optional/],
    [
      'another kind',
      { year: number({ optional: true }) },
      /field year holds integer values, not number: add an/,
    ],
    [
      'a vector in place of values',
      { year: vector(4, { optional: true }) },
      /holds integer values, not vector/,
    ],
    ['arrays', { lang: keyword({ many: true }) }, /field lang holds one value a row/],
    ['another dimension', { v: vector(5) }, /field v has dimension 4, not 5: add an optional field/],
    ['another metric', { v: vector(4, { metric: 'l2' }) }, /field v has metric cosine, not l2/],
  ])('to %s is refused, saying what to do', (_, changed, message) => {
    expect(() => schemaChange(schema, checkSchema({ ...fields, ...changed }))).toThrow(
      expect.objectContaining({ code: 'schema_mismatch', message: expect.stringMatching(message) }),
    )
  })

  test('to a field less is refused', () => {
    const { title, ...rest } = fields
    expect(title.kind).toBe('text')
    expect(() => schemaChange(schema, checkSchema(rest))).toThrow(/field title is stored .* copy the rows/)
  })
})
