import { boolean, date, integer, keyword, type Schema, text, vector } from '@omen/schema'
import { checkFilter, checkSchema } from '@omen/schema/check'
import { describe, expect, test } from 'vitest'
import { type Condition, conditionOn, filterFields, operatorsOf, whereOf } from './filter-model.ts'

const schema: Schema = {
  lang: keyword(),
  tags: keyword({ many: true }),
  year: integer(),
  seen: date(),
  open: boolean(),
  body: text(),
  embedding: vector(4),
}

const line = (field: string, operator: Condition['operator'], value: string): Condition => ({
  ...{ key: 0, field, operator, value },
})

describe('a filter made by clicking', () => {
  test('is about every field but vectors', () => {
    expect(filterFields(schema)).toEqual(['id', 'lang', 'tags', 'year', 'seen', 'open', 'body'])
  })

  test('has values of the kinds of its fields', () => {
    const conditions = [
      line('year', '$gte', '2020'),
      line('lang', '$in', 'en, de,'),
      line('open', '$eq', 'true'),
      line('seen', '$lt', '2026-01-02T03:04Z'),
      line('body', '$exists', 'false'),
    ]
    expect(whereOf(schema, conditions, 'all')).toEqual({
      $and: [
        { year: { $gte: 2020 } },
        { lang: { $in: ['en', 'de'] } },
        { open: { $eq: true } },
        { seen: { $lt: new Date('2026-01-02T03:04Z') } },
        { body: { $exists: false } },
      ],
    })
  })

  test('leaves out lines that are not finished', () => {
    expect(whereOf(schema, [line('year', '$eq', ''), line('year', '$gt', 'x')], 'any')).toBeUndefined()
    expect(whereOf(schema, [line('year', '$eq', ''), line('lang', '$eq', 'en')], 'all')).toEqual({
      lang: { $eq: 'en' },
    })
  })

  test('joins its lines as it is told', () => {
    const two = [line('lang', '$eq', 'en'), line('year', '$eq', '1')]
    expect(Object.keys(whereOf(schema, two, 'any') ?? {})).toEqual(['$or'])
    expect(Object.keys(whereOf(schema, two, 'none') ?? {})).toEqual(['$nor'])
  })

  test.each(filterFields(schema))('offers for %s only operators that the database takes', (field) => {
    const values: Record<string, string> = { year: '1', seen: '2026-01-01', open: 'true' }
    for (const [operator] of operatorsOf(schema, field)) {
      const condition = { ...conditionOn(schema, field, 0), operator, value: values[field] ?? 'x' }
      const where = whereOf(schema, [condition], 'all')
      expect(where).toBeDefined()
      expect(() => checkFilter(checkSchema(schema), where)).not.toThrow()
    }
  })
})
