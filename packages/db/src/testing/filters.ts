import { boolean, date, integer, json, keyword, number, text, vector } from '@omen/schema'
import { type CheckedSchema, checkSchema } from '@omen/schema/check'
import fc from 'fast-check'

/** A field of every kind, with and without an index, of one value and of many. */
export const filterSchema: CheckedSchema = checkSchema({
  lang: keyword({ optional: true }),
  tags: keyword({ optional: true, many: true }),
  year: integer({ optional: true }),
  price: number({ optional: true }),
  scores: number({ optional: true, many: true }),
  open: boolean({ optional: true }),
  since: date({ optional: true }),
  title: text({ optional: true }),
  more: json({ optional: true }),
  source: keyword({ optional: true, index: false }),
  v: vector(1, { optional: true }),
})

/** Few enough values that filters hit, and among them those whose order is a trap: the empty one, astral, private use. */
const word = fc.constantFrom('', 'a', 'ab', 'b', 'é', '__proto__', '\uffff', '\u{1f989}', 'toString')
const whole = fc.integer({ min: -3, max: 3 })
const real = fc.oneof(whole, fc.constantFrom(0.5, -0, 1e300, -1e-300))
const time = fc.constantFrom('2024-01-01', '1969-12-31T23:59:59.999Z', 0, new Date(1))

/** Payload of a row of `filterSchema`, as a user gives it. */
export const payloadFields: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    lang: word,
    tags: fc.array(word, { maxLength: 3 }),
    year: whole,
    price: real,
    scores: fc.array(real, { maxLength: 3 }),
    open: fc.boolean(),
    since: time,
    title: word,
    more: fc.constantFrom(1, { a: [null] }, '\u{1f989}'),
    source: word,
  },
  { requiredKeys: [] },
)

const operators = (value: fc.Arbitrary<unknown>, ordered: boolean): fc.Arbitrary<unknown> => {
  const list = fc.array(value, { maxLength: 3 })
  const flat = {
    $eq: value,
    $ne: value,
    $in: list,
    $nin: list,
    $all: fc.array(value, { minLength: 1, maxLength: 3 }),
    $exists: fc.boolean(),
    ...(ordered && { $gt: value, $gte: value, $lt: value, $lte: value }),
  }
  const some = fc.record(flat, { requiredKeys: [] }).filter((object) => Object.keys(object).length > 0)
  return fc.oneof(value, some, fc.record({ $not: some }))
}

const exists = fc.record({ $exists: fc.boolean() })
const ids = fc.array(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 3 })

const conditions: fc.Arbitrary<Record<string, unknown>> = fc
  .record(
    {
      lang: operators(word, true),
      tags: operators(word, true),
      year: operators(whole, true),
      price: operators(real, true),
      scores: operators(real, true),
      open: operators(fc.boolean(), false),
      since: operators(time, true),
      title: exists,
      more: exists,
      source: exists,
      id: fc.oneof(
        fc.constant('3'),
        fc.record({ $in: ids }),
        fc.record({ $nin: ids }),
        fc.record({ $ne: fc.constant('1') }),
      ),
    },
    { requiredKeys: [] },
  )
  .map((object) => Object.fromEntries(Object.entries(object).slice(0, 3)))

/** Any filter over `filterSchema` and ids 0 … 30. */
export const filters: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ filter: Record<string, unknown> }>(
  (tie) => {
    const many = fc.array(tie('filter'), { minLength: 1, maxLength: 3 })
    return {
      filter: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        conditions,
        fc.record({ $and: many }),
        fc.record({ $or: many }),
        fc.record({ $nor: many }),
        fc.record({ $not: tie('filter') }),
        fc.tuple(conditions, many).map(([fields, $or]) => ({ ...fields, $or })),
      ),
    }
  },
).filter

/** Rows with ids 0, 1, 2 … */
export const rowsToFilter: fc.Arbitrary<Record<string, unknown>[]> = fc
  .array(payloadFields, { maxLength: 40 })
  .map((rows) => rows.map((row, i) => ({ id: String(i), ...row })))
