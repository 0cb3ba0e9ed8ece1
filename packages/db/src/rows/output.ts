import type { JsonObject, JsonValue } from '@omen/core'
import type { CheckedSchema } from '../schema/check-schema.ts'
import type { PayloadField } from '../schema/field.ts'

/**
 * Puts payload fields into an object for the user, in the form in which they are read: dates as `Date`.
 *
 * @param payload as it is stored: its values become the user's
 * @param fields names of payload fields that the schema has; all of them when left out
 * @param target gains the fields that the row has
 */
export function addOutput(
  schema: CheckedSchema,
  payload: JsonObject,
  target: Record<string, unknown>,
  fields: Iterable<string> = schema.payload.keys(),
): void {
  for (const name of fields) {
    const field = schema.payload.get(name)
    const value = payload[name]
    if (field && value !== undefined) target[name] = outputOf(field, value)
  }
}

function outputOf(field: PayloadField, value: JsonValue): unknown {
  if (field.kind !== 'date') return value
  return Array.isArray(value) ? value.map((time) => new Date(time)) : new Date(Number(value))
}
