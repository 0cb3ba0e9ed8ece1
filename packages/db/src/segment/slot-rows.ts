import { Bitset, NO_ROW } from '@omen/core'

/** Which rows of a segment have a vector: slot by slot, ascending. It costs nothing while every row has one. */
export class SlotRows {
  /** Row of each slot; undefined while slot and row are the same number. */
  #rows: Uint32Array | undefined
  #count: number
  /** What was translated: bitsets are never changed once they were passed to a search. */
  readonly #translated: WeakMap<Bitset, Bitset> = new WeakMap()

  /** @param rows the row of each slot, ascending: borrowed; every slot is the row of its number when left out */
  constructor(count = 0, rows?: Uint32Array) {
    this.#count = count
    this.#rows = rows
  }

  get count(): number {
    return this.#count
  }

  /** The row of each slot: borrowed. Undefined where slot and row are the same number. */
  get list(): Uint32Array | undefined {
    return this.#rows?.subarray(0, this.#count)
  }

  get bytes(): number {
    return this.#rows?.byteLength ?? 0
  }

  /** Appends those of rows `from` … `from + rows − 1` that have a vector: bit i of `present` for row from + i. */
  append(present: Bitset | undefined, from: number, rows: number): void {
    if (!this.#rows && from === this.#count && !(present && present.count() < rows)) {
      this.#count += rows
      return
    }
    this.#reserve(this.#count + rows)
    const list = this.#rows as Uint32Array
    for (let i = 0; i < rows; i++) if (!present || present.has(i)) list[this.#count++] = from + i
  }

  #reserve(slots: number): void {
    const old = this.#rows
    if (old && old.length >= slots) return
    const list = new Uint32Array(Math.max(slots, Math.ceil((old?.length ?? 0) * 1.5)))
    if (old) list.set(old)
    else for (let slot = 0; slot < this.#count; slot++) list[slot] = slot
    this.#rows = list
  }

  rowOf(slot: number): number {
    return this.#rows ? (this.#rows[slot] as number) : slot
  }

  /** The slot of a row, or `NO_ROW` where the row has no vector. */
  slotOf(row: number): number {
    const slot = this.below(row)
    return slot < this.#count && this.rowOf(slot) === row ? slot : NO_ROW
  }

  /** How many slots belong to rows below `row`. */
  below(row: number): number {
    const rows = this.#rows
    if (!rows) return Math.min(row, this.#count)
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((rows[middle] as number) < row) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Turns slots into rows, in place. */
  toRows(slots: Uint32Array): void {
    if (!this.#rows) return
    for (let i = 0; i < slots.length; i++) slots[i] = this.#rows[slots[i] as number] as number
  }

  /** The slots of a set of rows: the same set where slot and row are the same number, else kept for the next search. */
  accepted(rows: Bitset): Bitset {
    const list = this.#rows
    if (!list) return rows
    const known = this.#translated.get(rows)
    if (known) return known
    const end = this.below(rows.length)
    const words = new Uint32Array(Math.ceil(end / 32))
    const accepted = rows.words
    for (let slot = 0; slot < end; slot++) {
      const row = list[slot] as number
      if (((accepted[row >>> 5] as number) >>> (row & 31)) & 1) {
        words[slot >>> 5] = (words[slot >>> 5] as number) | (1 << (slot & 31))
      }
    }
    const slots = Bitset.fromWords(words, end)
    this.#translated.set(rows, slots)
    return slots
  }
}
