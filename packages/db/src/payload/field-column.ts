import { Bitset, type JsonObject } from '@omen/core'
import { type IndexValue, indexValues, type Range, rangeTest } from '@omen/schema/check'
import type { FieldIndex } from './evaluate.ts'
import { GrowingU32 } from './growing.ts'

/**
 * One payload field of rows that are still being added: pairs of row and value, in the order of rows, the values by number.
 * A match looks at every pair, about a nanosecond each: for the 131,072 rows that a segment grows to that is as fast as
 * sorted indexes would have to be, and adding costs nothing but two numbers.
 */
export class FieldColumn implements FieldIndex {
  /** Whether its values are kept, or only which rows have some. */
  readonly indexed: boolean
  readonly #name: string
  readonly #codes: Map<IndexValue, number> = new Map()
  readonly #values: IndexValue[] = []
  readonly #rows: GrowingU32 = new GrowingU32()
  readonly #rowCodes: GrowingU32 = new GrowingU32()
  readonly #existing: Bitset = new Bitset()
  #valueBytes = 0

  constructor(name: string, indexed: boolean) {
    this.#name = name
    this.indexed = indexed
  }

  /** The values there are, each once; the number of a value is its place. */
  get values(): readonly IndexValue[] {
    return this.#values
  }

  /** The row of each pair, ascending. */
  get rows(): Uint32Array {
    return this.#rows.values
  }

  /** The number of the value of each pair. */
  get rowCodes(): Uint32Array {
    return this.#rowCodes.values
  }

  get existing(): Bitset {
    return this.#existing
  }

  /** Bytes held: of a value that is a string, two a character; the map that finds values is estimated. */
  get sizeBytes(): number {
    return this.#rows.sizeBytes + this.#rowCodes.sizeBytes + this.#existing.sizeBytes + this.#valueBytes
  }

  /** Adds what a row has of this field; rows come in ascending order. */
  add(row: number, payload: JsonObject): void {
    this.#existing.grow(row + 1)
    if (payload[this.#name] === undefined) return
    this.#existing.set(row)
    if (!this.indexed) return
    for (const value of indexValues(payload, this.#name)) {
      this.#rows.push(row)
      this.#rowCodes.push(this.#codeOf(value))
    }
  }

  addIn(values: readonly IndexValue[], target: Bitset): void {
    const wanted = new Uint8Array(this.#values.length)
    for (const value of values) {
      const code = this.#codes.get(value)
      if (code !== undefined) wanted[code] = 1
    }
    this.#addWanted(wanted, target)
  }

  addRange(range: Range, target: Bitset): void {
    const values = this.#values
    const wanted = new Uint8Array(values.length)
    const test = rangeTest(range)
    for (let code = 0; code < values.length; code++) if (test(values[code]!)) wanted[code] = 1
    this.#addWanted(wanted, target)
  }

  addExisting(target: Bitset): void {
    target.or(this.#existing)
  }

  /** @param wanted of each value whether its rows are wanted */
  #addWanted(wanted: Uint8Array, target: Bitset): void {
    const bits = target.words
    const rows = this.rows
    const codes = this.rowCodes
    for (let i = 0; i < rows.length; i++) {
      if (wanted[codes[i]!] === 1) bits[rows[i]! >>> 5]! |= 1 << (rows[i]! & 31)
    }
  }

  #codeOf(value: IndexValue): number {
    const known = this.#codes.get(value)
    if (known !== undefined) return known
    const code = this.#values.length
    this.#codes.set(value, code)
    this.#values.push(value)
    this.#valueBytes += MAP_ENTRY_BYTES + (typeof value === 'string' ? value.length * 2 : 8)
    return code
  }
}

/** What a map and an array take for an entry, about. */
const MAP_ENTRY_BYTES = 48
