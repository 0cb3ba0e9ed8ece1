import type { Bitset } from '../bitset.ts'
import { distance } from '../distance.ts'
import type { Metric, Shape, Vectors } from '../metric.ts'
import { comesBefore } from '../top-k.ts'
import type { SearchManyOptions, SearchResult, VectorIndex } from '../vector-index.ts'
import { ensure } from './check.ts'
import { clusters, type DataSet, distanceScale, integers, type Neighbor, vectorAt } from './data.ts'

/** An implementation of `VectorIndex` to be tested. */
export interface IndexSubject {
  /** A new index without rows. */
  create(shape: Shape): VectorIndex | Promise<VectorIndex>
  /** Saves the index and opens what was saved: a second index. Left out where it cannot be saved. */
  reopen?(index: VectorIndex): Promise<VectorIndex>
  /** Metrics it knows; all when left out. */
  readonly metrics?: readonly Metric[]
  /** The least share of the true ten nearest rows that its searches must find, over many queries; 1 when exact. */
  readonly recall: number
  /** Candidates for graph searches. */
  readonly beam?: number
  /**
   * How far a distance may be off, as a share of the largest squared length among all vectors, as lossy codes are; left out,
   * for exact distances, 1e-5 of the squared lengths of the two.
   */
  readonly distanceError?: number
  /** Rows of the larger data sets; 1200 when left out. */
  readonly rows?: number
}

export const ALL_METRICS: readonly Metric[] = ['l2', 'dot', 'cosine', 'hamming']

export function metricsOf(subject: IndexSubject): readonly Metric[] {
  return subject.metrics ?? ALL_METRICS
}

/** The data sets that fit what the subject knows. */
export function dataSetsFor(subject: IndexSubject): DataSet[] {
  const count = subject.rows ?? 1200
  const sets = metricsOf(subject).map((metric, i) => clusters(metric, count, 24, 100 + i))
  if (metricsOf(subject).includes('l2')) sets.push(integers('l2', count, 32, 200))
  return sets
}

/** A small data set of the first metric, for what does not depend on the metric. */
export function smallData(subject: IndexSubject, count = 200): DataSet {
  return clusters(metricsOf(subject)[0] ?? 'l2', count, 24, 300)
}

/** Search options with the subject's beam. */
export function searchOptions(subject: IndexSubject, options: SearchManyOptions): SearchManyOptions {
  return subject.beam === undefined ? options : { beam: Math.max(subject.beam, options.k), ...options }
}

/** What an index should hold: every row's vector. */
export class IndexModel {
  readonly shape: Shape
  readonly rows: Map<number, Vectors> = new Map()
  /** Of all vectors that were ever there: the squared length of the longest. */
  #longest = 0

  constructor(shape: Shape) {
    this.shape = shape
  }

  /** Notes that `add` gave these rows to these vectors, after checking that none of them was taken. */
  add(rows: Uint32Array, vectors: Vectors): void {
    for (const [i, row] of rows.entries()) {
      ensure(!this.rows.has(row), `row ${row} was given out while it was in use`)
      this.note(row, vectorAt(vectors, this.shape, i))
    }
  }

  /** Notes that a row has, now or at some time, this vector. */
  note(row: number, vector: Vectors): void {
    this.rows.set(row, vector)
    this.#longest = Math.max(this.#longest, distanceScale(vector, vector, this.shape.metric))
  }

  /** Whether a returned distance is that of the two vectors, as exactly as the subject promises. */
  distanceFits(subject: IndexSubject, query: Vectors, vector: Vectors, got: number): boolean {
    const { metric } = this.shape
    const { distanceError } = subject
    const allowed =
      distanceError === undefined
        ? 1e-5 * distanceScale(query, vector, metric)
        : distanceError * Math.max(this.#longest, distanceScale(query, query, metric))
    return Math.abs(got - distance(query, vector, metric)) <= allowed
  }

  remove(rows: Iterable<number>): void {
    for (const row of rows) this.rows.delete(row)
  }

  nearest(query: Vectors, accept?: Bitset): Neighbor[] {
    const neighbors: Neighbor[] = []
    for (const [row, vector] of this.rows) {
      if (accept && !accept.has(row)) continue
      neighbors.push({ row, distance: distance(query, vector, this.shape.metric) })
    }
    return neighbors.sort((a, b) => a.distance - b.distance || a.row - b.row)
  }
}

/** An index of a data set, and the model of what it holds. */
export async function filled(
  subject: IndexSubject,
  data: DataSet,
): Promise<{ index: VectorIndex; model: IndexModel }> {
  const index = await subject.create(data.shape)
  const model = new IndexModel(data.shape)
  model.add(await index.add(data.vectors), data.vectors)
  ensure(index.size === data.count, `size is ${index.size} after adding ${data.count} vectors`)
  return { index, model }
}

/** How many of the wanted rows searches found. */
export class Recall {
  #found = 0
  #wanted = 0

  count(found: number, wanted: number): void {
    this.#found += found
    this.#wanted += wanted
  }

  ensure(subject: IndexSubject, what: string): void {
    const recall = this.#wanted === 0 ? 1 : this.#found / this.#wanted
    ensure(recall >= subject.recall, `${what}: recall is ${recall.toFixed(4)}, expected ${subject.recall}`)
  }
}

/**
 * Checks everything that holds for any result: rows that are there and accepted, each once, sorted, ties by row, with the
 * distances of their vectors, as many as asked for; and counts into `recall` how many are truly among the nearest.
 */
export function verify(
  subject: IndexSubject,
  model: IndexModel,
  query: Vectors,
  result: SearchResult,
  options: SearchManyOptions,
  recall: Recall,
): void {
  const { rows, distances } = result
  const { metric } = model.shape
  ensure(rows instanceof Uint32Array, 'rows are no Uint32Array')
  ensure(distances instanceof Float32Array, 'distances are no Float32Array')
  ensure(rows.length === distances.length, `${rows.length} rows with ${distances.length} distances`)
  ensure(new Set(rows).size === rows.length, `a row is returned twice: ${rows.join(' ')}`)
  for (const [i, row] of rows.entries()) {
    const got = distances[i] as number
    const vector = model.rows.get(row)
    ensure(vector !== undefined, `row ${row} is returned and not there`)
    ensure(options.accept?.has(row) ?? true, `row ${row} is returned and not accepted`)
    ensure(
      got <= Math.fround(options.radius ?? Infinity),
      `row ${row} at ${got} lies beyond ${options.radius}`,
    )
    const fits = model.distanceFits(subject, query, vector, got)
    ensure(fits, `row ${row} is at distance ${distance(query, vector, metric)}, returned is ${got}`)
    if (i === 0) continue
    const [lastDistance, lastRow] = [distances[i - 1] as number, rows[i - 1] as number]
    ensure(
      comesBefore(lastDistance, lastRow, got, row),
      `out of order: row ${lastRow} at ${lastDistance} before row ${row} at ${got}`,
    )
  }
  countFound(model, query, result, options, recall)
}

function countFound(
  model: IndexModel,
  query: Vectors,
  result: SearchResult,
  options: SearchManyOptions,
  recall: Recall,
): void {
  const matches = model.nearest(query, options.accept)
  const wanted = Math.min(options.k, matches.length)
  const { radius } = options
  ensure(result.rows.length <= wanted, `${result.rows.length} results where ${wanted} are possible`)
  if (radius === undefined) {
    ensure(result.rows.length === wanted, `${result.rows.length} results where ${wanted} rows match`)
  }
  const within = matches.slice(0, wanted).filter((match) => match.distance <= (radius ?? Infinity))
  const last = within.at(-1)
  if (!last) return
  // Another row at the distance of the last wanted one is as good, and rounding may have chosen it.
  const vector = model.rows.get(last.row) ?? query
  const limit = last.distance + 1e-6 * distanceScale(query, vector, model.shape.metric)
  let found = 0
  for (const row of result.rows) {
    if (distance(query, model.rows.get(row) as Vectors, model.shape.metric) <= limit) found++
  }
  recall.count(Math.min(found, within.length), within.length)
}
