/**
 * Memory that graphs are read into as long as there is some left: there they lie on large pages, and are searched some percent
 * faster than where their files are mapped.
 */
export class GraphMemory {
  #left: number

  /** @param sizeBytes all of it; 0 for none */
  constructor(sizeBytes: number) {
    this.#left = sizeBytes
  }

  /** Takes so many bytes; false where they are not there. */
  take(sizeBytes: number): boolean {
    if (sizeBytes > this.#left) return false
    this.#left -= sizeBytes
    return true
  }

  giveBack(sizeBytes: number): void {
    this.#left += sizeBytes
  }
}
