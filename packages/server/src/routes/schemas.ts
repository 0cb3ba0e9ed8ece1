import type { LimitsConfig } from '../config/config.ts'
import type { JsonSchema } from './route.ts'

/** An object with these properties and no others. */
export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false }
}

export function array(items: JsonSchema, limits: JsonSchema = {}): JsonSchema {
  return { type: 'array', items, ...limits }
}

/** A value by key, for any keys. */
export function record(value: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: value }
}

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description }
}

export const STRING: JsonSchema = { type: 'string' }
export const BOOLEAN: JsonSchema = { type: 'boolean' }
export const NUMBER: JsonSchema = { type: 'number' }
export const COUNT: JsonSchema = { type: 'integer', minimum: 0 }
export const VERSION: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
export const DATE: JsonSchema = { type: 'string', format: 'date-time' }

/**
 * A vector. MessagePack has them as bytes, which a JSON Schema cannot say, and the database checks each component anyway: so
 * bodies are validated without this part.
 */
export const VECTOR: JsonSchema = { type: 'array', items: { type: 'number' } }

export const ID: JsonSchema = { type: 'string', minLength: 1, maxLength: 65_536 }

export const COLLECTION_NAME: JsonSchema = { type: 'string', minLength: 1, maxLength: 255 }

export const ROW: JsonSchema = {
  type: 'object',
  properties: { id: ID },
  required: ['id'],
  additionalProperties: true,
  description: 'An id, and a value for each field of the schema that is not optional.',
}

export const OUTPUT_ROW: JsonSchema = {
  type: 'object',
  properties: { id: STRING },
  required: ['id'],
  additionalProperties: true,
}

export const HIT: JsonSchema = {
  type: 'object',
  properties: {
    id: STRING,
    score: described(NUMBER, 'Larger is closer.'),
    distance: described(NUMBER, 'Smaller is closer.'),
  },
  required: ['id', 'score', 'distance'],
  additionalProperties: true,
}

export const FILTER: JsonSchema = {
  type: 'object',
  additionalProperties: true,
  description:
    'Which rows: values or operators by field, such as { "lang": "en", "year": { "$gte": 2020 } }, and $and, $or, $nor, $not ' +
    'of filters. Operators are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $all, $exists and $not.',
}

export const ERROR: JsonSchema = object({
  error: object({ code: STRING, message: STRING, requestId: STRING }),
})

const OPTIONAL: JsonSchema = { type: 'boolean', description: 'Whether rows may lack it.' }

const payloadKinds = ['keyword', 'integer', 'number', 'boolean', 'date', 'text', 'json']

const PAYLOAD_FIELD: JsonSchema = object(
  {
    kind: { enum: payloadKinds },
    optional: OPTIONAL,
    many: described(BOOLEAN, 'Whether a row has an array of values.'),
    index: described(BOOLEAN, 'Whether it can be filtered by.'),
  },
  ['kind'],
)

function vectorField(dimension: number): JsonSchema {
  return object(
    {
      kind: { const: 'vector' },
      dimension: { type: 'integer', minimum: 1, maximum: dimension },
      metric: { enum: ['cosine', 'dot', 'l2'] },
      quantizer: described(STRING, 'Codes that searches walk by, such as sq8.'),
      m: { type: 'integer', minimum: 4, maximum: 128, description: 'Neighbours of a row in the graph.' },
      beam: { type: 'integer', minimum: 4, maximum: 4096 },
      keep: { anyOf: [{ enum: ['f32', 'f16', 'codes'] }, object({ quantizer: STRING })] },
      index: { enum: ['hnsw', 'flat'] },
      optional: OPTIONAL,
    },
    ['kind', 'dimension'],
  )
}

/** The fields of a collection, with vectors of at most so many components. */
export function schemaOf(dimension: number): JsonSchema {
  return {
    type: 'object',
    maxProperties: 256,
    additionalProperties: { anyOf: [vectorField(dimension), PAYLOAD_FIELD] },
  }
}

/** The largest schema there is, which replies have. */
const MAX_DIMENSION = 65_536
export const SCHEMA: JsonSchema = schemaOf(MAX_DIMENSION)

/** What many requests have in common, within the limits of a server. */
export interface Inputs {
  readonly ids: JsonSchema
  readonly rows: JsonSchema
  readonly select: JsonSchema
  readonly limit: JsonSchema
  readonly offset: JsonSchema
  readonly beam: JsonSchema
  readonly timeoutMs: JsonSchema
  readonly durability: JsonSchema
  readonly ifVersion: JsonSchema
}

export function inputsOf(limits: LimitsConfig): Inputs {
  const { batch, hits, beam, timeoutMs } = limits
  return {
    ids: array(ID, { maxItems: batch }),
    rows: array(ROW, { minItems: 1, maxItems: batch }),
    select: array(STRING, { maxItems: 256, description: 'Fields wanted; all but vectors when left out.' }),
    limit: { type: 'integer', minimum: 1, maximum: hits, default: 10 },
    offset: { type: 'integer', minimum: 0, maximum: hits, default: 0 },
    beam: {
      type: 'integer',
      minimum: 1,
      maximum: beam,
      description: 'Candidates kept while graphs are walked.',
    },
    timeoutMs: { type: 'integer', minimum: 1, maximum: timeoutMs },
    durability: {
      enum: ['synced', 'buffered', 'memory'],
      description: 'What the write survives: a power cut, the end of the process, neither.',
    },
    ifVersion: {
      anyOf: [VERSION, record(VERSION)],
      description: 'Writes only if rows have this version; 0 for a row that must not be there.',
    },
  }
}

export const WRITE_RESULT: JsonSchema = object({ version: VERSION, written: COUNT, removed: COUNT })
