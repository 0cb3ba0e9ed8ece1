import { HttpError } from '../http/errors.ts'

interface Bucket {
  tokens: number
  /** When they were counted, in milliseconds. */
  at: number
}

/** Buckets that are full again are forgotten from this many on. */
const MANY = 10_000

/** How many requests each key may make: a bucket of tokens for each, refilled evenly. */
export class Rate {
  readonly #perMs: number
  readonly #burst: number
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  /** @param now milliseconds that only grow */
  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#now = now
  }

  /**
   * Takes a token.
   *
   * @throws OmenError `too_many_requests` saying when there is one again
   */
  take(id: string): void {
    const now = this.#now()
    const bucket = this.#bucket(id, now)
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs)
    bucket.at = now
    if (bucket.tokens < 1) {
      const waitMs = (1 - bucket.tokens) / this.#perMs
      throw new HttpError('too_many_requests', 'this key makes more requests than limits.requestsPerSecond', {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      })
    }
    bucket.tokens--
  }

  #bucket(id: string, now: number): Bucket {
    const found = this.#buckets.get(id)
    if (found) return found
    if (this.#buckets.size >= MANY) this.#forget(now)
    const bucket = { tokens: this.#burst, at: now }
    this.#buckets.set(id, bucket)
    return bucket
  }

  #forget(now: number): void {
    for (const [id, { tokens, at }] of this.#buckets) {
      if (tokens + (now - at) * this.#perMs >= this.#burst) this.#buckets.delete(id)
    }
  }
}
