/*
 * The grid of b bits has the values v/2 with v odd, from −(2^b − 1) to 2^b − 1, in every component. A rotated vector is
 * stored as the point of the grid in its direction: the one with the largest cosine. Its length goes into a factor.
 *
 * The exact search for that point tries every scale at which a component changes its code (Gao et al., 2025, algorithm
 * 1). Here a few scales are tried around the one that is best for normally distributed components, as those of a rotated
 * vector nearly are; then each component may move by a step where that brings the cosine up. The components are first
 * rounded to 15 bits, so that all sums are whole numbers, exact in any order and in any language.
 */

/** The largest rounded component. */
const MAX_MAGNITUDE = 32_767

/** The steps of 2^b levels that have the least squared error for components of variance 1 (Max, 1960, table II). */
export const NORMAL_STEPS: readonly number[] = [
  0, 1.596, 0.9957, 0.586, 0.3352, 0.1881, 0.1041, 0.0569, 0.0308,
]

/** Shares of that step that are tried: few components have smaller extremes than the normal distribution. */
export const LEAST_SHARE = 0.65
const SHARES: readonly number[] = [LEAST_SHARE, 0.8, 0.95, 1.1]

/** Times that all components are looked at again. */
const DESCENTS = 2

/** Finds the grid's point nearest in direction to a vector; holds working memory for one vector. */
export class GridEncoder {
  readonly bits: number
  /** Codes of the components, 0 to 2^bits − 1, of which code u stands for u − (2^bits − 1) / 2. */
  readonly codes: Uint8Array
  /** |component|, rounded. */
  readonly #magnitudes: Float32Array
  /** Half of (|v| − 1), best so far and now tried. */
  #best: Uint8Array
  #tried: Uint8Array
  /** Σ |component| · |v| and Σ v² of the best. */
  #product = 0
  #squares = 0

  constructor(bits: number, dimension: number) {
    this.bits = bits
    this.codes = new Uint8Array(dimension)
    this.#magnitudes = new Float32Array(dimension)
    this.#best = new Uint8Array(dimension)
    this.#tried = new Uint8Array(dimension)
  }

  /** Writes `codes` for a vector that is not all zero: borrowed. */
  encode(vector: Float32Array): void {
    const middle = 1 << (this.bits - 1)
    if (this.bits > 1) this.#search(vector)
    for (let i = 0; i < this.codes.length; i++) {
      const level = this.bits > 1 ? this.#best[i]! : 0
      this.codes[i] = vector[i]! < 0 ? middle - 1 - level : middle + level
    }
  }

  #search(vector: Float32Array): void {
    const spread = this.#round(vector)
    this.#product = 0
    this.#squares = 1
    for (const share of SHARES) this.#try(Math.fround(spread * NORMAL_STEPS[this.bits]! * share))
    // The step at which the largest component just fits: best where one component dwarfs the others.
    this.#try(Math.fround(MAX_MAGNITUDE / (1 << (this.bits - 1))))
    for (let i = 0; i < DESCENTS; i++) this.#descend()
  }

  /** Rounds the magnitudes, the largest to `MAX_MAGNITUDE`, and gives their root of mean squares. */
  #round(vector: Float32Array): number {
    let largest = 0
    for (const x of vector) largest = Math.max(largest, Math.abs(x))
    // Below the range of the inverse: any code will do for a vector so close to the centre.
    const inverse = largest > 1e-33 ? Math.fround(MAX_MAGNITUDE / largest) : 0
    let squares = 0
    for (let i = 0; i < vector.length; i++) {
      const rounded = Math.floor(Math.fround(Math.fround(Math.abs(vector[i]!) * inverse) + 0.5))
      this.#magnitudes[i] = rounded
      squares += rounded * rounded
    }
    return Math.sqrt(squares / vector.length)
  }

  #try(step: number): void {
    const inverse = step > 0 ? Math.fround(1 / step) : 0
    const last = (1 << (this.bits - 1)) - 1
    const magnitudes = this.#magnitudes
    const tried = this.#tried
    let product = 0
    let squares = 0
    for (let i = 0; i < magnitudes.length; i++) {
      const level = Math.min(last, Math.floor(Math.fround(magnitudes[i]! * inverse)))
      const value = 2 * level + 1
      tried[i] = level
      product += magnitudes[i]! * value
      squares += value * value
    }
    if (product * product * this.#squares <= this.#product * this.#product * squares) return
    this.#product = product
    this.#squares = squares
    this.#tried = this.#best
    this.#best = tried
  }

  /** Moves one component after the other up or down where the cosine grows. */
  #descend(): void {
    const last = (1 << (this.bits - 1)) - 1
    const best = this.#best
    let product = this.#product
    let squares = this.#squares
    for (let i = 0; i < best.length; i++) {
      const level = best[i]!
      const twice = 2 * this.#magnitudes[i]!
      const up = product + twice
      const upSquares = squares + 8 * (level + 1)
      const down = product - twice
      const downSquares = squares - 8 * level
      const now = product * product
      if (level < last && up * up * squares > now * upSquares) {
        best[i] = level + 1
        product = up
        squares = upSquares
      } else if (level > 0 && down * down * squares > now * downSquares) {
        best[i] = level - 1
        product = down
        squares = downSquares
      }
    }
    this.#product = product
    this.#squares = squares
  }
}
