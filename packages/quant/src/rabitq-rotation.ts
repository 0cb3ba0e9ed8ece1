/** Rounds of sign flips and transforms: after four, every component has met every other several times. */
const ROUNDS = 4

/**
 * A random rotation that needs no matrix: rounds of random signs and a fast Walsh-Hadamard transform, which is of a power
 * of two, so that for other dimensions it takes the head and the tail of the vector in turn, and the two halves are then
 * mixed pair by pair. It is the same for the same dimension, on any machine and in any language: every step rounds to
 * f32 in a fixed order.
 *
 * O(dimension · log dimension); Ailon and Chazelle, "The Fast Johnson-Lindenstrauss Transform" (2009), section 2.
 */
export class Rotation {
  readonly dimension: number
  /** Components that one transform takes: the largest power of two that the dimension holds. */
  readonly #size: number
  readonly #scale: number
  /** 1 or −1 for each component in each round. */
  readonly #signs: Float32Array

  constructor(dimension: number) {
    this.dimension = dimension
    this.#size = 2 ** Math.floor(Math.log2(dimension))
    this.#scale = Math.fround(1 / Math.sqrt(this.#size))
    this.#signs = Float32Array.from({ length: ROUNDS * dimension }, (_, i) => randomSign(i))
  }

  /** Rotates a vector in place. */
  apply(vector: Float32Array): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.#flip(vector, round)
      this.#transform(vector, round)
      this.#mix(vector)
    }
  }

  /** Rotates a vector back in place: each step is its own inverse. */
  undo(vector: Float32Array): void {
    for (let round = ROUNDS - 1; round >= 0; round--) {
      this.#mix(vector)
      this.#transform(vector, round)
      this.#flip(vector, round)
    }
  }

  #flip(vector: Float32Array, round: number): void {
    const start = round * this.dimension
    for (let i = 0; i < this.dimension; i++) vector[i]! *= this.#signs[start + i]!
  }

  #transform(vector: Float32Array, round: number): void {
    const size = this.#size
    const first = round % 2 === 0 ? 0 : this.dimension - size
    for (let half = 1; half < size; half *= 2) {
      for (let block = first; block < first + size; block += 2 * half) {
        for (let i = block; i < block + half; i++) {
          const a = vector[i]!
          const b = vector[i + half]!
          vector[i] = a + b
          vector[i + half] = a - b
        }
      }
    }
    for (let i = first; i < first + size; i++) vector[i]! *= this.#scale
  }

  /** Turns pairs of components by 45° where the transforms alone would mix the two ends too little. */
  #mix(vector: Float32Array): void {
    if (this.#size === this.dimension) return
    const half = this.dimension >>> 1
    for (let i = 0; i < half; i++) {
      const a = vector[i]! * SQRT_HALF
      const b = vector[i + half]! * SQRT_HALF
      vector[i] = Math.fround(a) + Math.fround(b)
      vector[i + half] = Math.fround(a) - Math.fround(b)
    }
  }
}

const SQRT_HALF = Math.fround(Math.SQRT1_2)

/** The i-th of a fixed sequence of signs (the finisher of MurmurHash3 over a counter). */
function randomSign(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b9)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) & 1 ? -1 : 1
}
