import { type JsonObject, type JsonValue, OmenError } from '@omen/core'
import { describe } from '../describe.ts'
import type { CheckedSchema } from '../schema/check-schema.ts'
import { expected, isPlainObject, storedValue, timeOf, wellFormed } from './values.ts'

const MAX_ID_BYTES = 65_536
const utf8 = new TextEncoder()

/** When a row expires that never does. */
export const NEVER: number = Infinity

/**
 * Checks an id: a string of 1 to 65,536 bytes in UTF-8.
 *
 * @throws OmenError `invalid_argument`
 */
export function checkId(id: unknown): string {
  if (typeof id !== 'string') throw expected('an id that is a string', id)
  if (id === '') throw expected('an id of at least one character', id)
  // A character takes at most three bytes: short ids need no measuring.
  if (id.length * 3 > MAX_ID_BYTES && utf8.encode(id).length > MAX_ID_BYTES) {
    throw expected(`an id of at most ${MAX_ID_BYTES} bytes`, id)
  }
  return wellFormed(id)
}

/**
 * Runs a check of one row, and lets its error say where: `row 3 (id "a"), field year: …`.
 *
 * @param check is told a function to say which field it is at
 */
export function inRow<T>(index: number, row: unknown, check: (at: (field: string) => void) => T): T {
  let field: string | undefined
  try {
    return check((name) => {
      field = name
    })
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    const id = isPlainObject(row) && typeof row.id === 'string' ? ` (id ${describe(row.id)})` : ''
    const where = `row ${index}${id}${field === undefined ? '' : `, field ${field}`}`
    throw new OmenError(error.code, `${where}: ${error.message}`, { cause: error.cause })
  }
}

/** @throws OmenError `invalid_argument` for what is no plain object, `unknown_field` */
export function checkKeys(schema: CheckedSchema, row: unknown): asserts row is Record<string, unknown> {
  if (!isPlainObject(row)) throw expected('a row: a plain object', row)
  for (const name of Object.keys(row)) {
    if (!schema.fields.has(name) && name !== 'id' && name !== '$expiresAt' && name !== '$ttlMs') {
      throw new OmenError(
        'unknown_field',
        `there is no field ${describe(name)}: there are ${[...schema.fields.keys()].join(', ') || 'none'}`,
      )
    }
  }
}

/**
 * When a row expires, in milliseconds since 1970; undefined when it does not say.
 *
 * @param now what `$ttlMs` counts from
 * @throws OmenError `invalid_argument`
 */
export function expiryOf(row: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const { $expiresAt, $ttlMs } = row
  if ($ttlMs === undefined) {
    if ($expiresAt === undefined) return undefined
    return $expiresAt === null ? NEVER : timeOf($expiresAt)
  }
  if ($expiresAt !== undefined) {
    throw new OmenError('invalid_argument', 'a row takes $expiresAt or $ttlMs, not both')
  }
  if (typeof $ttlMs !== 'number' || !($ttlMs > 0 && $ttlMs < Infinity)) {
    throw expected('$ttlMs to be milliseconds above 0', $ttlMs)
  }
  return now + Math.ceil($ttlMs)
}

/**
 * The payload fields of a row that is to be written whole.
 *
 * @param at is told of each field before it is checked
 * @throws OmenError `invalid_argument` for a missing or wrong value
 */
export function payloadOf(
  schema: CheckedSchema,
  row: Readonly<Record<string, unknown>>,
  at: (field: string) => void,
): JsonObject {
  const payload: Record<string, JsonValue> = {}
  for (const [name, field] of schema.payload) {
    const value = row[name]
    if (value === undefined || value === null) {
      if (!field.optional) {
        at(name)
        throw missing()
      }
      continue
    }
    at(name)
    payload[name] = storedValue(field, value)
  }
  return payload
}

/** The error for a row without a value for a field that is not optional. */
export function missing(): OmenError {
  return new OmenError('invalid_argument', 'it is missing, and the schema does not say that it is optional')
}
