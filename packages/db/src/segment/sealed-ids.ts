import { type Accelerator, type Bitset, NO_ROW, TextColumn, textEnd, textStart } from '@omen/core'
import { hashBytes } from './id-table.ts'

/** The ids of a sealed segment, read in place: no object per row. */
export class SealedIds {
  readonly rows: number
  readonly #bytes: Buffer
  readonly #ends: Uint32Array
  readonly #table: Uint32Array
  readonly #column: TextColumn

  /** The sections of `idSections`: borrowed as long as this is used. Damaged ones give wrong rows, but never an endless search. */
  constructor(bytes: Uint8Array, ends: Uint32Array, table: Uint32Array, accelerator?: Accelerator) {
    this.rows = ends.length / 2
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#ends = ends
    this.#table = table
    this.#column = new TextColumn({ bytes, ends }, accelerator)
  }

  get sizeBytes(): number {
    return this.#bytes.length + this.#ends.byteLength + this.#table.byteLength
  }

  /** The id of a row; undefined for a row that was never given out. */
  idOf(row: number): string | undefined {
    if (!(row >= 0 && row < this.rows && Number.isInteger(row))) return undefined
    return textOf(this.#bytes, this.#startOf(row), Math.min(textEnd(this.#ends, row), this.#bytes.length))
  }

  /** The ids of several rows, in a fraction of the time; undefined where they must be read one by one. */
  idsOf(rows: Uint32Array): string[] | undefined {
    const ids = this.#column.join(rows)?.slice(1, -1).split(',')
    // There are more where an id has a comma itself.
    return ids?.length === rows.length ? ids : undefined
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
    const end = textEnd(this.#ends, row)
    return end - start === wanted.length && wanted.equals(this.#bytes.subarray(start, end))
  }

  #startOf(row: number): number {
    return Math.min(textStart(this.#ends, row), this.#bytes.length)
  }
}

/** Longer texts are read as fast by the system. */
const SHORT = 32

/** UTF-8 as a string: short ASCII, as most ids are, without a call out of JavaScript, in a third of the time. */
function textOf(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte > 0x7f || end - start > SHORT) return bytes.toString('utf8', start, end)
    text += String.fromCharCode(byte)
  }
  return text
}
