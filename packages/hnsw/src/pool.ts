import { comesBefore } from '@omen/core'

/**
 * The closest candidates seen, sorted, and which of them were expanded.
 *
 * A linear array with a cursor beats the two heaps of the paper: most candidates are farther than the last and are
 * dropped by one comparison, and the few others move a short run of neighbours in memory.
 */
export class Pool {
  /** The first `size` entries are the candidates, closest first: borrowed, valid until the next change. */
  rows: Uint32Array = new Uint32Array(0)
  distances: Float32Array = new Float32Array(0)
  size = 0
  #expanded: Uint8Array = new Uint8Array(0)
  #most = 0
  #capacity = 0
  #places = 0
  #factor = Infinity
  /** No candidate before it is unexpanded. */
  #cursor = 0

  /** Empties the pool, to hold at most `capacity` candidates from now on. */
  reset(capacity: number): void {
    this.#most = capacity
    this.#capacity = capacity
    this.#factor = Infinity
    this.size = 0
    this.#cursor = 0
    if (this.rows.length < capacity) {
      this.rows = new Uint32Array(capacity)
      this.distances = new Float32Array(capacity)
      this.#expanded = new Uint8Array(capacity)
    }
  }

  /** Keeps fewer candidates than it was reset to, until it is allowed more; one that is dropped is gone. */
  limit(capacity: number): void {
    this.#capacity = Math.min(capacity, this.#most)
  }

  /**
   * Keeps nothing farther than some times the distance of one of the closest, until the next reset.
   *
   * @param places that one's place, counted from 1
   * @param factor a value of f32, at least 1
   */
  within(places: number, factor: number): void {
    this.#places = places
    this.#factor = factor
  }

  get full(): boolean {
    return this.size === this.#capacity
  }

  /** Whether a candidate would be kept. */
  admits(distance: number, row: number): boolean {
    if (this.size < this.#capacity) return true
    const last = this.size - 1
    return comesBefore(distance, row, this.distances[last]!, this.rows[last]!)
  }

  /** Keeps a candidate, unless the pool is full of closer ones; the farthest makes room. */
  insert(distance: number, row: number): void {
    if (!this.admits(distance, row)) return
    const { rows, distances } = this
    const expanded = this.#expanded
    const place = this.#placeOf(distance, row)
    if (this.size < this.#capacity) this.size++
    for (let i = this.size - 1; i > place; i--) {
      rows[i] = rows[i - 1]!
      distances[i] = distances[i - 1]!
      expanded[i] = expanded[i - 1]!
    }
    rows[place] = row
    distances[place] = distance
    expanded[place] = 0
    if (place < this.#cursor) this.#cursor = place
    if (this.#factor < Infinity) this.#dropFar()
  }

  #dropFar(): void {
    const { distances } = this
    if (this.size <= this.#places) return
    // Estimates may be below zero; nothing is as close as what is.
    const farthest = Math.fround(Math.max(0, distances[this.#places - 1]!) * this.#factor)
    while (this.size > this.#places && distances[this.size - 1]! > farthest) this.size--
  }

  /**
   * Drops candidates whose rows fail a test, and all but the first `most` of the others. A pool that was full stays so,
   * whatever is left: there may be more behind the last.
   */
  keep(test: (row: number) => boolean, most: number): void {
    const more = this.full
    let kept = 0
    for (let i = 0; i < this.size && kept < most; i++) {
      const row = this.rows[i]!
      if (!test(row)) continue
      this.rows[kept] = row
      this.distances[kept++] = this.distances[i]!
    }
    this.size = kept
    this.#cursor = kept
    this.#capacity = more ? kept : most
  }

  /** Index of the closest candidate not expanded yet; −1 when all are. */
  peek(): number {
    while (this.#cursor < this.size && this.#expanded[this.#cursor] === 1) this.#cursor++
    return this.#cursor < this.size ? this.#cursor : -1
  }

  /** As `peek`, but from now on it is expanded. */
  expandNext(): number {
    const next = this.peek()
    if (next >= 0) this.#expanded[this.#cursor++] = 1
    return next
  }

  /** How many candidates are closer. */
  #placeOf(distance: number, row: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comesBefore(this.distances[middle]!, this.rows[middle]!, distance, row)) low = middle + 1
      else high = middle
    }
    return low
  }
}
