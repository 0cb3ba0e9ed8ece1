import { OmenError } from '@omen/core'
import { describe } from '../describe.ts'
import { checkId } from '../rows/check-row.ts'
import { expected, isPlainObject, storedScalar } from '../rows/values.ts'
import type { CheckedSchema } from '../schema/check-schema.ts'
import type { PayloadField } from '../schema/field.ts'
import type { Bound, CheckedFilter, IndexValue } from './filter.ts'
import { compareValues } from './order.ts'

const MAX_DEPTH = 32
const MAX_NODES = 10_000
const MAX_VALUES = 65_536
const FILTER_OPERATORS = ['$and', '$or', '$nor', '$not']
const RANGE_OPERATORS = ['$gt', '$gte', '$lt', '$lte']
const VALUE_OPERATORS = ['$eq', '$ne', '$in', '$nin', '$all']
const ID_OPERATORS = ['$eq', '$ne', '$in', '$nin']

/** The filter that matches every row. */
export const EVERY_ROW: CheckedFilter = { kind: 'and', filters: [] }

/**
 * Checks a filter against a schema.
 *
 * @param filter as the user gave it: borrowed until this returns; undefined matches every row
 * @throws OmenError `unknown_field`, `invalid_argument` naming the field, what was expected and what came, `unsupported` for a
 * field that has no index
 */
export function checkFilter(schema: CheckedSchema, filter: unknown): CheckedFilter {
  return filter === undefined ? EVERY_ROW : new FilterCheck(schema).filter(filter, 0)
}

class FilterCheck {
  readonly #schema: CheckedSchema
  #nodes = 0

  constructor(schema: CheckedSchema) {
    this.#schema = schema
  }

  filter(filter: unknown, depth: number): CheckedFilter {
    if (!isPlainObject(filter)) throw expected('a filter: a plain object', filter)
    this.#enter(depth)
    return all(
      Object.entries(filter).map(([name, value]) => {
        if (name.startsWith('$')) return this.#operator(name, value, depth)
        try {
          return name === 'id' ? idFilter(value) : this.#field(name, value, depth)
        } catch (error) {
          throw error instanceof OmenError && error.code === 'invalid_argument'
            ? new OmenError(error.code, `filter on ${name}: ${error.message}`)
            : error
        }
      }),
    )
  }

  #operator(name: string, value: unknown, depth: number): CheckedFilter {
    if (name === '$not') return not(this.filter(value, depth + 1))
    if (!FILTER_OPERATORS.includes(name)) throw unknownOperator(name, FILTER_OPERATORS)
    if (!Array.isArray(value) || value.length === 0)
      throw expected(`${name} to be an array of filters`, value)
    const filters = value.map((inner) => this.filter(inner, depth + 1))
    if (name === '$and') return all(filters)
    const or: CheckedFilter = { kind: 'or', filters }
    return name === '$or' ? or : not(or)
  }

  #field(name: string, condition: unknown, depth: number): CheckedFilter {
    const field = this.#schema.payload.get(name)
    if (!field) {
      if (this.#schema.vectors.has(name)) {
        throw new OmenError('invalid_argument', 'it is a vector, which is searched for and not filtered by')
      }
      const known = ['id', ...this.#schema.payload.keys()].join(', ')
      throw new OmenError(
        'unknown_field',
        `there is no field ${describe(name)} to filter by: there are ${known}`,
      )
    }
    return this.#condition(name, field, condition, depth)
  }

  #condition(name: string, field: PayloadField, condition: unknown, depth: number): CheckedFilter {
    this.#enter(depth)
    if (!isPlainObject(condition)) return this.#test(name, field, '$eq', condition)
    const operators = Object.entries(condition)
    if (operators.length === 0) throw expected('a value or operators', '{}')
    const parts = operators
      .filter(([operator]) => !RANGE_OPERATORS.includes(operator))
      .map(([operator, value]) => this.#test(name, field, operator, value, depth))
    const bounds = operators.filter(([operator]) => RANGE_OPERATORS.includes(operator))
    return all(bounds.length === 0 ? parts : [...parts, rangeOf(name, field, bounds)])
  }

  #test(name: string, field: PayloadField, operator: string, value: unknown, depth = 0): CheckedFilter {
    const oneOf = (values: unknown): CheckedFilter => ({
      kind: 'in',
      field: name,
      values: valuesOf(name, field, operator, values),
    })
    switch (operator) {
      case '$eq':
        return oneOf([value])
      case '$ne':
        return not(oneOf([value]))
      case '$in':
        return oneOf(value)
      case '$nin':
        return not(oneOf(value))
      case '$all':
        // Of nothing it would match every row: rarely what a list that happens to be empty means.
        if (Array.isArray(value) && value.length === 0) throw expected('at least one value for $all', value)
        return all(
          valuesOf(name, field, operator, value).map((each) => ({ kind: 'in', field: name, values: [each] })),
        )
      case '$exists':
        if (typeof value !== 'boolean') throw expected('$exists to be true or false', value)
        return value ? { kind: 'exists', field: name } : not({ kind: 'exists', field: name })
      case '$not':
        if (!isPlainObject(value)) throw expected('$not to be an object of operators', value)
        return not(this.#condition(name, field, value, depth + 1))
      default:
        throw unknownOperator(operator, [...VALUE_OPERATORS, ...RANGE_OPERATORS, '$exists', '$not'])
    }
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) throw expected(`a filter at most ${MAX_DEPTH} levels deep`, depth)
    if (++this.#nodes > MAX_NODES) throw expected(`a filter of at most ${MAX_NODES} conditions`, this.#nodes)
  }
}

function idFilter(condition: unknown): CheckedFilter {
  if (!isPlainObject(condition)) return { kind: 'ids', ids: [checkId(condition)] }
  const operators = Object.entries(condition)
  if (operators.length === 0) throw expected('an id or operators', '{}')
  return all(
    operators.map(([operator, value]) => {
      if (!ID_OPERATORS.includes(operator)) throw unknownOperator(operator, ID_OPERATORS)
      const single = operator === '$eq' || operator === '$ne'
      const ids = [...new Set((single ? [value] : listOf(operator, value)).map(checkId))]
      const one: CheckedFilter = { kind: 'ids', ids }
      return operator === '$eq' || operator === '$in' ? one : not(one)
    }),
  )
}

function rangeOf(
  name: string,
  field: PayloadField,
  bounds: readonly (readonly [string, unknown])[],
): CheckedFilter {
  let [low, high]: (Bound | undefined)[] = []
  for (const [operator, value] of bounds) {
    if (field.kind === 'boolean')
      throw new OmenError('invalid_argument', `true and false have no order for ${operator}`)
    const bound = { value: indexValue(name, field, operator, value), inclusive: operator.length === 4 }
    if (operator.startsWith('$g')) low = low && tighter(low, bound, 1) ? low : bound
    else high = high && tighter(high, bound, -1) ? high : bound
  }
  return { kind: 'range', field: name, range: { low, high } }
}

/** Whether bound a leaves out all that b does: `sign` is 1 for lower bounds, −1 for upper ones. */
function tighter(a: Bound, b: Bound, sign: number): boolean {
  const order = compareValues(a.value, b.value) * sign
  return order > 0 || (order === 0 && !a.inclusive)
}

function valuesOf(name: string, field: PayloadField, operator: string, values: unknown): IndexValue[] {
  const checked = listOf(operator, values).map((value) => indexValue(name, field, operator, value))
  return [...new Set(checked)].sort(compareValues)
}

function listOf(operator: string, values: unknown): unknown[] {
  if (!Array.isArray(values)) throw expected(`${operator} to be an array of values`, values)
  if (values.length > MAX_VALUES)
    throw expected(`at most ${MAX_VALUES} values for ${operator}`, values.length)
  return Array.from(values)
}

/** A value as the index of a field holds it. */
function indexValue(name: string, field: PayloadField, operator: string, value: unknown): IndexValue {
  if (!field.index) {
    throw new OmenError(
      'unsupported',
      `${name} has no index for ${operator}: ${
        field.kind === 'text' || field.kind === 'json'
          ? `a ${field.kind} field is stored and can only be asked with $exists`
          : `declare it as ${field.kind}({ index: true })`
      }`,
    )
  }
  if (value === null) throw expected('a value; rows without one are found by { $exists: false }', value)
  if (Array.isArray(value)) throw expected('one value; for several there are $in and $all', value)
  const stored = storedScalar(field.kind, value)
  return typeof stored === 'string' ? stored : Number(stored)
}

function unknownOperator(name: string, known: readonly string[]): OmenError {
  return new OmenError(
    'invalid_argument',
    `unknown operator ${describe(name)}: there are ${known.join(', ')}`,
  )
}

function all(filters: readonly CheckedFilter[]): CheckedFilter {
  const [first] = filters
  return filters.length === 1 && first ? first : { kind: 'and', filters }
}

function not(filter: CheckedFilter): CheckedFilter {
  return { kind: 'not', filter }
}
