import type { JsonObject, JsonValue } from '@omen/core'
import {
  type CheckedSchema,
  checkId,
  checkKeys,
  copyVector,
  expected,
  expiryOf,
  inRow,
  missing,
  storedValue,
} from '@omen/schema/check'
import { BlockBuilder, type RowBlock } from './row-block.ts'

/** A change to one row that was checked: of each field it names the new value, undefined for none. */
export interface CheckedChange {
  readonly id: string
  readonly payload: ReadonlyMap<string, JsonValue | undefined>
  readonly vectors: ReadonlyMap<string, Float32Array | undefined>
  /** Milliseconds since 1970; undefined to leave it as it is. */
  readonly expiresAt: number | undefined
}

/** A row as it is stored, to be changed. */
export interface StoredRow {
  readonly payload: JsonObject
  /** Borrowed. */
  readonly vector: (field: string) => Float32Array | undefined
  readonly expiresAt: number
}

/**
 * Checks partial rows, and copies what they say.
 *
 * @param changes as the user gave them: borrowed until this returns
 * @param now milliseconds since 1970 that `$ttlMs` counts from
 * @throws OmenError as `rowBlock`
 */
export function checkChanges(
  schema: CheckedSchema,
  changes: readonly unknown[],
  now: number = Date.now(),
): CheckedChange[] {
  if (!Array.isArray(changes)) throw expected('an array of changes', changes)
  return changes.map((change: unknown, index) =>
    inRow(index, change, (at) => checkChange(schema, change, now, at)),
  )
}

function checkChange(
  schema: CheckedSchema,
  change: unknown,
  now: number,
  at: (field: string) => void,
): CheckedChange {
  checkKeys(schema, change)
  const id = checkId(change.id)
  const payload = new Map<string, JsonValue | undefined>()
  const vectors = new Map<string, Float32Array | undefined>()
  for (const [name, field] of schema.fields) {
    const value = change[name]
    if (value === undefined) continue
    at(name)
    if (value === null && !field.optional) throw missing()
    if (field.kind !== 'vector') payload.set(name, value === null ? undefined : storedValue(field, value))
    else if (value === null) vectors.set(name, undefined)
    else {
      const copy = new Float32Array(field.dimension)
      copyVector(field, value, copy, 0)
      vectors.set(name, copy)
    }
  }
  return { id, payload, vectors, expiresAt: expiryOf(change, now) }
}

/**
 * The rows that changes make of stored ones: what is logged in place of the changes.
 *
 * @param rows the stored row of each change, in the same order
 * @throws OmenError `invalid_argument` when two changes are for one id
 */
export function changedBlock(
  schema: CheckedSchema,
  changes: readonly CheckedChange[],
  rows: readonly StoredRow[],
): RowBlock {
  const builder = new BlockBuilder(schema, changes.length)
  for (const [index, change] of changes.entries()) {
    const row = rows[index]
    if (!row) throw expected('a stored row for every change', rows.length)
    inRow(index, change, () => {
      builder.add(change.id, changedPayload(row.payload, change), change.expiresAt ?? row.expiresAt)
      for (const name of schema.vectors.keys()) {
        const value = change.vectors.has(name) ? change.vectors.get(name) : row.vector(name)
        if (value) builder.vector(name, value)
        else builder.withoutVector(name)
      }
    })
  }
  return builder.block()
}

function changedPayload(stored: JsonObject, change: CheckedChange): JsonObject {
  const payload: Record<string, JsonValue> = { ...stored }
  for (const [name, value] of change.payload) {
    if (value === undefined) delete payload[name]
    else payload[name] = value
  }
  return payload
}
