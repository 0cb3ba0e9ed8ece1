import { OmenError } from './errors.ts'

/**
 * A set of row numbers, one bit each: which rows a search may return, which are alive.
 *
 * Bits at and beyond `length` are always zero, so `words` can be read as it is.
 */
export class Bitset {
  #words: Uint32Array
  #length: number
  /** How many bits are set, as far as it was asked for since the last change. */
  #count: number | undefined

  /**
   * An empty set for rows 0 … length − 1.
   *
   * @throws OmenError `invalid_argument` for a length that is no whole number from 0 to 2^32
   */
  constructor(length = 0) {
    checkLength(length)
    this.#length = length
    this.#words = new Uint32Array(wordsFor(length))
  }

  /**
   * The set of the given rows.
   *
   * @param length bits of the set; one more than the largest row when left out
   * @throws OmenError `out_of_range` for a row at or beyond the length
   */
  static fromRows(rows: Iterable<number>, length?: number): Bitset {
    const bitset = new Bitset(length ?? 0)
    for (const row of rows) {
      if (length === undefined && row >= bitset.length) bitset.grow(row + 1)
      bitset.set(row)
    }
    return bitset
  }

  /** The set of all rows 0 … length − 1. */
  static full(length: number): Bitset {
    return new Bitset(length).not()
  }

  /**
   * The set that `words` spells: bit r of the set is bit r mod 32 of word ⌊r / 32⌋.
   *
   * @param words copied; bits beyond `length` are dropped, missing words are zero
   */
  static fromWords(words: Uint32Array, length: number): Bitset {
    const bitset = new Bitset(length)
    bitset.#words.set(words.subarray(0, bitset.#words.length))
    bitset.#trim()
    return bitset
  }

  /** Bits there is room for. */
  get length(): number {
    return this.#length
  }

  /** The bits, 32 a word, possibly with zero words after the last: borrowed, and not to be changed, and replaced when the set grows. */
  get words(): Uint32Array {
    return this.#words
  }

  get sizeBytes(): number {
    return this.#words.byteLength
  }

  /** @throws OmenError `out_of_range` for a bit outside 0 … length − 1 */
  set(bit: number): void {
    this.#check(bit)
    this.#count = undefined
    const word = bit >>> 5
    this.#words[word] = (this.#words[word] as number) | (1 << (bit & 31))
  }

  /** @throws OmenError `out_of_range` for a bit outside 0 … length − 1 */
  clear(bit: number): void {
    this.#check(bit)
    this.#count = undefined
    const word = bit >>> 5
    this.#words[word] = (this.#words[word] as number) & ~(1 << (bit & 31))
  }

  /** Whether the bit is set; false for anything that is no whole number from 0 to length − 1. */
  has(bit: number): boolean {
    return (
      bit >>> 0 === bit &&
      bit < this.#length &&
      (((this.#words[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1
    )
  }

  /** How many bits are set: counted when asked for the first time after a change. */
  count(): number {
    this.#count ??= countBits(this.#words)
    return this.#count
  }

  /** Keeps what is also in `other`; a row beyond the other's length is not. Changes this set, and returns it. */
  and(other: Bitset): this {
    const words = this.#words
    this.#count = undefined
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) & (other.#words[i] ?? 0)
    return this
  }

  /** Drops what is in `other`. Changes this set, and returns it. */
  andNot(other: Bitset): this {
    const words = this.#words
    this.#count = undefined
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) & ~(other.#words[i] ?? 0)
    return this
  }

  /** Adds what is in `other`, growing to its length. Changes this set, and returns it. */
  or(other: Bitset): this {
    this.grow(other.#length)
    this.#count = undefined
    const words = this.#words
    const count = wordsFor(other.#length)
    for (let i = 0; i < count; i++) words[i] = (words[i] as number) | (other.#words[i] as number)
    return this
  }

  /** Turns every bit below `length`. Changes this set, and returns it. */
  not(): this {
    const words = this.#words
    this.#count = undefined
    for (let i = 0; i < words.length; i++) words[i] = ~(words[i] as number)
    this.#trim()
    return this
  }

  clone(): Bitset {
    return Bitset.fromWords(this.#words, this.#length)
  }

  /** Makes room for bits 0 … length − 1; new bits are clear. A smaller length changes nothing. */
  grow(length: number): void {
    checkLength(length)
    if (length <= this.#length) return
    const needed = wordsFor(length)
    if (needed > this.#words.length) {
      const words = new Uint32Array(Math.max(needed, Math.ceil(this.#words.length * 1.5)))
      words.set(this.#words)
      this.#words = words
    }
    this.#length = length
  }

  /** The set bits in ascending order. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let i = 0; i < this.#words.length; i++) {
      let word = this.#words[i] as number
      while (word !== 0) {
        yield i * 32 + 31 - Math.clz32(word & -word)
        word &= word - 1
      }
    }
  }

  #check(bit: number): void {
    if (!(bit >= 0 && bit < this.#length && Number.isInteger(bit))) {
      throw new OmenError('out_of_range', `bit ${String(bit)} is outside a bitset of length ${this.#length}`)
    }
  }

  #trim(): void {
    const last = this.#length >>> 5
    this.#words.fill(0, wordsFor(this.#length))
    if (this.#length % 32 !== 0) {
      this.#words[last] = (this.#words[last] as number) & (0xffffffff >>> (32 - (this.#length % 32)))
    }
  }
}

/** Counts a signed view: arithmetic on words above 2^31 as unsigned numbers would be several times slower. */
function countBits(words: Uint32Array): number {
  const signed = new Int32Array(words.buffer, words.byteOffset, words.length)
  let total = 0
  for (let i = 0; i < signed.length; i++) total += populationCount(signed[i] as number)
  return total
}

/** How many bits of a 32-bit word are set. */
export function populationCount(word: number): number {
  let x = word
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}

const MAX_LENGTH = 2 ** 32

function wordsFor(length: number): number {
  return Math.ceil(length / 32)
}

function checkLength(length: number): void {
  if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH) {
    throw new OmenError(
      'invalid_argument',
      `length of a bitset must be a whole number from 0 to 2^32, got ${String(length)}`,
    )
  }
}
