import { type Bitset, NO_ROW } from '@omen/core'
import { hashBytes } from './id-table.ts'

/** The ids of a sealed segment, read in place: no object per row. */
export class SealedIds {
  readonly rows: number
  readonly #bytes: Uint8Array
  readonly #ends: Uint32Array
  readonly #table: Uint32Array

  /** The sections of `idSections`: borrowed as long as this is used. Damaged ones give wrong rows, but never an endless search. */
  constructor(bytes: Uint8Array, ends: Uint32Array, table: Uint32Array) {
    this.rows = ends.length / 2
    this.#bytes = bytes
    this.#ends = ends
    this.#table = table
  }

  get sizeBytes(): number {
    return this.#bytes.length + this.#ends.byteLength + this.#table.byteLength
  }

  /** The id of a row; undefined for a row that was never given out. */
  idOf(row: number): string | undefined {
    if (!(row >= 0 && row < this.rows && Number.isInteger(row))) return undefined
    const { buffer, byteOffset } = this.#bytes
    const start = this.#startOf(row)
    const length = Math.max(0, Math.min(this.#endOf(row), this.#bytes.length) - start)
    return Buffer.from(buffer, byteOffset + start, length).toString()
  }

  find(id: string, accept: Bitset | undefined): number {
    for (const row of this.rowsOf(id)) if (!accept || accept.has(row)) return row
    return NO_ROW
  }

  *rowsOf(id: string): Generator<number, void, undefined> {
    const table = this.#table
    if (table.length === 0) return
    const wanted = Buffer.from(id)
    const mask = table.length - 1
    let place = hashBytes(wanted, 0, wanted.length) & mask
    for (let probes = 0; probes < table.length; probes++) {
      const row = table[place] as number
      if (row === NO_ROW) return
      if (row < this.rows && this.#is(row, wanted)) yield row
      place = (place + 1) & mask
    }
  }

  #is(row: number, wanted: Buffer): boolean {
    const start = this.#startOf(row)
    const end = this.#endOf(row)
    return end - start === wanted.length && wanted.equals(this.#bytes.subarray(start, end))
  }

  #startOf(row: number): number {
    return Math.min(row === 0 ? 0 : this.#endOf(row - 1), this.#bytes.length)
  }

  #endOf(row: number): number {
    return (this.#ends[row * 2] as number) + (this.#ends[row * 2 + 1] as number) * 2 ** 32
  }
}
