import { unreachable } from '@omen/core'
import type { Dataset, FloatMetric } from '../data/dataset.ts'

/** Distances this much above the true k-th, relatively, still count as equal to it: the rounding of two summations. */
const TOLERANCE = 1e-9

/**
 * Computes recall as the share of the k true neighbours that were found, by distance: a row counts when it is no
 * farther than the true k-th neighbour, so that of several at the same distance each is as good as the other. All
 * distances are computed anew, in double precision, from the vectors; what an engine says they are plays no part.
 *
 * As in ann-benchmarks (Aumüller, Bernhardsson, Faithfull, 2020, section 3.3), without their slack of 0.001.
 */
export class Recall {
  readonly #dataset: Dataset
  readonly #thresholds = new Map<number, Float64Array>()

  /** @param dataset borrowed */
  constructor(dataset: Dataset) {
    this.#dataset = dataset
  }

  /**
   * The mean recall at k over the first `count` queries.
   *
   * @param rows count x width row numbers, closest first; the first k of each width count, a number beyond the data
   * set's rows stands for none
   * @param width results of each query, at least k
   */
  at(k: number, rows: Uint32Array, width: number, count: number): number {
    const { base, queryVectors, dimension, metric } = this.#dataset
    const thresholds = this.#thresholdsFor(k)
    let found = 0
    for (let query = 0; query < count; query++) {
      const seen = new Set<number>()
      const limit = thresholds[query]!
      for (let i = query * width; i < query * width + k; i++) {
        const row = rows[i]!
        if (row >= this.#dataset.rows || seen.has(row)) continue
        // The same row handed out twice is one answer.
        seen.add(row)
        if (distance(metric, base, row * dimension, queryVectors, query * dimension, dimension) <= limit)
          found++
      }
    }
    return found / (count * k)
  }

  /** The distance of each query's true k-th neighbour, with the tolerance added. */
  #thresholdsFor(k: number): Float64Array {
    const known = this.#thresholds.get(k)
    if (known) return known
    const { base, queryVectors, dimension, metric, neighbors, neighborsPerQuery, queries } = this.#dataset
    if (k > neighborsPerQuery)
      throw new RangeError(`only ${neighborsPerQuery} true neighbours are known, not ${k}`)
    const thresholds = Float64Array.from({ length: queries }, (_, query) => {
      const row = neighbors[query * neighborsPerQuery + k - 1]!
      const limit = distance(metric, base, row * dimension, queryVectors, query * dimension, dimension)
      // Under cosine and dot the rounding is of the size of the products, not of their difference from 1.
      return limit + TOLERANCE * Math.max(metric === 'cosine' ? 1 : 0, Math.abs(limit))
    })
    this.#thresholds.set(k, thresholds)
    return thresholds
  }
}

/** The distance of two vectors in double precision: squared under l2, 1 − cos under cosine, −a·b under dot. */
export function distance(
  metric: FloatMetric,
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimension: number,
): number {
  let [sum, aa, bb] = [0, 0, 0]
  switch (metric) {
    case 'l2':
      for (let i = 0; i < dimension; i++) {
        const difference = a[aStart + i]! - b[bStart + i]!
        sum += difference * difference
      }
      return sum
    case 'dot':
      for (let i = 0; i < dimension; i++) sum -= a[aStart + i]! * b[bStart + i]!
      return sum
    case 'cosine':
      for (let i = 0; i < dimension; i++) {
        const [x, y] = [a[aStart + i]!, b[bStart + i]!]
        sum += x * y
        aa += x * x
        bb += y * y
      }
      return 1 - sum / Math.sqrt(aa * bb)
    default:
      return unreachable(metric)
  }
}
