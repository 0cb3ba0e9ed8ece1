import { dotF32, type Vectors } from '@omen/core'

/** What a length of 1 is in whole numbers: the largest for which every sum of products stays below 2^31. */
const UNIT = 32_000

/** Below this squared length a difference counts as none: its inverse is beyond f32. */
const LEAST_SQUARED = 1e-60

/** By how much the squared length of a direction may be off. */
const TOLERANCE = 1e-3

/**
 * The components of vectors along orthonormal directions.
 *
 * A vector is rounded to 16 bits a component on a scale of its own, directions are on a fixed one: sums of whole numbers are
 * the same in any order, and several times faster than those of floats. A component is off by some 1e-5 of the vector's length.
 * The arithmetic is that of the C++ twin.
 */
export class Projection {
  /** What is taken off vectors. */
  readonly mean: Float32Array
  /** Direction by direction, their components. */
  readonly directions: Float32Array
  /** How many directions there are. */
  readonly count: number
  readonly #whole: Int16Array
  // Working memory for one vector.
  readonly #difference: Float32Array
  readonly #rounded: Int16Array

  constructor(mean: Float32Array, directions: Float32Array) {
    this.mean = mean
    this.directions = directions
    this.count = directions.length / mean.length
    this.#whole = Int16Array.from(directions, (x) => Math.floor(x * UNIT + 0.5))
    this.#difference = new Float32Array(mean.length)
    this.#rounded = new Int16Array(mean.length)
  }

  /** Whether directions are of length 1. */
  static fits(directions: Float32Array, dimension: number): boolean {
    for (let start = 0; start < directions.length; start += dimension) {
      const squared = dotF32(directions, start, directions, start, dimension)
      if (!(Math.abs(squared - 1) <= TOLERANCE)) return false
    }
    return true
  }

  apply(vector: Vectors, projected: Float32Array): void {
    const dimension = this.mean.length
    const [difference, rounded, whole] = [this.#difference, this.#rounded, this.#whole]
    for (let i = 0; i < dimension; i++) difference[i] = vector[i]! - this.mean[i]!
    const squared = dotF32(difference, 0, difference, 0, dimension)
    if (squared < LEAST_SQUARED) {
      projected.fill(0)
      return
    }
    const length = Math.sqrt(squared)
    const inverse = Math.fround(UNIT / length)
    for (let i = 0; i < dimension; i++) {
      rounded[i] = Math.floor(Math.fround(Math.fround(difference[i]! * inverse) + 0.5))
    }
    const scale = Math.fround(length / UNIT / UNIT)
    for (let j = 0; j < projected.length; j++) {
      let sum = 0
      for (let i = 0; i < dimension; i++) sum = (sum + Math.imul(rounded[i]!, whole[j * dimension + i]!)) | 0
      projected[j] = Math.fround(sum) * scale
    }
  }

  /** The vector whose components along the directions these are, and which has none at right angles to them. */
  undo(projected: Float32Array, vector: Vectors): void {
    const dimension = this.mean.length
    for (let i = 0; i < dimension; i++) {
      let x = this.mean[i]!
      for (let j = 0; j < projected.length; j++) x += projected[j]! * this.directions[j * dimension + i]!
      vector[i] = x
    }
  }
}
