import { expectTypeOf, test } from 'vitest'
import type { SearchQuery } from '../database/query.ts'
import type { Filter } from '../filter/filter.ts'
import { boolean, date, integer, json, keyword, number, text, vector } from './builders.ts'
import type { Schema } from './field.ts'
import type { InputRow, OutputRow, PayloadName, RowChange, VectorName } from './infer.ts'
import type { StandardSchema } from './standard-schema.ts'

interface Author {
  readonly name: string
}
declare const author: StandardSchema<{ name?: string }, Author>

const schema = () => ({
  title: text(),
  lang: keyword(),
  tags: keyword({ many: true, optional: true }),
  source: keyword({ index: false, optional: true }),
  year: integer(),
  price: number({ optional: true }),
  open: boolean(),
  since: date({ optional: true }),
  author: json(author),
  embedding: vector(4),
  image: vector(8, { metric: 'l2', optional: true }),
})
type S = ReturnType<typeof schema>

test('the schema says what a row is', () => {
  expectTypeOf<VectorName<S>>().toEqualTypeOf<'embedding' | 'image'>()
  expectTypeOf<PayloadName<S>>().toEqualTypeOf<
    'title' | 'lang' | 'tags' | 'source' | 'year' | 'price' | 'open' | 'since' | 'author'
  >()
  expectTypeOf<OutputRow<S>>().toEqualTypeOf<{
    id: string
    title: string
    lang: string
    tags?: string[]
    source?: string
    year: number
    price?: number
    open: boolean
    since?: Date
    author: Author
  }>()
  expectTypeOf<OutputRow<S, 'title' | 'image'>>().toEqualTypeOf<{
    id: string
    title: string
    image?: Float32Array
  }>()
})

test('a row with a wrong, missing or misspelt field does not compile', () => {
  const good: InputRow<S> = {
    id: 'a',
    title: '',
    lang: 'en',
    year: 2024,
    open: true,
    author: {},
    embedding: [1, 2, 3, 4],
    since: '2024-01-01',
    tags: null,
  }
  // @ts-expect-error a misspelt field
  const misspelt: InputRow<S> = { ...good, langs: 'en' }
  // @ts-expect-error a wrong type
  const wrong: InputRow<S> = { ...good, year: '2024' }
  // @ts-expect-error one value where many are
  const single: InputRow<S> = { ...good, tags: 'a' }
  // @ts-expect-error null for a field that is not optional
  const none: InputRow<S> = { ...good, year: null }
  // @ts-expect-error fields are missing
  const missing: InputRow<S> = { id: 'a', title: '' }
  const change: RowChange<S> = { id: 'a', year: 2025, price: null }
  // @ts-expect-error an update cannot remove a field that is not optional
  const removing: RowChange<S> = { id: 'a', year: null }
  void [misspelt, wrong, single, none, missing, change, removing]
})

test('a filter with a wrong field, operator or type of value does not compile', () => {
  const good: Filter<S>[] = [
    {},
    { lang: 'en', year: { $gte: 2020, $lt: 2024 } },
    { tags: 'a', id: { $in: ['a', 'b'] } },
    { $or: [{ tags: { $all: ['a', 'b'] } }, { $not: { open: true } }] },
    { since: { $gt: new Date(), $lte: '2024-01-01' } },
    { title: { $exists: true }, source: { $exists: false }, price: { $not: { $gt: 3 } } },
  ]
  // @ts-expect-error a misspelt field
  const misspelt: Filter<S> = { langs: 'en' }
  // @ts-expect-error a misspelt operator
  const operator: Filter<S> = { year: { $gte2: 2020 } }
  // @ts-expect-error a wrong type
  const wrong: Filter<S> = { year: { $gte: '2020' } }
  // @ts-expect-error a wrong type in an array
  const list: Filter<S> = { lang: { $in: [1] } }
  // @ts-expect-error booleans have no order
  const order: Filter<S> = { open: { $gt: false } }
  // @ts-expect-error a field without an index
  const unindexed: Filter<S> = { source: 'a' }
  // @ts-expect-error text is not filtered by value
  const stored: Filter<S> = { title: 'a' }
  // @ts-expect-error a vector
  const vectors: Filter<S> = { embedding: [1, 2, 3, 4] }
  // @ts-expect-error deep inside
  const deep: Filter<S> = { $and: [{ $nor: [{ year: 'x' }] }] }
  void [good, misspelt, operator, wrong, list, order, unindexed, stored, vectors, deep]
})

test('of a schema that is known at run time alone, any field may be named', () => {
  expectTypeOf<VectorName<Schema>>().toEqualTypeOf<string>()
  expectTypeOf<PayloadName<Schema>>().toEqualTypeOf<string>()
  expectTypeOf<OutputRow<Schema>['id']>().toEqualTypeOf<string>()
  expectTypeOf<OutputRow<Schema>['title']>().toEqualTypeOf<unknown>()
  const row: InputRow<Schema> = { id: 'a', year: 2024, v: [1, 2], $ttlMs: 5 }
  const filter: Filter<Schema> = { year: { $gte: 2020 }, $or: [{ lang: 'en' }] }
  const query: SearchQuery<Schema> = { vector: { v: [1, 2] }, where: filter, select: ['year'] }
  // @ts-expect-error a row without an id
  const nameless: InputRow<Schema> = { year: 2024 }
  // @ts-expect-error a vector of strings
  const strings: SearchQuery<Schema> = { vector: { v: ['1'] } }
  void [row, query, nameless, strings]
})

test('an option that does not exist does not compile', () => {
  // @ts-expect-error a misspelt metric
  expectTypeOf(() => vector(4, { metric: 'l3' })).toBeFunction()
  // @ts-expect-error json has no index
  expectTypeOf(() => json({ index: true })).toBeFunction()
})
