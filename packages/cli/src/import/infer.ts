import { OmenError } from '@omen/core'
import {
  boolean,
  date,
  type Field,
  integer,
  json,
  keyword,
  number,
  type Schema,
  text,
  type VectorMetric,
  vector,
} from '@omen/schema'
import { isPlainObject, timeOf } from '@omen/schema/check'
import type { SourceRecord } from '../formats/record.ts'
import type { MappingOptions } from './mapping.ts'

export interface InferOptions extends MappingOptions {
  /** Columns that are vectors, whatever they look like. */
  readonly vectors: readonly string[]
  readonly metric?: string | undefined
  readonly quantizer?: string | undefined
}

/** Lists of at least so many numbers, all equally long, are taken for vectors; shorter ones for many values. */
export const MIN_VECTOR_LENGTH = 8
/** A column is what so much of it is: few values of another kind do not spoil it, and are rejected with their rows. */
const MAJORITY = 0.9
/** Texts that are never longer can be filtered by. */
const MAX_KEYWORD_LENGTH = 64

/** What values of a column look like. */
type Shape = 'text' | 'integer' | 'number' | 'boolean' | 'date' | 'json'

interface Column {
  /** Values that are there. */
  readonly values: readonly unknown[]
  /** Whether every record has one. */
  readonly complete: boolean
}

/**
 * A schema that the records fit: what it cannot be sure of is optional.
 *
 * @param records the first of a file
 * @throws OmenError `invalid_argument` where there is nothing to infer from
 */
export function inferSchema(
  records: readonly SourceRecord[],
  isText: boolean,
  options: InferOptions,
): Schema {
  if (records.length === 0) {
    throw new OmenError(
      'invalid_argument',
      'there are no rows to infer a schema from: give one with --schema',
    )
  }
  const schema: Record<string, Field> = {}
  for (const [column, values] of columnsOf(records, options)) {
    const target = options.fields.get(column) ?? column
    schema[target] = fieldOf(column, values, isText, options)
  }
  return schema
}

function columnsOf(
  records: readonly SourceRecord[],
  { id = 'id', ignore, fields }: InferOptions,
): Map<string, Column> {
  const values = new Map<string, unknown[]>()
  for (const record of records) {
    for (const [name, value] of Object.entries(record.values)) {
      if (name === id || ignore.includes(name) || name.startsWith('$') || fields.get(name) === 'id') continue
      if (!values.has(name)) values.set(name, [])
      if (value !== null && value !== undefined) values.get(name)?.push(value)
    }
  }
  return new Map(
    [...values].map(([name, there]) => [name, { values: there, complete: there.length === records.length }]),
  )
}

function fieldOf(
  column: string,
  { values, complete }: Column,
  isText: boolean,
  options: InferOptions,
): Field {
  const read = isText ? values.map(valueOfText) : values
  const lists = read.filter(isList)
  const areLists = lists.length > 0 && lists.length >= MAJORITY * read.length
  const dimension = areLists ? vectorLength(lists, options.vectors.includes(column)) : undefined
  if (dimension !== undefined) {
    const { metric, quantizer } = options
    const chosen = { ...(metric && { metric: metric as VectorMetric }), ...(quantizer && { quantizer }) }
    return vector(dimension, { ...chosen, optional: !complete })
  }
  if (options.vectors.includes(column)) {
    throw new OmenError('invalid_argument', `column ${column} does not hold lists of numbers of one length`)
  }
  if (!areLists) return scalarField(shapeOf(read), read, false)
  const elements = lists.flatMap((list) => Array.from(list))
  const shape = shapeOf(elements)
  return shape === 'json' ? json({ optional: true }) : scalarField(shape, elements, true)
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || ArrayBuffer.isView(value)

/** How long most lists are, where they are vectors. */
function vectorLength(lists: readonly ArrayLike<unknown>[], told: boolean): number | undefined {
  const numeric = lists.filter((list) => Array.from(list).every((each) => typeof each === 'number'))
  const [length, often] = mostFrequent(numeric.map((list) => list.length))
  if (length === undefined || length === 0 || often < MAJORITY * lists.length) return undefined
  return told || lists[0] instanceof Float32Array || length >= MIN_VECTOR_LENGTH ? length : undefined
}

function mostFrequent<T>(values: readonly T[]): [T | undefined, number] {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce<[T | undefined, number]>(
    (best, each) => (each[1] > best[1] ? each : best),
    [undefined, 0],
  )
}

function scalarField(shape: Shape, values: readonly unknown[], many: boolean): Field {
  const options = { optional: true, many }
  switch (shape) {
    case 'text': {
      const longest = values.reduce<number>((most, value) => Math.max(most, String(value).length), 0)
      return longest <= MAX_KEYWORD_LENGTH ? keyword(options) : text(options)
    }
    case 'integer':
      return integer(options)
    case 'number':
      return number(options)
    case 'boolean':
      return boolean(options)
    case 'date':
      return date(options)
    case 'json':
      return json({ optional: true })
  }
}

/** The shape that most values have. */
function shapeOf(values: readonly unknown[]): Shape {
  const shapes = values.map(shapeOfOne)
  const [shape, often] = mostFrequent(shapes)
  if (shape === undefined) return 'text'
  if (often === shapes.length) return shape
  const numbers = shapes.filter((each) => each === 'integer' || each === 'number').length
  if (numbers >= MAJORITY * shapes.length) return shapes.includes('number') ? 'number' : 'integer'
  const texts = shapes.filter((each) => each === 'text' || each === 'date').length
  if (texts === shapes.length) return often >= MAJORITY * texts && shape === 'date' ? 'date' : 'text'
  return often >= MAJORITY * shapes.length ? shape : 'json'
}

function shapeOfOne(value: unknown): Shape {
  if (typeof value === 'string') return isDate(value) ? 'date' : 'text'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  if (typeof value === 'boolean') return 'boolean'
  return value instanceof Date ? 'date' : 'json'
}

function isDate(text: string): boolean {
  try {
    timeOf(text)
    return true
  } catch {
    return false
  }
}

/** What the text of a cell says, where it says anything but a text. */
function valueOfText(text: unknown): unknown {
  if (typeof text !== 'string') return text
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  // Digits behind a leading zero are a name, such as a postcode.
  if (/^[+-]?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text)
  if (!/^\s*[[{]/.test(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) || isPlainObject(value) ? value : text
  } catch {
    return text
  }
}
