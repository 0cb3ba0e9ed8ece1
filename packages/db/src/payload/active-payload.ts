import { type Bitset, type JsonObject, OmenError } from '@omen/core'
import type { CheckedFilter } from '../filter/filter.ts'
import type { CheckedSchema } from '../schema/check-schema.ts'
import { evaluate } from './evaluate.ts'
import { FieldColumn } from './field-column.ts'
import type { PayloadReader, RowsOfId } from './payload.ts'

const utf8 = new TextEncoder()

/** The payload of a segment that rows are still added to, in memory. */
export class ActivePayload implements PayloadReader {
  readonly columns: ReadonlyMap<string, FieldColumn>
  readonly #texts: string[] = []
  #storeBytes = 0

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
    return { store: this.#storeBytes, index }
  }

  /**
   * Adds rows behind those there are.
   *
   * @param payloads as `rowBlock` checked them: nothing of them is kept
   */
  append(payloads: readonly JsonObject[]): void {
    for (const payload of payloads) {
      const text = JSON.stringify(payload)
      for (const column of this.columns.values()) column.add(this.rows, payload)
      this.#texts.push(text)
      // V8 keeps a character in one byte, or in two where one of the text needs it; this is what most texts take.
      this.#storeBytes += text.length
    }
  }

  match(filter: CheckedFilter, rowsOfId: RowsOfId): Bitset {
    return evaluate(filter, this.rows, this.columns, rowsOfId)
  }

  payload(row: number): JsonObject {
    return JSON.parse(this.#text(row)) as JsonObject
  }

  stored(row: number): Uint8Array {
    return utf8.encode(this.#text(row))
  }

  #text(row: number): string {
    const text = this.#texts[row]
    if (text === undefined) throw new OmenError('unknown_row', `there is no row ${row} of ${this.rows}`)
    return text
  }
}
