import { OmenError } from '@omen/core'
import type { Field } from '@omen/schema'
import { describe } from '@omen/schema/check'

/**
 * Brings a value of a file to what a field takes. What it is not made for it hands on: the check of the row says what is wrong
 * with it.
 *
 * @param isText whether the file gives text, to which the field gives a type
 * @returns undefined for no value
 * @throws OmenError `invalid_argument` for text that does not say a value of the field
 */
export function fieldValue(field: Field, value: unknown, isText: boolean): unknown {
  if (value === undefined || value === null) return undefined
  if (field.kind === 'vector') return vectorValue(isText ? fromJson(value) : value)
  if (isText) return field.many ? fromJson(value) : textValue(field.kind, value)
  if (field.kind === 'date' && typeof value === 'bigint') return Number(value)
  return ArrayBuffer.isView(value) && field.many ? Array.from(value as Float64Array) : value
}

/** An id as text: whole numbers are ids too. */
export function idValue(value: unknown): unknown {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : value
}

/** Halves and doubles become floats; everything else is left to the check. */
function vectorValue(value: unknown): unknown {
  if (value instanceof Float32Array || Array.isArray(value)) return value
  return ArrayBuffer.isView(value) ? Float32Array.from(value as Float64Array) : value
}

function textValue(kind: Exclude<Field['kind'], 'vector'>, value: unknown): unknown {
  switch (kind) {
    case 'keyword':
    case 'text':
      return value
    case 'integer':
    case 'number':
      return numberOf(value)
    case 'boolean':
      return booleanOf(value)
    case 'date':
      return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    case 'json':
      return fromJson(value)
  }
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  if (Number.isNaN(number))
    throw new OmenError('invalid_argument', `expected a number, got ${describe(value)}`)
  return number
}

function booleanOf(value: unknown): boolean {
  const text = String(value).toLowerCase()
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new OmenError('invalid_argument', `expected true or false, got ${describe(value)}`)
}

function fromJson(value: unknown): unknown {
  try {
    return JSON.parse(String(value))
  } catch {
    throw new OmenError('invalid_argument', `expected JSON, got ${describe(value)}`)
  }
}
