import type { Bitset, JsonObject } from '@omen/core'
import type { CheckedFilter } from '@omen/schema/check'
import type { FieldColumn } from './field-column.ts'

/** Every row that has ever had an id in this segment, replaced and deleted ones included, in any order. */
export type RowsOfId = (id: string) => Iterable<number>

/** Payload as it is stored. */
export interface StoredPayloads {
  /** Rows there are, deleted ones included. */
  readonly rows: number
  /** The payload of a row as JSON in UTF-8: borrowed. */
  stored(row: number): Uint8Array
  /** Its fields by column, where they are at hand. */
  readonly columns?: ReadonlyMap<string, FieldColumn>
}

/** The payload of the rows of a segment. */
export interface PayloadReader extends StoredPayloads {
  /**
   * The rows whose payload matches, deleted ones included; its length is `rows`. It reads indexes alone, never the stored
   * payload, and belongs to the caller.
   */
  match(filter: CheckedFilter, rowsOfId: RowsOfId): Bitset
  /**
   * The payload fields of a row as they are stored: a copy.
   *
   * @throws OmenError `corrupt_index` when the stored bytes are damaged
   */
  payload(row: number): JsonObject
  /** The same of several rows, in a fraction of the time. */
  payloads(rows: Uint32Array): JsonObject[]
  /** Bytes held, by part. */
  readonly bytes: { readonly store: number; readonly index: number }
}
