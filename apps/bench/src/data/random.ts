/**
 * A small seeded generator of random numbers, the same on every platform: mulberry32 (Tommy Ettinger, public domain).
 *
 * Good enough to draw samples and to make test data; not for anything that must not be guessed.
 */
export class Random {
  #state: number

  /** @param seed the lowest 32 bits are used */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** The next number in [0, 1), a multiple of 2^-32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** A number from the standard normal distribution (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  /** `count` different whole numbers in [0, limit), in the order drawn: the first steps of a Fisher–Yates shuffle. */
  sample(count: number, limit: number): Uint32Array {
    const all = Uint32Array.from({ length: limit }, (_, i) => i)
    for (let i = 0; i < count; i++) {
      const j = i + this.below(limit - i)
      const drawn = all[j] ?? 0
      all[j] = all[i] ?? 0
      all[i] = drawn
    }
    return all.slice(0, count)
  }
}
