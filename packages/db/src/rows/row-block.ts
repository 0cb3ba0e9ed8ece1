import { Bitset, type JsonObject, OmenError } from '@omen/core'
import {
  type CheckedSchema,
  checkId,
  checkKeys,
  copyVector,
  expected,
  expiryOf,
  inRow,
  missing,
  NEVER,
  payloadOf,
} from '@omen/schema/check'

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

/** Rows in one batch: it is checked and written at once. */
const MAX_BLOCK_ROWS = 131_072

/**
 * Checks a batch of rows and copies it into a block: all of it, or an error.
 *
 * @param rows as the user gave them: borrowed until this returns, nothing of them is kept
 * @param now milliseconds since 1970 that `$ttlMs` counts from
 * @throws OmenError `invalid_argument`, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`, naming row and
 * field
 */
export function rowBlock(
  schema: CheckedSchema,
  rows: readonly unknown[],
  now: number = Date.now(),
): RowBlock {
  if (!Array.isArray(rows)) throw expected('an array of rows', rows)
  if (rows.length > MAX_BLOCK_ROWS) {
    throw expected(`at most ${MAX_BLOCK_ROWS} rows in one batch: split it`, rows.length)
  }
  const builder = new BlockBuilder(schema, rows.length)
  for (const [index, row] of rows.entries()) {
    inRow(index, row, (at) => {
      checkKeys(schema, row)
      builder.add(checkId(row.id), payloadOf(schema, row, at), expiryOf(row, now) ?? NEVER)
      for (const [name, field] of schema.vectors) {
        at(name)
        const value = row[name]
        if (value !== undefined && value !== null) builder.vector(name, value)
        else if (field.optional) builder.withoutVector(name)
        else throw missing()
      }
    })
  }
  return builder.block()
}

/** Fills a block row by row. */
export class BlockBuilder {
  readonly #schema: CheckedSchema
  readonly #capacity: number
  readonly #ids: string[] = []
  readonly #seen: Set<string> = new Set()
  readonly #payloads: JsonObject[] = []
  readonly #values: Map<string, Float32Array> = new Map()
  readonly #present: Map<string, Bitset> = new Map()
  #expiresAt: Float64Array | undefined

  /** @param capacity rows that will be added */
  constructor(schema: CheckedSchema, capacity: number) {
    this.#schema = schema
    this.#capacity = capacity
    for (const [name, { dimension }] of schema.vectors) {
      this.#values.set(name, new Float32Array(capacity * dimension))
    }
  }

  /**
   * Begins a row, to which the following calls add its vectors.
   *
   * @param payload kept
   * @throws OmenError `invalid_argument` for an id that the block has already
   */
  add(id: string, payload: JsonObject, expiresAt: number): void {
    if (this.#seen.has(id)) {
      throw new OmenError('invalid_argument', 'a row before it has the same id: ids are unique in one batch')
    }
    this.#seen.add(id)
    this.#ids.push(id)
    this.#payloads.push(payload)
    if (expiresAt !== NEVER) {
      this.#expiresAt ??= new Float64Array(this.#capacity).fill(NEVER)
      this.#expiresAt[this.#ids.length - 1] = expiresAt
    }
  }

  /**
   * Gives the row a vector, of a field that the schema has.
   *
   * @throws OmenError as `copyVector`
   */
  vector(name: string, value: unknown): void {
    const field = this.#schema.vectors.get(name)
    const values = this.#values.get(name)
    if (!field || !values) throw new OmenError('unknown_field', `there is no vector field ${name}`)
    copyVector(field, value, values, (this.#ids.length - 1) * field.dimension)
  }

  withoutVector(name: string): void {
    const present = this.#present.get(name) ?? Bitset.full(this.#capacity)
    this.#present.set(name, present)
    present.clear(this.#ids.length - 1)
  }

  block(): RowBlock {
    const vectors = new Map<string, VectorColumn>()
    for (const [name, values] of this.#values) {
      vectors.set(name, { values, present: this.#present.get(name) })
    }
    return { ids: this.#ids, vectors, payloads: this.#payloads, expiresAt: this.#expiresAt }
  }
}
