import { dotF32 } from '@omen/core'

/** How often scale and lower bound are fitted to the codes, and the codes to them. */
const FITS = 3

/**
 * Rounds the components of one vector to whole numbers u from 0 to 2^bits − 1 with a scale and lower bound of their own,
 * c ≈ scale · u + lower: first from the least to the most, then by turns the line of least squared error through the codes
 * and the codes next to the line. Last, the line is stretched by |c|² / <c, line>, so that inner products with it are
 * those with the vector itself on average (Gao and Long 2024, section 3.2).
 *
 * The arithmetic is that of the C++ twin (`LineFit`): all in double precision, sums in the order of `dotF32`.
 */
export class LineFit {
  /** What `fit` found; both are rounded to f32. */
  scale = 0
  lower = 0
  readonly codes: Uint8Array
  readonly #last: number
  readonly #values: Float32Array

  constructor(bits: number, dimension: number) {
    this.#last = 2 ** bits - 1
    this.codes = new Uint8Array(dimension)
    this.#values = new Float32Array(dimension)
  }

  /**
   * @param components borrowed
   * @param squared the sum of their squares
   */
  fit(components: Float32Array, squared: number): void {
    const { length } = components
    let least = components[0]!
    let most = least
    let sum = 0
    for (let i = 0; i < length; i++) {
      least = Math.min(least, components[i]!)
      most = Math.max(most, components[i]!)
      sum += components[i]!
    }
    let scale = (most - least) / this.#last
    let lower = least
    this.#round(components, scale, lower)
    for (let i = 0; i < FITS; i++) {
      const { product, codeSum, codeSquares } = this.#sums(components)
      const spread = length * codeSquares - codeSum * codeSum
      if (!(spread > 0)) break
      const steeper = (length * product - codeSum * sum) / spread
      if (!(steeper > 0)) break
      scale = steeper
      lower = (sum - scale * codeSum) / length
      this.#round(components, scale, lower)
    }
    const product = lower * sum + scale * this.#sums(components).product
    const stretch = product > 0 ? squared / product : 1
    this.scale = Math.fround(scale * stretch)
    this.lower = Math.fround(lower * stretch)
  }

  #round(components: Float32Array, scale: number, lower: number): void {
    const inverse = scale > 0 ? 1 / scale : 0
    for (let i = 0; i < components.length; i++) {
      const code = Math.trunc(Math.min(this.#last, Math.max(0, (components[i]! - lower) * inverse + 0.5)))
      this.codes[i] = code
      this.#values[i] = code
    }
  }

  #sums(components: Float32Array): { product: number; codeSum: number; codeSquares: number } {
    let codeSum = 0
    let codeSquares = 0
    for (const code of this.codes) {
      codeSum += code
      codeSquares += code * code
    }
    return { product: dotF32(components, 0, this.#values, 0, components.length), codeSum, codeSquares }
  }
}
