import { Bitset, OmenError, unreachable } from '@omen/core'
import type { CheckedFilter, IndexValue, Range } from '@omen/schema/check'
import type { RowsOfId } from './payload.ts'

/** The index of one payload field. Each call adds rows to a set that is long enough. */
export interface FieldIndex {
  /** Rows with one of the values, which are sorted and unique. */
  addIn(values: readonly IndexValue[], target: Bitset): void
  /** Rows with a value between the bounds. */
  addRange(range: Range, target: Bitset): void
  /** Rows that have the field. */
  addExisting(target: Bitset): void
}

/**
 * The rows that match a filter, out of the indexes of its fields.
 *
 * @param rows length of the result
 */
export function evaluate(
  filter: CheckedFilter,
  rows: number,
  indexes: ReadonlyMap<string, FieldIndex>,
  rowsOfId: RowsOfId,
): Bitset {
  const run = (inner: CheckedFilter): Bitset => evaluate(inner, rows, indexes, rowsOfId)
  const collect = (field: string, add: (index: FieldIndex, target: Bitset) => void): Bitset => {
    const index = indexes.get(field)
    if (!index) throw new OmenError('unknown_field', `this segment has no index of field ${field}`)
    const target = new Bitset(rows)
    add(index, target)
    return target
  }
  switch (filter.kind) {
    case 'and': {
      const [first, ...others] = filter.filters
      return others.reduce((found, inner) => found.and(run(inner)), first ? run(first) : Bitset.full(rows))
    }
    case 'or': {
      const [first, ...others] = filter.filters
      return others.reduce((found, inner) => found.or(run(inner)), first ? run(first) : new Bitset(rows))
    }
    case 'not':
      return run(filter.filter).not()
    case 'in':
      return collect(filter.field, (index, target) => index.addIn(filter.values, target))
    case 'range':
      return collect(filter.field, (index, target) => index.addRange(filter.range, target))
    case 'exists':
      return collect(filter.field, (index, target) => index.addExisting(target))
    case 'ids': {
      const target = new Bitset(rows)
      for (const id of filter.ids) for (const row of rowsOfId(id)) if (row < rows) target.set(row)
      return target
    }
    default:
      return unreachable(filter)
  }
}
