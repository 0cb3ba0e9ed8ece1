import { checkFilter, matches } from '@omen/schema/check'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowBlock } from '../rows/row-block.ts'
import { filters, rowsToFilter, filterSchema as schema } from '../testing/filters.ts'
import { ActivePayload } from './active-payload.ts'

const rows = [
  { id: 'a', lang: 'en', year: 2020, tags: ['x', 'y'], scores: [1, 9], open: true, since: '2024-01-01' },
  { id: 'b', lang: 'de', year: 2021, tags: ['x'], scores: [], open: false, since: 5 },
  { id: 'c', lang: '\u{1f989}', title: 'owl' },
  { id: 'd', lang: '\uffff', more: { a: 1 } },
]
const block = rowBlock(schema, rows)
const payload = new ActivePayload(schema)
payload.append(block.payloads)
const rowsOfId = (id: string): number[] => (block.ids.includes(id) ? [block.ids.indexOf(id)] : [])

/** The ids that match, first by index and then in plain words. */
function found(filter: unknown): string {
  const checked = checkFilter(schema, filter)
  const plain = rows.filter(({ id }, i) => matches(checked, id, block.payloads[i] ?? {})).map(({ id }) => id)
  expect([...payload.match(checked, rowsOfId)].map((row) => rows[row]?.id)).toEqual(plain)
  return plain.join('')
}

describe('a filter', () => {
  test.each<[unknown, string]>([
    [undefined, 'abcd'],
    [{}, 'abcd'],
    [{ lang: 'en' }, 'a'],
    [{ lang: { $in: ['en', 'de', 'xx'] } }, 'ab'],
    [{ lang: { $in: [] } }, ''],
    [{ year: { $gte: 2020, $lt: 2021 } }, 'a'],
    [{ year: { $gt: 2020, $gte: 2019 } }, 'b'],
    [{ year: { $gt: 2020 }, lang: 'en' }, ''],
    [{ open: true }, 'a'],
    [{ open: { $in: [true, false] } }, 'ab'],
    [{ since: new Date('2024-01-01') }, 'a'],
    [{ since: { $lte: '1970-01-01' } }, ''],
    [{ since: { $lte: 5 } }, 'b'],
    [{ id: 'c' }, 'c'],
    [{ id: { $nin: ['c', 'zz'] } }, 'abd'],
    [{ $or: [{ id: 'c' }, { year: 2020 }] }, 'ac'],
    [{ $nor: [{ id: 'c' }, { year: 2020 }] }, 'bd'],
    [{ $not: { lang: 'en', year: 2020 } }, 'bcd'],
    [{ $and: [{ lang: 'en' }, { lang: 'de' }] }, ''],
  ])('%j finds %s', (filter, ids) => expect(found(filter)).toBe(ids))

  test.each<[string, unknown, string]>([
    ['$ne', { year: { $ne: 2020 } }, 'bcd'],
    ['$nin', { year: { $nin: [2020, 2021] } }, 'cd'],
    ['$not', { year: { $not: { $gt: 2020 } } }, 'acd'],
    ['$exists: false', { year: { $exists: false } }, 'cd'],
    ['a range', { year: { $gt: -1e9 } }, 'ab'],
    ['$exists of what has no index', { title: { $exists: true } }, 'c'],
    ['$exists of JSON', { more: { $exists: false } }, 'abc'],
  ])('with %s treats rows without the field as documented', (_, filter, ids) =>
    expect(found(filter)).toBe(ids),
  )

  test.each<[string, unknown, string]>([
    ['a value', { tags: 'x' }, 'ab'],
    ['$ne', { tags: { $ne: 'y' } }, 'bcd'],
    ['$all', { tags: { $all: ['x', 'y'] } }, 'a'],
    ['a range, which one element must meet', { scores: { $gt: 2, $lt: 8 } }, ''],
    ['two ranges, which two may', { $and: [{ scores: { $gt: 2 } }, { scores: { $lt: 8 } }] }, 'a'],
    ['an empty one that exists', { scores: { $exists: true } }, 'ab'],
  ])('over arrays knows %s', (_, filter, ids) => expect(found(filter)).toBe(ids))

  test('orders strings by code points', () => {
    expect(found({ lang: { $gt: '\uffff' } })).toBe('c')
    expect(found({ lang: { $gte: 'de', $lt: 'en' } })).toBe('b')
  })

  test.each<[string, unknown, string, RegExp]>([
    ['no object', 'lang = 1', 'invalid_argument', /expected a filter: a plain object, got "lang = 1"/],
    ['null', null, 'invalid_argument', /got null/],
    ['an unknown field', { langs: 'en' }, 'unknown_field', /no field "langs" .* there are id, lang, tags/],
    ['what objects inherit', { constructor: 'en' }, 'unknown_field', /"constructor"/],
    ['a vector', { v: [1] }, 'invalid_argument', /filter on v: it is a vector/],
    ['undefined, which would match all', { lang: undefined }, 'invalid_argument', /on lang: .*got undefined/],
    ['null as a value', { lang: null }, 'invalid_argument', /\$exists: false/],
    ['an array as a value', { tags: ['x'] }, 'invalid_argument', /\$in and \$all/],
    ['a wrong type', { year: '2020' }, 'invalid_argument', /on year: expected a whole number.*got "2020"/],
    ['a wrong type in a list', { year: { $in: [1, 'x'] } }, 'invalid_argument', /got "x"/],
    ['$all of nothing', { tags: { $all: [] } }, 'invalid_argument', /at least one value/],
    ['no list', { year: { $in: 1 } }, 'invalid_argument', /\$in to be an array/],
    ['NaN', { price: { $gt: NaN } }, 'invalid_argument', /finite/],
    ['an order of booleans', { open: { $gt: false } }, 'invalid_argument', /no order/],
    ['an unknown operator', { year: { $gtr: 1 } }, 'invalid_argument', /unknown operator "\$gtr": there are/],
    ['an operator without $', { year: { gt: 1 } }, 'invalid_argument', /unknown operator "gt"/],
    ['no operator', { year: {} }, 'invalid_argument', /on year: expected a value or operators/],
    ['an unknown combination', { $xor: [] }, 'invalid_argument', /"\$xor": there are \$and/],
    ['an empty $or', { $or: [] }, 'invalid_argument', /\$or to be an array/],
    ['text by value', { title: 'owl' }, 'unsupported', /\$exists/],
    ['a field without index', { source: 'x' }, 'unsupported', /keyword\(\{ index: true \}\)/],
    ['an order of ids', { id: { $gt: 'a' } }, 'invalid_argument', /on id: unknown operator/],
    ['an id of no string', { id: 5 }, 'invalid_argument', /an id that is a string/],
  ])('of %s is refused', (_, filter, code, message) => {
    expect(() => checkFilter(schema, filter)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })

  test('without end is refused', () => {
    const deep: Record<string, unknown> = {}
    deep.$not = deep
    expect(() => checkFilter(schema, deep)).toThrow(/at most 32 levels/)
    const wide = { $or: Array.from({ length: 10_001 }, () => ({})) }
    expect(() => checkFilter(schema, wide)).toThrow(/at most 10000 conditions/)
    expect(() => checkFilter(schema, { year: { $in: new Array(65_537).fill(1) } })).toThrow(/at most 65536/)
  })
})

test('an active segment finds what the filter means, whatever rows and filter', () => {
  fc.assert(
    fc.property(rowsToFilter, filters, (given, filter) => {
      const { ids, payloads } = rowBlock(schema, given)
      const active = new ActivePayload(schema)
      active.append(payloads)
      const checked = checkFilter(schema, filter)
      const expected = ids.flatMap((id, row) => (matches(checked, id, payloads[row] ?? {}) ? [row] : []))
      const match = active.match(checked, (id) => (Number(id) < ids.length ? [Number(id)] : []))
      expect([...match]).toEqual(expected)
      expect(match.length).toBe(ids.length)
    }),
    { numRuns: 1000 },
  )
})
