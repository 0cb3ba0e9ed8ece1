import type { Accelerator } from './accelerator.ts'
import { OmenError } from './errors.ts'

/** A chunk holds 2^14 rows: small enough that a little index stays little, large enough for huge pages. */
export const CHUNK_SHIFT = 14
export const CHUNK_ROWS: number = 1 << CHUNK_SHIFT
export const CHUNK_MASK: number = CHUNK_ROWS - 1

const HUGE_PAGE_BYTES = 2 << 20
/** What chunks on huge pages are allocated by, where one chunk is not larger. */
const MAX_ALLOCATION_BYTES = 8 << 20

/** The row number that is no row: it ends a list of neighbours and fills the missing results of a batch search. */
export const NO_ROW = 0xffffffff

/**
 * Fixed-size rows of bytes in chunks of `CHUNK_ROWS`, read by TypeScript and C++ alike.
 *
 * It grows by whole chunks, so nothing is ever copied and no address ever changes; the pages of a chunk are
 * committed by the operating system when first touched, so an unfilled chunk costs no memory.
 */
export class Slab {
  readonly bytesPerRow: number
  /** The chunks' bytes, each `CHUNK_ROWS * bytesPerRow` long; the last of a slab over given bytes may be shorter. */
  readonly chunks: Uint8Array[] = []
  /** The same chunks as unsigned 32-bit words; empty where `bytesPerRow` is not a multiple of 4. */
  readonly words: Uint32Array[] = []
  readonly #accelerator: Accelerator | undefined
  readonly #fill: number
  /** Memory of its own, as the accelerator gave it. */
  readonly #buffers: ArrayBuffer[] = []
  readonly #followers: ((chunk: Uint8Array) => void)[] = []
  /** The bytes that it lies over, where it does not own its memory. */
  #given: Uint8Array | undefined

  /** @param fill byte that new rows consist of */
  constructor(bytesPerRow: number, options: { accelerator?: Accelerator | undefined; fill?: number } = {}) {
    this.bytesPerRow = bytesPerRow
    this.#accelerator = options.accelerator
    this.#fill = options.fill ?? 0
  }

  /**
   * A slab over bytes that lie somewhere already, such as a mapped file: so many whole rows, one after the other. It does
   * not grow, and is not to be written where the bytes are not.
   *
   * @param bytes borrowed as long as the slab is used; they begin at a multiple of 4 where `bytesPerRow` is one
   */
  static over(bytesPerRow: number, bytes: Uint8Array): Slab {
    const slab = new Slab(bytesPerRow)
    slab.#given = bytes
    for (let at = 0; at < bytes.length; at += CHUNK_ROWS * bytesPerRow) {
      slab.#add(bytes.subarray(at, at + CHUNK_ROWS * bytesPerRow))
    }
    return slab
  }

  /** The bytes that `over` was given; undefined for a slab of its own. */
  get given(): Uint8Array | undefined {
    return this.#given
  }

  /** Tells somebody of every chunk there is and will be: how the accelerator learns their addresses. */
  follow(follower: (chunk: Uint8Array) => void): void {
    this.#followers.push(follower)
    for (const chunk of this.chunks) follower(chunk)
  }

  /** Rows there is room for. */
  get capacity(): number {
    return this.#given ? this.#given.length / this.bytesPerRow : this.chunks.length * CHUNK_ROWS
  }

  /** Bytes that `rows` rows take. */
  bytesFor(rows: number): number {
    return rows * this.bytesPerRow
  }

  /**
   * Makes room for rows 0 … rows − 1.
   *
   * @throws OmenError `read_only` for a slab over given bytes that has less
   */
  ensure(rows: number): void {
    if (this.#given && rows > this.capacity) throw new OmenError('read_only', 'a slab over given bytes grew')
    while (this.capacity < rows) {
      const bytes = CHUNK_ROWS * this.bytesPerRow
      // Several chunks at a time lie on huge pages, since one alone may be smaller than such a page, or leave much of its
      // last one over. A slab that has fewer bytes than one is not worth it: small indexes stay small.
      const needed = Math.max(rows - this.capacity, this.capacity) * this.bytesPerRow
      const huge = this.#accelerator !== undefined && needed >= HUGE_PAGE_BYTES
      const count = huge ? Math.ceil(Math.min(needed, MAX_ALLOCATION_BYTES) / bytes) : 1
      const buffer = this.#accelerator?.allocate(count * bytes, huge) ?? new ArrayBuffer(bytes)
      this.#buffers.push(buffer)
      for (let i = 0; i < count; i++) {
        this.#add(new Uint8Array(buffer, i * bytes, bytes))
      }
    }
  }

  /** Gives its own memory back: nobody may read or write it any more, through its chunks or by their addresses. */
  free(): void {
    this.chunks.length = this.words.length = 0
    for (const buffer of this.#buffers.splice(0)) this.#accelerator?.free(buffer)
  }

  #add(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    if (this.bytesPerRow % 4 === 0) {
      this.words.push(new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4))
    }
    for (const follower of this.#followers) follower(chunk)
  }

  /** Fills row numbers `from` … `to` − 1 with the slab's fill byte. */
  clear(from: number, to: number): void {
    for (let row = from; row < to; ) {
      const end = Math.min(to, (row | CHUNK_MASK) + 1)
      const chunk = this.chunks[row >>> CHUNK_SHIFT] as Uint8Array
      const first = row & CHUNK_MASK
      chunk.fill(this.#fill, first * this.bytesPerRow, (first + end - row) * this.bytesPerRow)
      row = end
    }
  }

  /** A view of one row's bytes: borrowed, valid as long as the slab. */
  row(row: number): Uint8Array {
    const chunk = this.chunks[row >>> CHUNK_SHIFT] as Uint8Array
    const start = (row & CHUNK_MASK) * this.bytesPerRow
    return chunk.subarray(start, start + this.bytesPerRow)
  }

  /** The bytes of rows 0 … rows − 1 in order, as one view per chunk: borrowed. */
  *parts(rows: number): Generator<Uint8Array, void, undefined> {
    for (let start = 0; start < rows; start += CHUNK_ROWS) {
      const chunk = this.chunks[start >>> CHUNK_SHIFT] as Uint8Array
      yield chunk.subarray(0, Math.min(CHUNK_ROWS, rows - start) * this.bytesPerRow)
    }
  }
}
