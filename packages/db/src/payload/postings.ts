import type { Bitset } from '@omen/core'

/*
 * Sets of rows in whichever of four forms takes the fewest 32-bit words:
 *
 *   single   the row itself, in the table        list     the rows, ascending
 *   runs     pairs of first row and length       bitmap   bit r mod 32 of word ⌊r / 32⌋ is row r
 *
 * A table has two words for each set: where its words begin (for a single one: the row), and its form in the top two bits
 * with the number of words below them.
 *
 * Roaring bitmaps (of the library roaring-wasm 1.1.0) were measured against them over 1,000,000 rows: they take as much with
 * 10 values of a field, half with 1,000, twice as much with 100,000 and nearly three times as much with a value of its own
 * for every row. To bits of rows, which is all that a filter needs of them, a set of 10 % comes 6 times slower, by way of a
 * heap that must be freed by hand, and damaged ones have undefined behaviour.
 */

const SINGLE = 0
const LIST = 1
const RUNS = 2
const BITMAP = 3
const FORM_SHIFT = 30
const WORDS_MASK = 2 ** FORM_SHIFT - 1

/** Writes sets of rows one after another. */
export class PostingWriter {
  readonly #rows: number
  readonly #table: Uint32Array
  readonly #words: Uint32Array
  #sets = 0
  #at = 0

  /**
   * @param rows rows of the segment
   * @param sets how many sets will be added
   * @param entries rows that these sets have together
   */
  constructor(rows: number, sets: number, entries: number) {
    this.#rows = rows
    this.#table = new Uint32Array(sets * 2)
    // No form is chosen that takes more than a list.
    this.#words = new Uint32Array(entries)
  }

  /** Two words for each set: borrowed. */
  get table(): Uint32Array {
    return this.#table
  }

  /** The words of the sets so far: borrowed. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#at)
  }

  /** Adds the rows at `from` … `to` − 1 of a list: ascending, without repeats, and borrowed. */
  add(rows: Uint32Array, from: number, to: number): void {
    const count = to - from
    const start = this.#at
    if (count === 1) {
      this.#end(SINGLE, rows[from]!, 0)
      return
    }
    const runs = countRuns(rows, from, to)
    const bitmapWords = Math.ceil(this.#rows / 32)
    if (runs * 2 < Math.min(count, bitmapWords)) {
      this.#putRuns(rows, from, to)
      this.#end(RUNS, start, runs * 2)
    } else if (bitmapWords < count) {
      for (let i = from; i < to; i++) this.#words[start + (rows[i]! >>> 5)]! |= 1 << (rows[i]! & 31)
      this.#at += bitmapWords
      this.#end(BITMAP, start, bitmapWords)
    } else {
      this.#words.set(rows.subarray(from, to), start)
      this.#at += count
      this.#end(LIST, start, count)
    }
  }

  #putRuns(rows: Uint32Array, from: number, to: number): void {
    for (let i = from; i < to; ) {
      const first = rows[i]!
      let length = 1
      while (i + length < to && rows[i + length] === first + length) length++
      this.#words[this.#at++] = first
      this.#words[this.#at++] = length
      i += length
    }
  }

  #end(form: number, at: number, words: number): void {
    this.#table[this.#sets * 2] = at
    this.#table[this.#sets * 2 + 1] = form * 2 ** FORM_SHIFT + words
    this.#sets++
  }
}

function countRuns(rows: Uint32Array, from: number, to: number): number {
  let runs = to > from ? 1 : 0
  for (let i = from + 1; i < to; i++) if (rows[i] !== rows[i - 1]! + 1) runs++
  return runs
}

/** Sets of rows that a `PostingWriter` wrote. */
export class Postings {
  readonly #table: Uint32Array
  readonly #words: Uint32Array

  /** Both are borrowed. */
  constructor(table: Uint32Array, words: Uint32Array) {
    this.#table = table
    this.#words = words
  }

  /** Adds the rows of the sets `from` … `to` − 1 to a set that is long enough for them. */
  addTo(target: Bitset, from: number, to: number): void {
    const table = this.#table
    const bits = target.words
    for (let i = from * 2; i < to * 2; i += 2) {
      const at = table[i]!
      const end = at + (table[i + 1]! & WORDS_MASK)
      switch (table[i + 1]! >>> FORM_SHIFT) {
        case SINGLE:
          bits[at >>> 5]! |= 1 << (at & 31)
          break
        case LIST:
          addList(this.#words, at, end, bits)
          break
        case RUNS:
          addRuns(this.#words, at, end, bits)
          break
        case BITMAP:
          for (let w = at; w < end; w++) bits[w - at]! |= this.#words[w]!
      }
    }
  }
}

function addList(rows: Uint32Array, from: number, to: number, bits: Uint32Array): void {
  for (let i = from; i < to; i++) bits[rows[i]! >>> 5]! |= 1 << (rows[i]! & 31)
}

function addRuns(runs: Uint32Array, from: number, to: number, bits: Uint32Array): void {
  for (let i = from; i < to; i += 2) {
    const first = runs[i]!
    const last = first + runs[i + 1]! - 1
    const [firstWord, lastWord] = [first >>> 5, last >>> 5]
    const head = 0xffffffff << (first & 31)
    const tail = 0xffffffff >>> (31 - (last & 31))
    if (firstWord === lastWord) {
      bits[firstWord]! |= head & tail
    } else {
      bits[firstWord]! |= head
      bits.fill(0xffffffff, firstWord + 1, lastWord)
      bits[lastWord]! |= tail
    }
  }
}
