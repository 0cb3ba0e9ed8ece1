import type { Bitset, JsonObject } from '@omen/core'
import type { CheckedFilter, CheckedSchema } from '@omen/schema/check'
import { evaluate } from './evaluate.ts'
import { FieldColumn } from './field-column.ts'
import type { PayloadReader, RowsOfId } from './payload.ts'
import { RowTexts } from './row-texts.ts'
import { parsePayload } from './store.ts'

/** The payload of a segment that rows are still added to, in memory. */
export class ActivePayload implements PayloadReader {
  readonly columns: ReadonlyMap<string, FieldColumn>
  readonly #texts: RowTexts = new RowTexts()

  constructor(schema: CheckedSchema) {
    this.columns = new Map(
      [...schema.payload].map(([name, { index }]) => [name, new FieldColumn(name, index)]),
    )
  }

  get rows(): number {
    return this.#texts.length
  }

  get bytes(): { readonly store: number; readonly index: number } {
    let index = 0
    for (const column of this.columns.values()) index += column.sizeBytes
    return { store: this.#texts.sizeBytes, index }
  }

  /**
   * Adds rows behind those there are.
   *
   * @param payloads as `rowBlock` checked them: nothing of them is kept
   */
  append(payloads: readonly JsonObject[]): void {
    for (const payload of payloads) {
      for (const column of this.columns.values()) column.add(this.rows, payload)
      this.#texts.push(JSON.stringify(payload))
    }
  }

  match(filter: CheckedFilter, rowsOfId: RowsOfId): Bitset {
    return evaluate(filter, this.rows, this.columns, rowsOfId)
  }

  payload(row: number): JsonObject {
    return parsePayload(this.#texts.get(row), row)
  }

  payloads(rows: Uint32Array): JsonObject[] {
    return Array.from(rows, (row) => this.payload(row))
  }

  stored(row: number): Uint8Array {
    return this.#texts.get(row)
  }
}
