const LAST_EPOCH = 0xffff

/** The rows that one search has seen: a row is seen when its mark is the search's number, so that forgetting costs nothing. */
export class Visited {
  #marks: Uint16Array = new Uint16Array(0)
  #epoch = 0

  /** Forgets all rows, and makes room for rows 0 … rows − 1. */
  reset(rows: number): void {
    if (this.#marks.length < rows) {
      this.#marks = new Uint16Array(Math.ceil(rows * 1.5))
      this.#epoch = 0
    }
    if (this.#epoch === LAST_EPOCH) {
      this.#marks.fill(0)
      this.#epoch = 0
    }
    this.#epoch++
  }

  /** Whether a row was seen. */
  has(row: number): boolean {
    return this.#marks[row] === this.#epoch
  }

  /** Marks a row as seen. @returns whether it was not before */
  add(row: number): boolean {
    if (this.#marks[row] === this.#epoch) return false
    this.#marks[row] = this.#epoch
    return true
  }
}
