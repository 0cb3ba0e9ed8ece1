import { randomBytes } from 'node:crypto'
import { type Collection, OmenError, type Schema, type Snapshot } from '@omen/db'
import { HttpError } from '../http/errors.ts'

interface Kept {
  readonly snapshot: Snapshot<Schema>
  readonly collection: string
  readonly expiresAt: number
}

/** A snapshot that is open. */
export interface OpenSnapshot {
  readonly snapshot: string
  readonly sequence: number
  readonly expiresAt: Date
}

const ID_BYTES = 16

/** The snapshots that clients have open: each lasts for a time that was agreed on, since clients may go without a word. */
export class Snapshots {
  readonly #limit: number
  readonly #longestMs: number
  readonly #kept = new Map<string, Kept>()

  constructor(limits: { readonly snapshots: number; readonly snapshotMs: number }) {
    this.#limit = limits.snapshots
    this.#longestMs = limits.snapshotMs
  }

  get size(): number {
    return this.#kept.size
  }

  /** @throws OmenError `overloaded` when too many are open, and what `Collection.snapshot` throws */
  async open(collection: Collection<Schema>, ttlMs: number = this.#longestMs): Promise<OpenSnapshot> {
    this.sweep()
    if (this.#kept.size >= this.#limit) {
      throw new HttpError('overloaded', `there are ${this.#limit} snapshots already (limits.snapshots)`, {
        retryAfterSeconds: 1,
      })
    }
    const snapshot = await collection.snapshot()
    const id = randomBytes(ID_BYTES).toString('hex')
    const expiresAt = Date.now() + Math.min(ttlMs, this.#longestMs)
    this.#kept.set(id, { snapshot, collection: collection.name, expiresAt })
    return { snapshot: id, sequence: snapshot.sequence, expiresAt: new Date(expiresAt) }
  }

  /** @throws OmenError `not_found` for one that there is not any more, or never was, of this collection */
  find(collection: string, id: string): Snapshot<Schema> {
    this.sweep()
    const kept = this.#kept.get(id)
    if (kept?.collection === collection) return kept.snapshot
    throw new OmenError('not_found', 'there is no such snapshot: it has expired, or was closed')
  }

  /** @returns whether there was one */
  close(collection: string, id: string): boolean {
    const kept = this.#kept.get(id)
    if (kept?.collection !== collection) return false
    this.#kept.delete(id)
    void kept.snapshot.close()
    return true
  }

  /** Closes those whose time is over. */
  sweep(): void {
    const now = Date.now()
    for (const [id, { collection, expiresAt }] of this.#kept) {
      if (expiresAt <= now) this.close(collection, id)
    }
  }

  closeAll(): void {
    for (const [id, { collection }] of this.#kept) this.close(collection, id)
  }
}
