import { OmenError } from '@omen/core'
import type { Field, Schema } from '@omen/schema'
import { isPlainObject } from '@omen/schema/check'
import { unsendable } from './message-pack.ts'

/**
 * A document as JSON: vectors as arrays of numbers, dates as ISO 8601.
 *
 * @throws OmenError `invalid_argument` for what is neither plain data, nor a date, nor a vector: nothing turns into something
 * else on the way; `not_finite` for NaN and infinity, which JSON cannot say
 */
export function encodeJson(value: unknown): string {
  try {
    return JSON.stringify(value, sendable)
  } catch (cause) {
    if (cause instanceof OmenError) throw cause
    throw new OmenError('invalid_argument', `it cannot be sent: ${String(cause)}`, { cause })
  }
}

function sendable(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    throw new OmenError('not_finite', `JSON cannot say ${value} (at ${JSON.stringify(key)})`)
  }
  // What is not what was given says by toJSON what it wants to be instead; a date may, unless it is none.
  const given = (this as Readonly<Record<string, unknown>>)[key]
  if (value !== given && !(given instanceof Date && value !== null)) throw unsendable(given)
  if (typeof value === 'string' || typeof value === 'boolean' || value === undefined || value === null)
    return value
  if (value instanceof Float32Array) return Array.from(value)
  if (Array.isArray(value) || isPlainObject(value)) return value
  throw unsendable(value)
}

/** How a row, a hit or a row of a change that JSON told is read. */
export type ReadRow = (row: Record<string, unknown>) => Record<string, unknown>

/**
 * What brings the fields of a row from JSON to what users read: dates to `Date`, vectors to `Float32Array`.
 *
 * @returns a function that changes rows in place and gives them back
 */
export function rowReader(schema: Schema): ReadRow {
  const changed = Object.entries(schema).flatMap(([name, field]): [string, (value: unknown) => unknown][] => {
    const read = readerOf(field)
    return read ? [[name, read]] : []
  })
  return (row) => {
    for (const [name, read] of changed) {
      const value = row[name]
      if (value !== undefined && value !== null) row[name] = read(value)
    }
    return row
  }
}

function readerOf(field: Field): ((value: unknown) => unknown) | undefined {
  if (field.kind === 'vector') return (value) => (Array.isArray(value) ? Float32Array.from(value) : value)
  if (field.kind !== 'date') return undefined
  return (value) => (Array.isArray(value) ? value.map(dateOf) : dateOf(value))
}

const dateOf = (value: unknown): unknown => (typeof value === 'string' ? new Date(value) : value)
