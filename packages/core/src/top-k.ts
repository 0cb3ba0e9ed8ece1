import type { Metric } from './metric.ts'
import type { SearchResult } from './vector-index.ts'

/** Whether (distance, row) comes before (otherDistance, otherRow) in a result: closer first, ties by row. */
export function comesBefore(distance: number, row: number, otherDistance: number, otherRow: number): boolean {
  return distance < otherDistance || (distance === otherDistance && row < otherRow)
}

/** Brings a computed distance into the range of its metric, which rounding may have left by a hair. */
export function clampDistance(metric: Metric, distance: number): number {
  if (metric === 'cosine') return Math.min(2, Math.max(0, distance))
  return metric === 'l2' ? Math.max(0, distance) : distance
}

/** Keeps the k closest of the rows it is shown, in a heap with the farthest on top. */
export class TopK {
  readonly #distances: Float32Array
  readonly #rows: Uint32Array
  #count = 0

  constructor(k: number) {
    this.#distances = new Float32Array(k)
    this.#rows = new Uint32Array(k)
  }

  /** @param distance a value of f32, no NaN */
  push(distance: number, row: number): void {
    if (this.#count < this.#rows.length) {
      this.#rise(this.#count++, distance, row)
    } else if (comesBefore(distance, row, this.#distances[0] as number, this.#rows[0] as number)) {
      this.#sink(0, this.#count, distance, row)
    }
  }

  /** The rows kept, closest first. Empties the heap, whose memory the result takes over. */
  take(): SearchResult {
    const distances = this.#distances
    const rows = this.#rows
    const count = this.#count
    for (let last = count - 1; last > 0; last--) {
      const distance = distances[last] as number
      const row = rows[last] as number
      distances[last] = distances[0] as number
      rows[last] = rows[0] as number
      this.#sink(0, last, distance, row)
    }
    this.#count = 0
    return { rows: rows.subarray(0, count), distances: distances.subarray(0, count) }
  }

  #rise(from: number, distance: number, row: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      const parentDistance = this.#distances[parent] as number
      const parentRow = this.#rows[parent] as number
      if (!comesBefore(parentDistance, parentRow, distance, row)) break
      this.#distances[place] = parentDistance
      this.#rows[place] = parentRow
      place = parent
    }
    this.#distances[place] = distance
    this.#rows[place] = row
  }

  #sink(from: number, count: number, distance: number, row: number): void {
    let place = from
    for (;;) {
      const left = place * 2 + 1
      if (left >= count) break
      const farther = left + 1 < count && this.#before(left, left + 1) ? left + 1 : left
      const childDistance = this.#distances[farther] as number
      const childRow = this.#rows[farther] as number
      if (!comesBefore(distance, row, childDistance, childRow)) break
      this.#distances[place] = childDistance
      this.#rows[place] = childRow
      place = farther
    }
    this.#distances[place] = distance
    this.#rows[place] = row
  }

  #before(a: number, b: number): boolean {
    return comesBefore(
      this.#distances[a] as number,
      this.#rows[a] as number,
      this.#distances[b] as number,
      this.#rows[b] as number,
    )
  }
}

/**
 * Makes final what an accelerator wrote, already in order but for rounding: clamps distances to the metric's range,
 * puts the ties that this makes in order of rows, and leaves out what lies beyond the radius.
 *
 * @param rows one search's results: changed in place
 * @param distances one search's results: changed in place
 * @returns how many of the results remain, from the first on
 */
export function settleResults(
  metric: Metric,
  rows: Uint32Array,
  distances: Float32Array,
  radius: number,
): number {
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const distance = clampDistance(metric, distances[i] as number)
    if (distance > radius) continue
    let place = count++
    for (; place > 0; place--) {
      const previous = place - 1
      if (comesBefore(distances[previous] as number, rows[previous] as number, distance, row)) break
      distances[place] = distances[previous] as number
      rows[place] = rows[previous] as number
    }
    distances[place] = distance
    rows[place] = row
  }
  return count
}
