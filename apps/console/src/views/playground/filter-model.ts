import type { Schema } from '@omen/client'
import type { Where } from '../../api/rows.ts'

export type Operator = '$eq' | '$ne' | '$gt' | '$gte' | '$lt' | '$lte' | '$in' | '$nin' | '$all' | '$exists'

/** How conditions stand together. */
export type Join = 'all' | 'any' | 'none'

/** One line of a filter, as it is typed. */
export interface Condition {
  /** Tells lines apart while they are typed. */
  readonly key: number
  readonly field: string
  readonly operator: Operator
  readonly value: string
}

type Kind = 'id' | 'keyword' | 'integer' | 'number' | 'boolean' | 'date' | 'stored'

const SAYS: Readonly<Record<Operator, string>> = {
  $eq: 'is',
  $ne: 'is not',
  $gt: 'above',
  $gte: 'at least',
  $lt: 'below',
  $lte: 'at most',
  $in: 'one of',
  $nin: 'none of',
  $all: 'has all of',
  $exists: 'is there',
}

const ORDERED: readonly Operator[] = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$exists']

const BY_KIND: Readonly<Record<Kind, readonly Operator[]>> = {
  id: ['$eq', '$ne', '$in', '$nin'],
  keyword: ['$eq', '$ne', '$in', '$nin', '$exists'],
  integer: ORDERED,
  number: ORDERED,
  boolean: ['$eq', '$ne', '$exists'],
  date: ['$eq', '$gt', '$gte', '$lt', '$lte', '$exists'],
  stored: ['$exists'],
}

/** Fields that conditions can be about. */
export function filterFields(schema: Schema): string[] {
  return ['id', ...Object.keys(schema).filter((name) => schema[name]?.kind !== 'vector')]
}

/** What a field is to a filter: one that has no index can only be asked whether it is there. */
export function kindOf(schema: Schema, field: string): Kind {
  const found = schema[field]
  if (field === 'id' || !found) return 'id'
  if (found.kind === 'vector' || found.kind === 'text' || found.kind === 'json') return 'stored'
  return found.index ? found.kind : 'stored'
}

/** Operators that a field takes, with what they say. */
export function operatorsOf(schema: Schema, field: string): (readonly [Operator, string])[] {
  const found = schema[field]
  const many =
    found !== undefined && found.kind !== 'vector' && found.many && kindOf(schema, field) !== 'stored'
  const operators = BY_KIND[kindOf(schema, field)]
  return [...operators, ...(many ? (['$all'] as const) : [])].map((each) => [each, SAYS[each]] as const)
}

/** The line that a field begins with. */
export function conditionOn(schema: Schema, field: string, key: number): Condition {
  const [[operator] = ['$eq' as const]] = operatorsOf(schema, field)
  const kind = kindOf(schema, field)
  return { key, field, operator, value: operator === '$exists' || kind === 'boolean' ? 'true' : '' }
}

/** The filter that lines amount to; undefined for none. Lines that are not finished are left out. */
export function whereOf(schema: Schema, conditions: readonly Condition[], join: Join): Where | undefined {
  const parts = conditions.flatMap((condition) => {
    const value = conditionValue(schema, condition)
    return value === undefined ? [] : [{ [condition.field]: { [condition.operator]: value } }]
  })
  const [only] = parts
  if (!only) return undefined
  if (join === 'all') return parts.length === 1 ? only : { $and: parts }
  return join === 'any' ? { $or: parts } : { $nor: parts }
}

function conditionValue(schema: Schema, { field, operator, value }: Condition): unknown {
  if (operator === '$exists') return value !== 'false'
  const kind = kindOf(schema, field)
  if (operator === '$in' || operator === '$nin' || operator === '$all') {
    const values = value
      .split(',')
      .map((each) => one(kind, each.trim()))
      .filter((each) => each !== undefined)
    return values.length > 0 ? values : undefined
  }
  return one(kind, value.trim())
}

function one(kind: Kind, text: string): unknown {
  if (text === '') return undefined
  switch (kind) {
    case 'integer':
    case 'number':
      return Number.isNaN(Number(text)) ? undefined : Number(text)
    case 'boolean':
      return text === 'true'
    case 'date': {
      const date = new Date(text)
      return Number.isNaN(date.getTime()) ? undefined : date
    }
    default:
      return text
  }
}
