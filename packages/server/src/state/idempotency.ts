import { createHash } from 'node:crypto'
import { OmenError } from '@omen/core'

interface Remembered {
  /** Of the request that came first. */
  readonly fingerprint: string
  readonly reply: Promise<unknown>
  /** Until when, in milliseconds since 1970; undefined while it is under way. */
  until: number | undefined
}

/** A reply, and whether it was made for an earlier request of the same key. */
export interface IdempotentReply {
  readonly reply: unknown
  readonly replayed: boolean
}

const KEY = /^[\x21-\x7e]{1,255}$/

/** Replies to writes that clients may send again, since they did not get the reply. */
export class Idempotency {
  readonly #limit: number
  readonly #keepMs: number
  /** The oldest first. */
  readonly #replies = new Map<string, Remembered>()

  constructor(limits: { readonly idempotencyKeys: number; readonly idempotencyMs: number }) {
    this.#limit = limits.idempotencyKeys
    this.#keepMs = limits.idempotencyMs
  }

  /**
   * Does something once for each key. What failed wrote nothing, so it is not remembered and may be tried again.
   *
   * @param who keys of different clients have nothing to do with each other
   * @param request all that makes two requests the same
   * @throws OmenError `invalid_argument` for a key that is none, `conflict` for one that was used for another request
   */
  async once(
    who: string,
    key: string,
    request: readonly (string | Uint8Array)[],
    work: () => Promise<unknown>,
  ): Promise<IdempotentReply> {
    if (!KEY.test(key)) {
      throw new OmenError('invalid_argument', 'an Idempotency-Key has 1 to 255 visible characters')
    }
    const name = `${who} ${key}`
    const fingerprint = fingerprintOf(request)
    const earlier = this.#find(name)
    if (earlier) {
      if (earlier.fingerprint === fingerprint) return { reply: await earlier.reply, replayed: true }
      throw new OmenError('conflict', 'this Idempotency-Key was used for another request: take a new one')
    }
    const reply = work()
    const remembered: Remembered = { fingerprint, reply, until: undefined }
    this.#replies.set(name, remembered)
    try {
      const done = await reply
      remembered.until = Date.now() + this.#keepMs
      this.#forgetOldest()
      return { reply: done, replayed: false }
    } catch (error) {
      this.#replies.delete(name)
      throw error
    }
  }

  #find(name: string): Remembered | undefined {
    const found = this.#replies.get(name)
    if (found?.until === undefined || found.until > Date.now()) return found
    this.#replies.delete(name)
    return undefined
  }

  #forgetOldest(): void {
    for (const [name, { until }] of this.#replies) {
      if (this.#replies.size <= this.#limit) return
      if (until !== undefined) this.#replies.delete(name)
    }
  }
}

function fingerprintOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    // The length keeps apart what would read the same in a row.
    hash.update(`${part.length}:`)
    hash.update(part)
  }
  return hash.digest('base64')
}
