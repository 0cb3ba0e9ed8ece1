import { distance } from '../distance.ts'
import { allocateVectors, elementsPerVector, type Metric, type Shape, type Vectors } from '../metric.ts'
import { randomNumbers } from '../random.ts'

/** Normally distributed numbers out of evenly distributed ones (Box and Muller). */
export function normalNumbers(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Rows and queries to search for, of one shape. */
export interface DataSet {
  readonly name: string
  readonly shape: Shape
  readonly vectors: Vectors
  readonly count: number
  readonly queries: Vectors
  readonly queryCount: number
}

/** Vector `i` of a block: a view. */
export function vectorAt(vectors: Vectors, shape: Shape, i: number): Vectors {
  const elements = elementsPerVector(shape)
  return vectors.subarray(i * elements, (i + 1) * elements)
}

/**
 * Data as indexes find hard: clusters of uneven size, one vector in twenty an exact duplicate of an earlier one, one in a
 * hundred far from all others; for `hamming` the same over bits. Queries lie near rows.
 */
export function clusters(metric: Metric, count: number, dimension: number, seed: number): DataSet {
  const shape: Shape = { dimension, metric }
  const random = randomNumbers(seed)
  const make = metric === 'hamming' ? bitMaker(shape, random) : floatMaker(shape, random)
  const vectors = allocateVectors(shape, count)
  const elements = elementsPerVector(shape)
  for (let i = 0; i < count; i++) {
    const duplicate = i > 0 && random() < 0.05
    vectors.set(duplicate ? vectorAt(vectors, shape, Math.floor(random() * i)) : make(), i * elements)
  }
  const queryCount = 40
  const queries = allocateVectors(shape, queryCount)
  for (let i = 0; i < queryCount; i++) queries.set(make(), i * elements)
  return { name: `clusters (seed ${seed})`, shape, vectors, count, queries, queryCount }
}

const CLUSTERS = 20

function floatMaker(shape: Shape, random: () => number): () => Vectors {
  const normal = normalNumbers(random)
  const center = (): Float32Array => Float32Array.from({ length: shape.dimension }, normal)
  const centers = Array.from({ length: CLUSTERS }, center)
  return () => {
    if (random() < 0.01) return center().map((x) => x * 4)
    // Squaring the choice makes the first clusters large and the last ones small.
    const chosen = centers[Math.floor(random() ** 2 * CLUSTERS)] as Float32Array
    return chosen.map((x) => x + normal() * 0.3)
  }
}

function bitMaker(shape: Shape, random: () => number): () => Vectors {
  const center = (): Uint8Array => Uint8Array.from({ length: shape.dimension / 8 }, () => random() * 256)
  const centers = Array.from({ length: CLUSTERS }, center)
  return () => {
    if (random() < 0.01) return center()
    const vector = (centers[Math.floor(random() ** 2 * CLUSTERS)] as Uint8Array).slice()
    for (let bit = 0; bit < shape.dimension; bit++) {
      if (random() < 0.1) vector[bit >> 3] = (vector[bit >> 3] as number) ^ (1 << (bit & 7))
    }
    return vector
  }
}

/** Integers 0 to 255, many of them 0, in groups that rise and fall together: as image descriptors (SIFT) are. */
export function integers(metric: Metric, count: number, dimension: number, seed: number): DataSet {
  const shape: Shape = { dimension, metric }
  const random = randomNumbers(seed)
  const make = (length: number): Float32Array => {
    const vectors = new Float32Array(length * dimension)
    for (let start = 0; start < vectors.length; start += 8) {
      const strength = random() ** 2 * 200
      const end = Math.min(start + 8, vectors.length)
      for (let i = start; i < end; i++)
        vectors[i] = Math.min(255, Math.floor(-Math.log(1 - random()) * strength))
    }
    return vectors
  }
  const queryCount = 40
  return {
    name: `integers (seed ${seed})`,
    shape,
    vectors: make(count),
    count,
    queries: make(queryCount),
    queryCount,
  }
}

/** A row and its exact distance. */
export interface Neighbor {
  readonly row: number
  readonly distance: number
}

/** The exact answer, by comparing with every row that `accept` lets through: closest first, ties by row. */
export function bruteForce(
  data: Pick<DataSet, 'shape' | 'vectors' | 'count'>,
  query: Vectors,
  accept: (row: number) => boolean = () => true,
): Neighbor[] {
  const neighbors: Neighbor[] = []
  for (let row = 0; row < data.count; row++) {
    if (!accept(row)) continue
    neighbors.push({
      row,
      distance: distance(query, vectorAt(data.vectors, data.shape, row), data.shape.metric),
    })
  }
  return neighbors.sort((a, b) => a.distance - b.distance || a.row - b.row)
}

/**
 * How large the parts are that a distance is the sum or difference of: what errors of rounding and of codes are in
 * proportion to.
 */
export function distanceScale(a: Vectors, b: Vectors, metric: Metric): number {
  if (metric === 'cosine' || metric === 'hamming') return 1
  const [first, second] = [squaredLength(a), squaredLength(b)]
  return metric === 'l2' ? first + second : Math.sqrt(first * second)
}

function squaredLength(vector: Vectors): number {
  let sum = 0
  for (const x of vector) sum += x * x
  return sum
}
