import { randomNumbers, type Vectors } from '@omen/core'

/** How vectors are cut: part p has the components from `starts[p]` to `starts[p + 1]`, and one of `centroids` centroids. */
export interface Partition {
  readonly dimension: number
  readonly parts: number
  readonly centroids: number
  readonly starts: Uint32Array
}

/** Cuts `dimension` components into `parts` runs whose lengths differ by one at most. */
export function partition(dimension: number, parts: number, centroids: number): Partition {
  const starts = Uint32Array.from({ length: parts + 1 }, (_, p) => Math.floor((p * dimension) / parts))
  return { dimension, parts, centroids, starts }
}

/**
 * Writes what one part of a vector adds to the squared distance, for each centroid. Every step rounds to f32, so that C++
 * gives the same to the bit.
 *
 * @param tables component by component, the values of all centroids: borrowed
 * @param out as many entries as there are centroids: overwritten
 */
export function squaresOfPart(
  vector: Vectors,
  { starts, centroids }: Partition,
  part: number,
  tables: Float32Array,
  out: Float32Array,
): void {
  out.fill(0)
  for (let i = starts[part]!; i < starts[part + 1]!; i++) {
    const x = vector[i]!
    const start = i * centroids
    for (let c = 0; c < centroids; c++) {
      const difference = Math.fround(x - tables[start + c]!)
      out[c] = out[c]! + Math.fround(difference * difference)
    }
  }
}

/** The first place of the smallest number. */
export function nearest(distances: Float32Array): number {
  let best = 0
  let least = distances[0]!
  for (let c = 1; c < distances.length; c++) {
    if (distances[c]! < least) {
      least = distances[c]!
      best = c
    }
  }
  return best
}

/** Vectors for each centroid that training looks at, and the least altogether: twice as many found no more of the nearest. */
const VECTORS_PER_CENTROID = 16
const LEAST_VECTORS = 4096

const ITERATIONS = 6

/** Points and centroids of one part, each `length` components after another. */
interface Cluster {
  readonly length: number
  readonly points: Float32Array
  readonly centers: Float32Array
}

/**
 * Finds centroids for every part by k-means (Lloyd), begun as k-means++ does (Arthur and Vassilvitskii, 2007): the same for
 * the same sample.
 *
 * @returns component by component, its value in all centroids
 */
export function trainCentroids(sample: Vectors, cut: Partition): Float32Array {
  const { dimension, parts, centroids, starts } = cut
  const tables = new Float32Array(dimension * centroids)
  const random = randomNumbers(dimension)
  for (let part = 0; part < parts; part++) {
    const length = starts[part + 1]! - starts[part]!
    const points = pointsOf(sample, cut, part)
    const cluster = { length, points, centers: new Float32Array(centroids * length) }
    begin(cluster, random)
    for (let i = 0; i < ITERATIONS; i++) if (!improve(cluster)) break
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < centroids; c++) {
        tables[(starts[part]! + i) * centroids + c] = cluster.centers[c * length + i]!
      }
    }
  }
  return tables
}

/** One part of as many vectors of the sample as are needed, spread over all of it. */
function pointsOf(sample: Vectors, { dimension, centroids, starts }: Partition, part: number): Float32Array {
  const total = sample.length / dimension
  const count = Math.min(total, Math.max(LEAST_VECTORS, VECTORS_PER_CENTROID * centroids))
  const length = starts[part + 1]! - starts[part]!
  const points = new Float32Array(count * length)
  for (let p = 0; p < count; p++) {
    const from = Math.floor((p * total) / count) * dimension + starts[part]!
    for (let i = 0; i < length; i++) points[p * length + i] = sample[from + i]!
  }
  return points
}

/** Takes points for centroids, each with a chance in proportion to its squared distance from those taken before. */
function begin({ length, points, centers }: Cluster, random: () => number): void {
  const count = points.length / length
  const distances = new Float64Array(count).fill(Infinity)
  let chosen = Math.floor(random() * count)
  for (let start = 0; start < centers.length; start += length) {
    for (let i = 0; i < length; i++) centers[start + i] = points[chosen * length + i]!
    let sum = 0
    for (let p = 0; p < count; p++) {
      distances[p] = Math.min(distances[p]!, squaredDistance(points, p * length, centers, start, length))
      sum += distances[p]!
    }
    let rest = random() * sum
    for (chosen = 0; chosen < count - 1; chosen++) {
      rest -= distances[chosen]!
      if (rest <= 0) break
    }
  }
}

/** Moves every centroid to the mean of the points nearest to it; says whether any moved. */
function improve({ length, points, centers }: Cluster): boolean {
  const sums = new Float64Array(centers.length)
  const counts = new Uint32Array(centers.length / length)
  let farthest = 0
  let most = -1
  for (let point = 0; point < points.length; point += length) {
    let best = 0
    let least = Infinity
    for (let center = 0; center < centers.length; center += length) {
      const squared = squaredDistance(points, point, centers, center, length)
      if (squared < least) {
        least = squared
        best = center
      }
    }
    if (least > most) {
      most = least
      farthest = point
    }
    counts[best / length]!++
    for (let i = 0; i < length; i++) sums[best + i]! += points[point + i]!
  }
  let moved = false
  for (let at = 0; at < centers.length; at++) {
    const members = counts[Math.floor(at / length)]!
    // A centroid without points helps where the error is largest; the next round evens it out.
    const value = members > 0 ? Math.fround(sums[at]! / members) : points[farthest + (at % length)]!
    moved ||= value !== centers[at]
    centers[at] = value
  }
  return moved
}

function squaredDistance(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  length: number,
): number {
  let sum = 0
  let i = 0
  for (; i + 3 < length; i += 4) {
    const d0 = a[aStart + i]! - b[bStart + i]!
    const d1 = a[aStart + i + 1]! - b[bStart + i + 1]!
    const d2 = a[aStart + i + 2]! - b[bStart + i + 2]!
    const d3 = a[aStart + i + 3]! - b[bStart + i + 3]!
    sum += d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3)
  }
  for (; i < length; i++) {
    const d = a[aStart + i]! - b[bStart + i]!
    sum += d * d
  }
  return sum
}
