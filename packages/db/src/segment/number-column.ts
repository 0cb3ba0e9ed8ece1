/** One number for each row of a growing segment. */
export class NumberColumn {
  #values: Float64Array = new Float64Array(0)
  #count = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#values.byteLength
  }

  /** The numbers so far: borrowed, valid until the next append. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#count)
  }

  at(row: number): number {
    return this.#values[row] as number
  }

  append(value: number, times: number): void {
    this.#reserve(times)
    this.#values.fill(value, this.#count, this.#count + times)
    this.#count += times
  }

  appendAll(values: Float64Array): void {
    this.#reserve(values.length)
    this.#values.set(values, this.#count)
    this.#count += values.length
  }

  #reserve(more: number): void {
    const needed = this.#count + more
    if (needed <= this.#values.length) return
    const values = new Float64Array(Math.max(needed, Math.ceil(this.#values.length * 1.5)))
    values.set(this.values)
    this.#values = values
  }
}
