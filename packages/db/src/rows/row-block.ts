import type { Bitset, JsonObject } from '@omen/core'

/** The vectors of one field of a block. */
export interface VectorColumn {
  /** Rows x dimension, as they were given, bit for bit; zero for a row that has none. */
  readonly values: Float32Array
  /** Rows that have a vector; undefined when all do. */
  readonly present: Bitset | undefined
}

/** A batch of rows that was checked: what one log record holds, and what a segment appends. */
export interface RowBlock {
  /** Unique in the block. */
  readonly ids: readonly string[]
  /** Every vector field of the schema. */
  readonly vectors: ReadonlyMap<string, VectorColumn>
  /** Of each row the payload fields it has, as they are stored: dates in milliseconds. */
  readonly payloads: readonly JsonObject[]
  /** Of each row the milliseconds since 1970 at which it expires, Infinity for never; undefined when none ever does. */
  readonly expiresAt: Float64Array | undefined
}
