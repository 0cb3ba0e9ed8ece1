import { OmenError } from '@omen/core'
import { GrowingU32 } from './growing.ts'

/** A chunk is as large as all before it, within these: small collections stay small, and nothing is ever copied. */
const MIN_CHUNK_BYTES = 1 << 10
const MAX_CHUNK_BYTES = 1 << 20
const utf8 = new TextEncoder()

/** A text of each row in UTF-8, outside of the heap that the garbage collector walks. */
export class RowTexts {
  readonly #chunks: Uint8Array[] = []
  readonly #chunkOf: GrowingU32 = new GrowingU32()
  readonly #starts: GrowingU32 = new GrowingU32()
  readonly #ends: GrowingU32 = new GrowingU32()
  #chunkBytes = 0
  /** Bytes of the last chunk that are taken. */
  #used = 0

  get length(): number {
    return this.#ends.length
  }

  get sizeBytes(): number {
    return this.#chunkBytes + this.#chunkOf.sizeBytes + this.#starts.sizeBytes + this.#ends.sizeBytes
  }

  /** Adds the text of the next row. */
  push(text: string): void {
    // A character takes at most three bytes.
    const room = text.length * 3
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || this.#used + room > chunk.length) {
      chunk = new Uint8Array(
        Math.max(room, Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, this.#chunkBytes))),
      )
      this.#chunks.push(chunk)
      this.#chunkBytes += chunk.length
      this.#used = 0
    }
    this.#chunkOf.push(this.#chunks.length - 1)
    this.#starts.push(this.#used)
    this.#used += utf8.encodeInto(text, chunk.subarray(this.#used)).written
    this.#ends.push(this.#used)
  }

  /**
   * The text of a row: borrowed.
   *
   * @throws OmenError `unknown_row`
   */
  get(row: number): Uint8Array {
    const chunk = this.#chunks[this.#chunkOf.at(row) ?? -1]
    if (!chunk) throw new OmenError('unknown_row', `there is no row ${row} of ${this.length}`)
    return chunk.subarray(this.#starts.at(row), this.#ends.at(row))
  }
}
