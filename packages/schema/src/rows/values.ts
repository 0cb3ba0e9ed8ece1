import { type JsonValue, OmenError, unreachable } from '@omen/core'
import { describe } from '../describe.ts'
import type { PayloadField, PayloadKind } from '../schema/field.ts'
import type { StandardResult, StandardSchema } from '../schema/standard-schema.ts'

const MAX_KEYWORD_LENGTH = 8192
const MAX_JSON_DEPTH = 64
/** The farthest a `Date` reaches, in milliseconds from 1970. */
const MAX_TIME = 8.64e15
/** A day, or a day and a time with its offset from UTC: without one, it would depend on the machine's time zone. */
const ISO_DATE = /^([+-]\d\d)?\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Checks what a payload field of a row is given, and brings it to the form that is stored: dates in milliseconds.
 *
 * @param value neither null nor undefined: borrowed; nothing of it is kept
 * @throws OmenError `invalid_argument` saying what was expected and what came
 */
export function storedValue(field: PayloadField, value: unknown): JsonValue {
  if (!field.many) return storedElement(field, value)
  if (!Array.isArray(value)) throw expected(`an array of ${field.kind} values`, value)
  return Array.from(value, (element) => storedElement(field, element))
}

function storedElement(field: PayloadField, value: unknown): JsonValue {
  return storedScalar(field.kind, field.validator ? validated(field.validator, value) : value)
}

/**
 * Checks one value of a kind, and brings it to the form that is stored.
 *
 * @throws OmenError `invalid_argument` saying what was expected and what came
 */
export function storedScalar(kind: PayloadKind, value: unknown): JsonValue {
  switch (kind) {
    case 'keyword':
      if (typeof value !== 'string') throw expected('a string', value)
      if (value.length > MAX_KEYWORD_LENGTH) {
        throw expected(`at most ${MAX_KEYWORD_LENGTH} characters`, value.length)
      }
      return wellFormed(value)
    case 'text':
      if (typeof value !== 'string') throw expected('a string', value)
      return wellFormed(value)
    case 'integer':
      if (!Number.isSafeInteger(value)) throw expected('a whole number within ±(2^53 − 1)', value)
      return Number(value) + 0
    case 'number':
      if (!Number.isFinite(value)) throw expected('a finite number', value)
      return Number(value) + 0
    case 'boolean':
      if (typeof value !== 'boolean') throw expected('true or false', value)
      return value
    case 'date':
      return timeOf(value)
    case 'json':
      checkJson(value, 0)
      if (value === null) throw expected('JSON other than null', value)
      return JSON.parse(JSON.stringify(value)) as JsonValue
    default:
      return unreachable(kind)
  }
}

/**
 * The milliseconds since 1970 that a `Date`, an ISO 8601 string or a number says.
 *
 * @throws OmenError `invalid_argument`
 */
export function timeOf(value: unknown): number {
  const time =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'string' && ISO_DATE.test(value)
        ? Date.parse(value)
        : value
  if (typeof time !== 'number' || !Number.isInteger(time) || Math.abs(time) > MAX_TIME) {
    throw expected('a Date, an ISO 8601 string (with Z or an offset after a time) or milliseconds', value)
  }
  return time + 0
}

/** @throws OmenError `invalid_argument` for a string with half of a surrogate pair, which UTF-8 cannot say */
export function wellFormed(value: string): string {
  if (LONE_SURROGATE.test(value)) throw expected('well-formed Unicode, without lone surrogates', value)
  return value
}

/** The error for a value that is not what a field takes. */
export function expected(what: string, value: unknown): OmenError {
  return new OmenError('invalid_argument', `expected ${what}, got ${describe(value)}`)
}

function checkJson(value: unknown, depth: number): void {
  if (depth > MAX_JSON_DEPTH) throw expected(`JSON at most ${MAX_JSON_DEPTH} levels deep`, value)
  if (typeof value === 'string') wellFormed(value)
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw expected('JSON, which has finite numbers alone', value)
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkJson(value[i], depth + 1)
  } else if (isPlainObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      wellFormed(key)
      checkJson(inner, depth + 1)
    }
  } else if (typeof value !== 'boolean' && value !== null) {
    throw expected('JSON: plain objects, arrays, strings, numbers, true, false and null', value)
  }
}

/** Whether it is an object as a literal makes one, and not of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function validated(validator: StandardSchema, value: unknown): unknown {
  const result: StandardResult<unknown> | Promise<unknown> = validator['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new OmenError(
      'unsupported',
      'its validator answers later; only one that answers at once can be used',
    )
  }
  if (result.issues) {
    const issues = result.issues.slice(0, 3).map(({ message, path = [] }) => {
      const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
      return at ? `${at}: ${message}` : message
    })
    throw new OmenError('invalid_argument', `its validator refuses ${describe(value)}: ${issues.join('; ')}`)
  }
  return result.value
}
