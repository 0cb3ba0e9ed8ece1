import { createXXHash3, type IHasher } from 'hash-wasm'

/** The checksum of one page (XXH3, 64 bits) as two words, at once: for bytes that are checked where they are read. */
export class PageHasher {
  static #made: Promise<PageHasher> | undefined
  readonly #hasher: IHasher
  /** The lower and the upper word of the last checksum. */
  low = 0
  high = 0

  private constructor(hasher: IHasher) {
    this.#hasher = hasher
  }

  /** The one of this process: no call leaves anything behind but its result. */
  static get(): Promise<PageHasher> {
    PageHasher.#made ??= createXXHash3().then((hasher) => new PageHasher(hasher))
    return PageHasher.#made
  }

  /** Computes `low` and `high`. */
  hash(page: Uint8Array): void {
    const digest = this.#hasher.init().update(page).digest('binary')
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
    this.high = view.getUint32(0)
    this.low = view.getUint32(4)
  }
}
