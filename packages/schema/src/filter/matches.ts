import { type JsonObject, unreachable } from '@omen/core'
import type { CheckedFilter, IndexValue } from './filter.ts'
import { inRange } from './order.ts'

/**
 * Whether one row matches: what filters mean, in the plainest words. Indexes must give the same answer.
 *
 * A row without a field has no value that could match: `in` and `range` are false, and what negates them true. An array
 * matches when some element does.
 *
 * @param payload as it is stored
 */
export function matches(filter: CheckedFilter, id: string, payload: JsonObject): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((inner) => matches(inner, id, payload))
    case 'or':
      return filter.filters.some((inner) => matches(inner, id, payload))
    case 'not':
      return !matches(filter.filter, id, payload)
    case 'in':
      return indexValues(payload, filter.field).some((value) => filter.values.includes(value))
    case 'range':
      return indexValues(payload, filter.field).some((value) => inRange(value, filter.range))
    case 'exists':
      return payload[filter.field] !== undefined
    case 'ids':
      return filter.ids.includes(id)
    default:
      return unreachable(filter)
  }
}

/** The values of an indexed field of a row, as its index holds them: none where it has no value, each once. */
export function indexValues(payload: JsonObject, field: string): IndexValue[] {
  const value = payload[field]
  if (value === undefined) return []
  const elements = Array.isArray(value) ? [...new Set(value)] : [value]
  return elements.map((element) => (typeof element === 'string' ? element : Number(element)))
}
