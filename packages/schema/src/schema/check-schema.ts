import { checkShape, OmenError, unreachable } from '@omen/core'
import { describe } from '../describe.ts'
import { wellFormed } from '../rows/values.ts'
import type { Field, PayloadField, PayloadKind, Schema, VectorField, VectorKeep } from './field.ts'

/** A schema that was checked, in maps: no name that somebody asks for finds what objects inherit. */
export interface CheckedSchema {
  /** All fields, in the order in which they were declared. */
  readonly fields: ReadonlyMap<string, Field>
  readonly vectors: ReadonlyMap<string, VectorField>
  readonly payload: ReadonlyMap<string, PayloadField>
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
/** What a row or a hit says besides its fields. */
const RESERVED: readonly string[] = ['id', 'score', 'distance']
const MAX_FIELDS = 256
const KEEPS: readonly string[] = ['f32', 'f16', 'codes'] satisfies VectorKeep[]
const MAX_COLLECTION_NAME = 255
const MIN_M = 4
const MAX_M = 128
const MAX_BEAM = 4096
const KINDS: readonly string[] = [
  'keyword',
  'integer',
  'number',
  'boolean',
  'date',
  'text',
  'json',
] satisfies PayloadKind[]

/**
 * Checks the fields of a collection.
 *
 * @param schema borrowed: the result keeps its fields and copies nothing of them
 * @throws OmenError `invalid_argument` naming the field, `unknown_metric`
 */
export function checkSchema(schema: Schema): CheckedSchema {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new OmenError('invalid_argument', 'a schema is an object of fields, such as { title: text() }')
  }
  const fields = new Map(Object.entries(schema))
  if (fields.size > MAX_FIELDS) {
    throw new OmenError('invalid_argument', `a schema has at most ${MAX_FIELDS} fields, got ${fields.size}`)
  }
  const vectors = new Map<string, VectorField>()
  const payload = new Map<string, PayloadField>()
  for (const [name, field] of fields) {
    checkName(name)
    if (field?.kind === 'vector') {
      checkVector(name, field)
      vectors.set(name, field)
    } else {
      checkPayload(name, field)
      payload.set(name, field)
    }
  }
  return { fields, vectors, payload }
}

function checkName(name: string): void {
  // What every object inherits would be found in rows that lack the field.
  if (RESERVED.includes(name) || name in Object.prototype) {
    throw new OmenError(
      'invalid_argument',
      `a field cannot be called ${name}: rows and hits have that already`,
    )
  }
  if (!NAME.test(name)) {
    throw new OmenError(
      'invalid_argument',
      `${JSON.stringify(name)} is no name of a field: 1 to 64 letters, digits, _ and -, beginning with a letter or _`,
    )
  }
}

function checkVector(name: string, field: VectorField): void {
  try {
    const { dimension, metric, m, beam, index, optional } = field
    if ((metric as string) === 'hamming') {
      throw new OmenError('unsupported', 'metric hamming is for indexes of bits; choose l2, dot or cosine')
    }
    checkShape({ dimension, metric })
    checkRange('m', m, MIN_M, MAX_M)
    checkRange('beam', beam, m, MAX_BEAM)
    if (index !== 'hnsw' && index !== 'flat') {
      throw new OmenError('invalid_argument', `index must be hnsw or flat, got ${String(index)}`)
    }
    checkBoolean('optional', optional)
    if (!isNamed(field.quantizer)) {
      throw new OmenError('invalid_argument', 'quantizer must be a name, such as sq8, or a quantizer')
    }
    if (!KEEPS.includes(field.keep as string) && !isNamed(field.keep)) {
      throw new OmenError('invalid_argument', `keep must be ${KEEPS.join(', ')} or a quantizer`)
    }
  } catch (error) {
    throw inField(name, error)
  }
}

function isNamed(quantizer: unknown): boolean {
  return (
    typeof quantizer === 'object' &&
    quantizer !== null &&
    'name' in quantizer &&
    typeof quantizer.name === 'string'
  )
}

function checkPayload(name: string, field: PayloadField): void {
  if (typeof field !== 'object' || field === null || !KINDS.includes(field.kind)) {
    throw new OmenError(
      'invalid_argument',
      `field ${name} must be made by vector(), ${KINDS.join('(), ')}(), got ${describe(field)}`,
    )
  }
  try {
    checkBoolean('optional', field.optional)
    checkBoolean('many', field.many)
    checkBoolean('index', field.index)
    if (field.index && !isIndexable(field.kind)) {
      throw new OmenError('invalid_argument', `${field.kind} has no index`)
    }
    if (field.many && field.kind === 'json') {
      throw new OmenError('invalid_argument', 'json holds arrays as they are: leave out many')
    }
    if (field.validator && field.validator['~standard']?.version !== 1) {
      throw new OmenError('invalid_argument', 'the validator does not speak Standard Schema, version 1')
    }
  } catch (error) {
    throw inField(name, error)
  }
}

/** Whether values of a kind can be filtered by. */
export function isIndexable(kind: PayloadKind): boolean {
  switch (kind) {
    case 'keyword':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'date':
      return true
    case 'text':
    case 'json':
      return false
    default:
      return unreachable(kind)
  }
}

function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw new OmenError('invalid_argument', `${name} must be true or false, got ${describe(value)}`)
  }
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new OmenError(
      'invalid_argument',
      `${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`,
    )
  }
}

function inField(name: string, error: unknown): unknown {
  if (!(error instanceof OmenError)) return error
  return new OmenError(error.code, `field ${name}: ${error.message}`, { cause: error.cause })
}

/** @throws OmenError `invalid_argument` for what no collection can be called */
export function checkCollectionName(name: unknown): string {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_COLLECTION_NAME)
    return wellFormed(name)
  throw new OmenError(
    'invalid_argument',
    `a collection is called by 1 to ${MAX_COLLECTION_NAME} characters, got ${describe(name)}`,
  )
}
