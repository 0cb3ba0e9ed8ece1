import { randomNumbers, type Vectors } from '@omen/core'

/** Times that directions are turned towards those of most variance; a third time finds 0.2 % more of it. */
const ITERATIONS = 2

/** Below this part of its length a direction has nothing left but what others have, and rounding. */
const LEAST_LEFT = 1e-6

/**
 * Finds the directions that hold most of the squared lengths of a sample: the subspace of its first principal components,
 * by orthogonal iteration (Golub and Van Loan, "Matrix Computations", section 8.2.4). The same for the same sample.
 *
 * @param sample vectors of `dimension` components, at least one: borrowed
 * @param mean what is taken off each vector: zeros for directions of most length in place of most variance
 * @param count directions wanted, from 1 to `dimension`; where the sample has fewer, the rest are any at right angles to them
 * @returns direction by direction, their components; they are orthonormal
 */
export function principalDirections(sample: Vectors, mean: Float32Array, count: number): Float32Array {
  const dimension = mean.length
  const total = sample.length / dimension
  const directions = Array.from({ length: count }, (_, j) => {
    // Some of the sample, which lie where most others do.
    const start = Math.floor((j * total) / count) * dimension
    return Float64Array.from(mean, (x, i) => sample[start + i]! - x)
  })
  orthonormalize(directions)
  // No more vectors than directions: their span is all there is.
  if (total > count) {
    const moments = secondMoments(sample, mean)
    for (let i = 0; i < ITERATIONS; i++) {
      multiply(moments, directions)
      orthonormalize(directions)
    }
  }
  const all = new Float32Array(count * dimension)
  for (const [j, direction] of directions.entries()) all.set(direction, j * dimension)
  return all
}

/** Vectors that share one pass over a matrix, which is larger than the processor's caches. */
const AT_ONCE = 4
type Quadruple = readonly [Float64Array, Float64Array, Float64Array, Float64Array]

function quadruple(dimension: number): Quadruple {
  const vector = (): Float64Array => new Float64Array(dimension)
  return [vector(), vector(), vector(), vector()]
}

/** The sum of x xᵀ over a sample less its mean, row by row. */
function secondMoments(sample: Vectors, mean: Float32Array): Float64Array {
  const dimension = mean.length
  const moments = new Float64Array(dimension * dimension)
  const some = quadruple(dimension)
  const [x0, x1, x2, x3] = some
  for (let start = 0; start < sample.length; start += AT_ONCE * dimension) {
    for (const [k, x] of some.entries()) {
      const at = start + k * dimension
      for (let i = 0; i < dimension; i++) x[i] = at < sample.length ? sample[at + i]! - mean[i]! : 0
    }
    // The half above the diagonal, which the other one mirrors.
    for (let i = 0; i < dimension; i++) {
      const [a0, a1, a2, a3] = [x0[i]!, x1[i]!, x2[i]!, x3[i]!]
      for (let j = i; j < dimension; j++) {
        moments[i * dimension + j]! += a0 * x0[j]! + a1 * x1[j]! + a2 * x2[j]! + a3 * x3[j]!
      }
    }
  }
  for (let i = 0; i < dimension; i++) {
    for (let j = 0; j < i; j++) moments[i * dimension + j] = moments[j * dimension + i]!
  }
  return moments
}

/** Puts the products of a symmetric matrix and vectors in their places. */
function multiply(matrix: Float64Array, vectors: Float64Array[]): void {
  const dimension = vectors[0]!.length
  for (let start = 0; start < vectors.length; start += AT_ONCE) {
    // The last one again where fewer are left.
    const last = vectors.at(-1)!
    const v0 = vectors[start]!
    const [v1 = last, v2 = last, v3 = last] = vectors.slice(start + 1, start + AT_ONCE)
    const [p0, p1, p2, p3] = quadruple(dimension)
    for (let i = 0; i < dimension; i++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0]
      for (let j = 0, at = i * dimension; j < dimension; j++, at++) {
        const m = matrix[at]!
        s0 += m * v0[j]!
        s1 += m * v1[j]!
        s2 += m * v2[j]!
        s3 += m * v3[j]!
      }
      p0[i] = s0
      p1[i] = s1
      p2[i] = s2
      p3[i] = s3
    }
    for (const [k, product] of [p0, p1, p2, p3].entries()) {
      if (start + k < vectors.length) vectors[start + k] = product
    }
  }
}

/** Makes directions orthonormal, one after another (modified Gram and Schmidt); one that adds nothing is drawn anew. */
function orthonormalize(directions: readonly Float64Array[]): void {
  const random = randomNumbers(directions.length)
  for (const [j, direction] of directions.entries()) {
    while (!straighten(direction, directions.slice(0, j))) {
      for (let i = 0; i < direction.length; i++) direction[i] = random() - 0.5
    }
  }
}

/** Takes off a direction what others have of it, and gives it the length 1; false where nothing is left. */
function straighten(direction: Float64Array, others: readonly Float64Array[]): boolean {
  const before = Math.sqrt(dot(direction, direction))
  for (const other of others) {
    const share = dot(direction, other)
    for (let i = 0; i < direction.length; i++) direction[i]! -= share * other[i]!
  }
  const length = Math.sqrt(dot(direction, direction))
  if (!(length > LEAST_LEFT * before)) return false
  for (let i = 0; i < direction.length; i++) direction[i]! /= length
  return true
}

function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let i = 0
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i]! * b[i]!
    s1 += a[i + 1]! * b[i + 1]!
    s2 += a[i + 2]! * b[i + 2]!
    s3 += a[i + 3]! * b[i + 3]!
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!
  return s0 + s1 + (s2 + s3)
}
