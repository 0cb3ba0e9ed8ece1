import { type Bitset, NO_ROW } from '@omen/core'

/** The ids of a growing segment: of each row its id, of each id its rows. */
export class ActiveIds {
  readonly #ids: string[] = []
  /** The newest row of each id. */
  readonly #newest: Map<string, number> = new Map()
  /** The row that had the same id before: of replaced rows alone. */
  readonly #older: Map<number, number> = new Map()
  #characters = 0

  get rows(): number {
    return this.#ids.length
  }

  /** About what the ids take in memory. */
  get bytes(): number {
    return this.#characters * 2 + this.#ids.length * ENTRY_BYTES + this.#older.size * ENTRY_BYTES
  }

  append(ids: readonly string[]): void {
    for (const id of ids) {
      const row = this.#ids.length
      const older = this.#newest.get(id)
      if (older !== undefined) this.#older.set(row, older)
      this.#newest.set(id, row)
      this.#ids.push(id)
      this.#characters += id.length
    }
  }

  idOf(row: number): string | undefined {
    return this.#ids[row]
  }

  find(id: string, accept: Bitset | undefined): number {
    for (const row of this.rowsOf(id)) if (!accept || accept.has(row)) return row
    return NO_ROW
  }

  /** The rows of an id, newest first. */
  *rowsOf(id: string): Generator<number, void, undefined> {
    for (let row = this.#newest.get(id); row !== undefined; row = this.#older.get(row)) yield row
  }
}

/** What an entry takes beside its characters: a string's header, a place in the list and one in a map. */
const ENTRY_BYTES = 72
