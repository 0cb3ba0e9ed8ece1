import { OmenError } from '@omen/core'
import type { CheckedSchema } from './check-schema.ts'
import type { Field, PayloadField, VectorField } from './field.ts'

/** What a new schema changes in data that is there: a closed set. */
export type FieldChange =
  /** An optional field is new: rows that are there have none. */
  | { readonly kind: 'add'; readonly field: string }
  /** The field became optional. */
  | { readonly kind: 'make_optional'; readonly field: string }
  /** Payload indexes of segments are made again. */
  | { readonly kind: 'add_index'; readonly field: string }
  /** No longer filtered by; the index goes with the next merge. */
  | { readonly kind: 'drop_index'; readonly field: string }
  /** Graphs are made again with these settings: at the next merge, or by `optimize`. */
  | { readonly kind: 'rebuild_graph'; readonly field: string; readonly settings: readonly GraphSetting[] }

export type GraphSetting = 'm' | 'beam' | 'quantizer' | 'keep' | 'index'

const GRAPH_SETTINGS: readonly GraphSetting[] = ['m', 'beam', 'quantizer', 'keep', 'index']

/**
 * Says what changes between two schemas of one collection, when data can follow: an optional field more, a field made
 * optional, an index more or less, other settings of a graph. Validators may change freely: they see new rows alone.
 *
 * @returns nothing when the schemas are equal
 * @throws OmenError `schema_mismatch` for every other change, saying what to do
 */
export function schemaChange(before: CheckedSchema, after: CheckedSchema): FieldChange[] {
  for (const name of before.fields.keys()) {
    if (!after.fields.has(name)) {
      throw refused(
        name,
        'is stored and the new schema lacks it',
        'name it in the schema, or copy the rows into a new collection without it',
      )
    }
  }
  return [...after.fields].flatMap(([name, field]) => {
    const old = before.fields.get(name)
    if (old) return changeOf(name, old, field)
    if (field.optional) return [{ kind: 'add', field: name }]
    throw refused(
      name,
      'is new and not optional, but the rows that are there have no value',
      'make it optional',
    )
  })
}

function changeOf(name: string, old: Field, field: Field): FieldChange[] {
  const changes: FieldChange[] = []
  if (old.optional && !field.optional) {
    throw refused(name, 'was optional and rows may lack it', 'leave it optional')
  }
  if (!old.optional && field.optional) changes.push({ kind: 'make_optional', field: name })
  if (old.kind === 'vector' && field.kind === 'vector') return [...changes, ...vectorChange(name, old, field)]
  if (old.kind !== 'vector' && field.kind !== 'vector')
    return [...changes, ...payloadChange(name, old, field)]
  throw refused(name, `holds ${old.kind} values, not ${field.kind}`, NEW_FIELD)
}

function vectorChange(name: string, old: VectorField, field: VectorField): FieldChange[] {
  for (const property of ['dimension', 'metric'] as const) {
    if (old[property] !== field[property]) {
      throw refused(name, `has ${property} ${old[property]}, not ${field[property]}`, NEW_FIELD)
    }
  }
  const settings = GRAPH_SETTINGS.filter((setting) => nameOf(old[setting]) !== nameOf(field[setting]))
  return settings.length === 0 ? [] : [{ kind: 'rebuild_graph', field: name, settings }]
}

function payloadChange(name: string, old: PayloadField, field: PayloadField): FieldChange[] {
  if (old.kind !== field.kind) throw refused(name, `holds ${old.kind} values, not ${field.kind}`, NEW_FIELD)
  if (old.many !== field.many) {
    throw refused(name, old.many ? 'holds arrays of values' : 'holds one value a row', NEW_FIELD)
  }
  if (old.index === field.index) return []
  return [{ kind: field.index ? 'add_index' : 'drop_index', field: name }]
}

const NEW_FIELD = 'add an optional field of another name, or copy the rows into a new collection'

function nameOf(setting: VectorField[GraphSetting]): string | number {
  return typeof setting === 'object' ? setting.name : setting
}

function refused(name: string, why: string, instead: string): OmenError {
  return new OmenError('schema_mismatch', `field ${name} ${why}: ${instead}`)
}
