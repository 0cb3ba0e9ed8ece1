import type { Bitset } from '@omen/core'
import type { Bound, IndexValue, Range } from '@omen/schema/check'
import type { FieldIndex } from './evaluate.ts'
import type { Postings } from './postings.ts'

/** The values of a field, sorted and unique. */
export interface SortedValues {
  readonly length: number
  /** Below 0 when the value at a place comes before `value`, 0 when it is it, above 0 when it comes after. */
  compare(place: number, value: IndexValue): number
}

/** The index of one payload field of a sealed segment: sorted values, and for each the rows that have it. */
export class SealedFieldIndex implements FieldIndex {
  readonly #values: SortedValues
  readonly #postings: Postings

  /** @param postings of every value in order, and last of the rows that have the field */
  constructor(values: SortedValues, postings: Postings) {
    this.#values = values
    this.#postings = postings
  }

  addIn(values: readonly IndexValue[], target: Bitset): void {
    for (const value of values) {
      const place = this.#firstFrom(value)
      if (place < this.#values.length && this.#values.compare(place, value) === 0) {
        this.#postings.addTo(target, place, place + 1)
      }
    }
  }

  addRange({ low, high }: Range, target: Bitset): void {
    const from = low ? this.#edge(low, !low.inclusive) : 0
    const to = high ? this.#edge(high, high.inclusive) : this.#values.length
    this.#postings.addTo(target, from, Math.max(from, to))
  }

  addExisting(target: Bitset): void {
    this.#postings.addTo(target, this.#values.length, this.#values.length + 1)
  }

  /** The first place of a value at or above the bound's, or, when `beyond`, above it. */
  #edge({ value }: Bound, beyond: boolean): number {
    const place = this.#firstFrom(value)
    const found = place < this.#values.length && this.#values.compare(place, value) === 0
    return found && beyond ? place + 1 : place
  }

  /** The first place of a value that does not come before this one. */
  #firstFrom(value: IndexValue): number {
    let [low, high] = [0, this.#values.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#values.compare(middle, value) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Numbers in a typed array. */
export class SortedNumbers implements SortedValues {
  readonly #numbers: Float64Array

  /** @param numbers borrowed */
  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  get length(): number {
    return this.#numbers.length
  }

  compare(place: number, value: IndexValue): number {
    return this.#numbers[place]! - Number(value)
  }
}

/** Strings in UTF-8 one after another, compared byte by byte, which is by code point. */
export class SortedTexts implements SortedValues {
  readonly #bytes: Buffer
  readonly #ends: Uint32Array
  #lastText = ''
  #lastBytes: Buffer = Buffer.alloc(0)

  /** Both are borrowed. */
  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#ends = ends
  }

  get length(): number {
    return this.#ends.length
  }

  compare(place: number, value: IndexValue): number {
    const text = String(value)
    // One search compares the same text many times.
    if (text !== this.#lastText) {
      this.#lastText = text
      this.#lastBytes = Buffer.from(text)
    }
    const start = place === 0 ? 0 : this.#ends[place - 1]!
    return this.#bytes.compare(this.#lastBytes, 0, this.#lastBytes.length, start, this.#ends[place])
  }
}
