import { unreachable } from '@omen/core'
import type { FloatMetric } from './dataset.ts'

/** Queries scored side by side against each row, so that a row is read once for all of them. */
const LANES = 4

/** One job of the exact scan; it travels to a worker, so it is plain data over shared memory. */
export interface ScanJob {
  readonly metric: FloatMetric
  readonly dimension: number
  readonly k: number
  /** rows x dimension; of unit length under cosine */
  readonly base: Float64Array
  /** The queries of this job; of unit length under cosine. */
  readonly queries: Float64Array
}

/** Row numbers and distances, k for each query, closest first, ties by row. */
export interface ScanResult {
  readonly rows: Uint32Array
  readonly distances: Float64Array
}

/** Copies vectors to doubles, to unit length under cosine. */
export function prepare(
  vectors: Float32Array,
  dimension: number,
  metric: FloatMetric,
  target: Float64Array,
): void {
  target.set(vectors)
  if (metric !== 'cosine') return
  for (let start = 0; start < target.length; start += dimension) {
    let squared = 0
    for (let i = start; i < start + dimension; i++) squared += target[i]! * target[i]!
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0
    for (let i = start; i < start + dimension; i++) target[i] = target[i]! * scale
  }
}

/** The k nearest rows of each query in double precision. Distances are squared under l2, 1 − cos under cosine. */
export function scan(job: ScanJob, onQueries?: (done: number) => void): ScanResult {
  const { dimension, k, queries } = job
  const count = queries.length / dimension
  const rows = new Uint32Array(count * k)
  const distances = new Float64Array(count * k)
  const lanes = new Float64Array(LANES * dimension)
  for (let first = 0; first < count; first += LANES) {
    const used = Math.min(LANES, count - first)
    for (let lane = 0; lane < LANES; lane++) {
      const query = first + Math.min(lane, used - 1)
      for (let i = 0; i < dimension; i++) lanes[i * LANES + lane] = queries[query * dimension + i]!
    }
    const nearest = Array.from({ length: LANES }, () => new Nearest(k))
    scanLanes(job, lanes, nearest)
    for (let lane = 0; lane < used; lane++) {
      nearest[lane]!.drain(rows, distances, (first + lane) * k)
      onQueries?.(first + lane + 1)
    }
  }
  return { rows, distances }
}

function scanLanes({ metric, dimension, base }: ScanJob, lanes: Float64Array, nearest: Nearest[]): void {
  const [first, second, third, fourth] = nearest as [Nearest, Nearest, Nearest, Nearest]
  const rows = base.length / dimension
  const offset = metric === 'cosine' ? 1 : 0
  for (let row = 0; row < rows; row++) {
    const start = row * dimension
    let [a, b, c, d] = [0, 0, 0, 0]
    switch (metric) {
      case 'l2':
        for (let i = 0, at = 0; i < dimension; i++, at += LANES) {
          const x = base[start + i]!
          const p = x - lanes[at]!
          const q = x - lanes[at + 1]!
          const r = x - lanes[at + 2]!
          const s = x - lanes[at + 3]!
          a += p * p
          b += q * q
          c += r * r
          d += s * s
        }
        break
      case 'dot':
      case 'cosine':
        for (let i = 0, at = 0; i < dimension; i++, at += LANES) {
          const x = base[start + i]!
          a -= x * lanes[at]!
          b -= x * lanes[at + 1]!
          c -= x * lanes[at + 2]!
          d -= x * lanes[at + 3]!
        }
        break
      default:
        unreachable(metric)
    }
    if (offset + a < first.limit) first.offer(row, offset + a)
    if (offset + b < second.limit) second.offer(row, offset + b)
    if (offset + c < third.limit) third.offer(row, offset + c)
    if (offset + d < fourth.limit) fourth.offer(row, offset + d)
  }
}

/** The k closest rows so far: a heap with the farthest on top. Rows come in order, so among ties the first stay. */
class Nearest {
  readonly #k: number
  readonly #rows: Uint32Array
  readonly #distances: Float64Array
  #size = 0
  /** A row must be closer than this to get in. */
  limit: number = Number.POSITIVE_INFINITY

  constructor(k: number) {
    this.#k = k
    this.#rows = new Uint32Array(k)
    this.#distances = new Float64Array(k)
  }

  offer(row: number, distance: number): void {
    if (this.#size < this.#k) this.#place(this.#size++, row, distance)
    else this.#sink(row, distance)
    if (this.#size === this.#k) this.limit = this.#distances[0]!
  }

  /** Writes what was found, closest first, ties by row. */
  drain(rows: Uint32Array, distances: Float64Array, at: number): void {
    const order = Array.from({ length: this.#size }, (_, i) => i)
    order.sort((a, b) => this.#distances[a]! - this.#distances[b]! || this.#rows[a]! - this.#rows[b]!)
    for (const [i, from] of order.entries()) {
      rows[at + i] = this.#rows[from]!
      distances[at + i] = this.#distances[from]!
    }
  }

  /** Whether the entry at i is farther than the given one; among ties the later row is. */
  #farther(i: number, row: number, distance: number): boolean {
    const own = this.#distances[i]!
    return own > distance || (own === distance && this.#rows[i]! > row)
  }

  #place(hole: number, row: number, distance: number): void {
    let at = hole
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#farther(parent, row, distance)) break
      this.#move(parent, at)
      at = parent
    }
    this.#set(at, row, distance)
  }

  #sink(row: number, distance: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#farther(child + 1, this.#rows[child]!, this.#distances[child]!))
        child++
      if (!this.#farther(child, row, distance)) break
      this.#move(child, at)
      at = child
    }
    this.#set(at, row, distance)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#rows[from]!, this.#distances[from]!)
  }

  #set(at: number, row: number, distance: number): void {
    this.#rows[at] = row
    this.#distances[at] = distance
  }
}
