import { TEXT_PAGE_BYTES as PAGE_BYTES, type Section } from '@omen/core'
import { PageHasher } from '@omen/core/file'
import { GrowingU32 } from './growing.ts'

/** Makes the checksums of the pages of bytes that come in pieces. */
export class PageChecksums {
  readonly #hasher: PageHasher
  readonly #page: Uint8Array = new Uint8Array(PAGE_BYTES)
  readonly #words: GrowingU32 = new GrowingU32()
  /** Bytes of the page that there are. */
  #used = 0

  private constructor(hasher: PageHasher) {
    this.#hasher = hasher
  }

  static async begin(): Promise<PageChecksums> {
    return new PageChecksums(await PageHasher.get())
  }

  /** @param bytes copied */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + PAGE_BYTES - this.#used)
      this.#page.set(piece, this.#used)
      this.#used += piece.length
      at += piece.length
      if (this.#used === PAGE_BYTES) this.#end()
    }
  }

  #end(): void {
    this.#hasher.hash(this.#page.subarray(0, this.#used))
    this.#words.push(this.#hasher.low)
    this.#words.push(this.#hasher.high)
    this.#used = 0
  }

  /** The checksums, u64 each; nothing may be added after. */
  section(name: string): Section {
    if (this.#used > 0) this.#end()
    const words = this.#words.values
    return {
      name,
      sizeBytes: words.byteLength,
      parts: () => [new Uint8Array(words.buffer, words.byteOffset, words.byteLength)],
    }
  }
}

/** Bytes that are mapped, and which pages of them were compared with their checksums. */
export class CheckedPages {
  readonly #bytes: Uint8Array
  readonly #checksums: Uint32Array
  readonly #hasher: PageHasher
  /** A bit for each page that is known to be what was written. */
  readonly sound: Uint32Array

  private constructor(bytes: Uint8Array, checksums: Uint32Array, hasher: PageHasher) {
    this.#bytes = bytes
    this.#checksums = checksums
    this.#hasher = hasher
    this.sound = new Uint32Array(Math.ceil(checksums.length / 64))
  }

  /** Pages that so many bytes take. */
  static count(sizeBytes: number): number {
    return Math.ceil(sizeBytes / PAGE_BYTES)
  }

  /**
   * @param bytes borrowed as long as this is used
   * @param checksums of each page two words: borrowed
   */
  static async over(bytes: Uint8Array, checksums: Uint32Array): Promise<CheckedPages> {
    return new CheckedPages(bytes, checksums, await PageHasher.get())
  }

  /** Whether bytes `from` … `to` − 1 are those that were written; each page is compared once, while it is. */
  areSound(from: number, to: number): boolean {
    const last = Math.floor((to - 1) / PAGE_BYTES)
    for (let page = Math.floor(from / PAGE_BYTES); page <= last; page++) {
      const checked = (this.sound[page >>> 5] as number) & (1 << (page & 31))
      if (checked === 0 && !this.#check(page)) return false
    }
    return true
  }

  #check(page: number): boolean {
    const start = page * PAGE_BYTES
    this.#hasher.hash(this.#bytes.subarray(start, start + PAGE_BYTES))
    const { low, high } = this.#hasher
    if (low !== this.#checksums[page * 2] || high !== this.#checksums[page * 2 + 1]) return false
    this.sound[page >>> 5] = (this.sound[page >>> 5] as number) | (1 << (page & 31))
    return true
  }
}
