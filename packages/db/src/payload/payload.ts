import type { Bitset, JsonObject } from '@omen/core'
import type { CheckedFilter } from '../filter/filter.ts'

/** Every row that has ever had an id in this segment, replaced and deleted ones included, in any order. */
export type RowsOfId = (id: string) => Iterable<number>

/** The payload of the rows of a segment. */
export interface PayloadReader {
  /** Rows there are, deleted ones included. */
  readonly rows: number
  /**
   * The rows whose payload matches, deleted ones included; its length is `rows`. It reads indexes alone, never the stored
   * payload, and belongs to the caller.
   */
  match(filter: CheckedFilter, rowsOfId: RowsOfId): Bitset
  /** The payload fields of a row as they are stored: a copy. */
  payload(row: number): JsonObject
  /** Bytes held, by part. */
  readonly bytes: { readonly store: number; readonly index: number }
}
