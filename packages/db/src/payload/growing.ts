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

  at(index: number): number | undefined {
    return index < this.#length ? this.#values[index] : undefined
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

const utf8 = new TextEncoder()

/** Texts in UTF-8 one after another, growing by half. */
export class GrowingBytes {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The bytes so far: borrowed until the next push. */
  get values(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  pushText(text: string): void {
    // A character takes at most three bytes.
    const needed = this.#length + text.length * 3
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.ceil(this.#bytes.length * 1.5)))
      grown.set(this.values)
      this.#bytes = grown
    }
    this.#length += utf8.encodeInto(text, this.#bytes.subarray(this.#length)).written
  }
}
