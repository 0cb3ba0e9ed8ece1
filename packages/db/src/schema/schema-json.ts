import { type JsonObject, type JsonValue, OmenError, type Quantizer } from '@omen/core'
import { quantizerByName } from '@omen/quant'
import { type CheckedSchema, checkSchema, describe } from './check-schema.ts'
import type { Field, Schema, VectorField } from './field.ts'

/**
 * A schema as the manifest keeps it: an object for each field, quantizers by name. Validators are not kept: they come from
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
 * Reads a schema that `schemaToJson` wrote.
 *
 * @param quantizers your own, beside those of @omen/quant
 * @throws OmenError `corrupt_database` for what is no schema, `unknown_quantizer`
 */
export function schemaFromJson(json: JsonValue, quantizers: readonly Quantizer[] = []): CheckedSchema {
  const fields = new Map<string, Field>()
  for (const [name, field] of Object.entries(objectOf(json)))
    fields.set(name, fieldOf(objectOf(field), quantizers))
  try {
    return checkSchema(Object.fromEntries(fields) as Schema)
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : 'a field is not what it should be', cause)
  }
}

/** The types are what `checkSchema` then makes sure of. */
function fieldOf(stored: JsonObject, quantizers: readonly Quantizer[]): Field {
  if (stored.kind !== 'vector') return stored as unknown as Field
  const { keep } = stored
  return {
    ...(stored as unknown as VectorField),
    quantizer: quantizerOf(stored.quantizer, quantizers),
    keep:
      keep === 'f32' || keep === 'f16' || keep === 'codes'
        ? keep
        : quantizerOf(objectOf(keep).quantizer, quantizers),
  }
}

function quantizerOf(name: JsonValue | undefined, quantizers: readonly Quantizer[]): Quantizer {
  if (typeof name !== 'string') throw damaged(`${describe(name)} is no name of a quantizer`)
  return quantizerByName(name, quantizers)
}

function objectOf(json: JsonValue | undefined): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw damaged(`expected an object, got ${describe(json)}`)
  }
  return json as JsonObject
}

function damaged(why: string, cause?: unknown): OmenError {
  return new OmenError('corrupt_database', `a stored schema is damaged: ${why}`, { cause })
}
