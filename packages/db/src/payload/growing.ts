const FIRST_CAPACITY = 64

/** Unsigned 32-bit numbers one after another, growing by half. */
export class GrowingU32 {
  #values: Uint32Array = new Uint32Array(FIRST_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The numbers so far: borrowed until the next push. */
  get values(): Uint32Array {
    return this.#values.subarray(0, this.#length)
  }

  get sizeBytes(): number {
    return this.#values.byteLength
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Uint32Array(Math.ceil(this.#length * 1.5))
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#length++] = value
  }
}
