import { type JsonObject, OmenError } from '@omen/core'
import { describe } from '../describe.ts'
import { expected, isPlainObject } from '../rows/values.ts'
import { type VectorOptions, vector } from './builders.ts'
import { type CheckedSchema, checkSchema } from './check-schema.ts'
import type { Field, NamedQuantizer, PayloadField, Schema } from './field.ts'

/**
 * A schema as it is stored and sent: an object for each field, quantizers by name. Validators are left out: they come from
 * whoever opens the collection.
 */
export function schemaToJson(schema: CheckedSchema): JsonObject {
  const fields: Record<string, JsonObject> = {}
  for (const [name, field] of schema.fields) {
    if (field.kind === 'vector') {
      const { kind, dimension, metric, quantizer, m, beam, keep, index, optional } = field
      fields[name] = {
        ...{ kind, dimension, metric, quantizer: quantizer.name, m, beam, index, optional },
        keep: typeof keep === 'string' ? keep : { quantizer: keep.name },
      }
    } else {
      const { kind, optional, many, index } = field
      fields[name] = { kind, optional, many, index }
    }
  }
  return fields
}

/**
 * Reads a schema that `schemaToJson` wrote, or a person: what a field does not say has its default.
 *
 * @throws OmenError `invalid_argument` naming the field
 */
export function schemaFromJson(json: unknown): CheckedSchema {
  if (!isPlainObject(json))
    throw new OmenError('invalid_argument', `a schema is an object of fields, got ${describe(json)}`)
  const fields = Object.entries(json).map(([name, field]) => [name, fieldOf(name, field)] as const)
  return checkSchema(Object.fromEntries(fields) as Schema)
}

function fieldOf(name: string, json: unknown): Field {
  try {
    if (!isPlainObject(json)) throw expected("an object such as { kind: 'keyword' }", json)
    return json.kind === 'vector' ? vectorFieldOf(json) : payloadFieldOf(json)
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    throw new OmenError(error.code, `field ${name}: ${error.message}`, { cause: error.cause })
  }
}

/** Types of values are what `checkSchema` then makes sure of. */
function vectorFieldOf({ kind: _, dimension, keep, ...options }: Readonly<Record<string, unknown>>): Field {
  const kept = isPlainObject(keep) ? quantizerOf(keep) : keep
  return vector(
    dimension as number,
    { ...options, ...(keep !== undefined && { keep: kept }) } as VectorOptions,
  )
}

function quantizerOf({ quantizer }: Readonly<Record<string, unknown>>): NamedQuantizer {
  if (typeof quantizer !== 'string') throw expected('{ quantizer } with a name', quantizer)
  return { name: quantizer }
}

function payloadFieldOf(json: Readonly<Record<string, unknown>>): PayloadField {
  const { kind, optional = false, many = false, index = kind !== 'text' && kind !== 'json', ...others } = json
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw new OmenError(
      'invalid_argument',
      `there is no ${describe(unknown)}: there are kind, optional, many, index`,
    )
  }
  return { kind, optional, many, index } as PayloadField
}
