import { type JsonObject, OmenError, type Quantizer } from '@omen/core'
import type { Keep } from '@omen/hnsw'
import { quantizerByName } from '@omen/quant'
import type { NamedQuantizer, Schema, VectorKeep } from '@omen/schema'
import { type CheckedSchema, checkSchema, schemaFromJson } from '@omen/schema/check'

/** What a schema names: the quantizer itself, where it came with the schema, or that of @omen/quant. */
export function quantizerOf(named: NamedQuantizer): Quantizer {
  return isQuantizer(named) ? named : quantizerByName(named.name)
}

/** The same for what a graph keeps to rescore with. */
export function keepOf(keep: VectorKeep): Keep {
  return typeof keep === 'string' ? keep : quantizerOf(keep)
}

function isQuantizer(named: NamedQuantizer): named is Quantizer {
  return 'train' in named && typeof named.train === 'function'
}

/**
 * Reads a schema as it is stored, with the quantizers that it names.
 *
 * @param custom quantizers of the user's own, beside those of @omen/quant
 * @throws OmenError `corrupt_database` for what is no schema, `unknown_quantizer` naming what is missing
 */
export function storedSchema(json: JsonObject, custom: readonly Quantizer[]): CheckedSchema {
  const { fields } = readSchema(json)
  const found = [...fields].map(([name, field]) => {
    if (field.kind !== 'vector') return [name, field] as const
    const { quantizer, keep } = field
    const kept = typeof keep === 'string' ? keep : quantizerByName(keep.name, custom)
    return [name, { ...field, quantizer: quantizerByName(quantizer.name, custom), keep: kept }] as const
  })
  return checkSchema(Object.fromEntries(found) as Schema)
}

function readSchema(json: JsonObject): CheckedSchema {
  try {
    return schemaFromJson(json)
  } catch (cause) {
    if (!(cause instanceof OmenError)) throw cause
    throw new OmenError('corrupt_database', `a stored schema is damaged: ${cause.message}`, { cause })
  }
}
