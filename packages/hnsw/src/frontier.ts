import { comesBefore } from '@omen/core'

/** Candidates still to be expanded, the closest on top of a heap: without a limit, as a filtered search needs it. */
export class Frontier {
  #rows: Uint32Array = new Uint32Array(256)
  #distances: Float32Array = new Float32Array(256)
  size = 0

  clear(): void {
    this.size = 0
  }

  get closestRow(): number {
    return this.#rows[0]!
  }

  get closestDistance(): number {
    return this.#distances[0]!
  }

  push(distance: number, row: number): void {
    if (this.size === this.#rows.length) this.#grow()
    const rows = this.#rows
    const distances = this.#distances
    let place = this.size++
    while (place > 0) {
      const parent = (place - 1) >>> 1
      if (!comesBefore(distance, row, distances[parent]!, rows[parent]!)) break
      rows[place] = rows[parent]!
      distances[place] = distances[parent]!
      place = parent
    }
    rows[place] = row
    distances[place] = distance
  }

  /** Takes the closest out; there must be one. */
  pop(): void {
    const rows = this.#rows
    const distances = this.#distances
    const size = --this.size
    const row = rows[size]!
    const distance = distances[size]!
    let place = 0
    for (let child = 1; child < size; child = place * 2 + 1) {
      const right = child + 1
      if (right < size && comesBefore(distances[right]!, rows[right]!, distances[child]!, rows[child]!))
        child = right
      if (!comesBefore(distances[child]!, rows[child]!, distance, row)) break
      rows[place] = rows[child]!
      distances[place] = distances[child]!
      place = child
    }
    rows[place] = row
    distances[place] = distance
  }

  #grow(): void {
    const rows = new Uint32Array(this.#rows.length * 2)
    const distances = new Float32Array(rows.length)
    rows.set(this.#rows)
    distances.set(this.#distances)
    this.#rows = rows
    this.#distances = distances
  }
}
