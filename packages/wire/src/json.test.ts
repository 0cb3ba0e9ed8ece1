import { date, json, keyword, vector } from '@omen/schema'
import { describe, expect, test } from 'vitest'
import { encodeJson, rowReader } from './json.ts'

const schema = {
  lang: keyword({ many: true }),
  at: date(),
  days: date({ many: true, optional: true }),
  more: json({ optional: true }),
  v: vector(2),
  w: vector(2, { optional: true }),
}

test('a row comes back from JSON as the schema says it is', () => {
  const row = {
    id: 'a',
    lang: ['en'],
    at: new Date('2024-05-06T07:08:09.010Z'),
    days: [new Date(0), new Date(1)],
    more: { at: '2024-05-06T07:08:09.010Z', v: [1, 2] },
    v: Float32Array.of(0.1, -1e-40),
  }
  const text = encodeJson(row)
  expect(JSON.parse(text)).toMatchObject({
    at: '2024-05-06T07:08:09.010Z',
    v: [Math.fround(0.1), expect.any(Number)],
  })
  expect(rowReader(schema)(JSON.parse(text))).toEqual(row)
})

describe('what JSON cannot say is refused', () => {
  test.each<[string, unknown, string]>([
    ['NaN', { a: [NaN] }, 'not_finite'],
    ['infinity', Infinity, 'not_finite'],
    ['NaN in a vector', Float32Array.of(NaN), 'not_finite'],
    ['a date that is none', { at: new Date(NaN) }, 'invalid_argument'],
    ['an object of a class', { a: new Map() }, 'invalid_argument'],
    ['what says by toJSON what it wants to be', { a: new URL('http://a/') }, 'invalid_argument'],
    ['a vector of doubles', { v: Float64Array.of(1) }, 'invalid_argument'],
    ['a function', { a: () => 1 }, 'invalid_argument'],
    ['a bigint', { a: 1n }, 'invalid_argument'],
  ])('%s', (_, value, code) => {
    expect(() => encodeJson(value)).toThrow(expect.objectContaining({ code }))
  })

  test('what holds itself', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(() => encodeJson(endless)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
