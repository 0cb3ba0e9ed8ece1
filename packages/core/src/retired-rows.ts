/**
 * Row numbers of removed rows, kept back until every search that began before their removal has ended.
 *
 * Such a search may still return the row; were the number given to another vector meanwhile, the distance returned
 * would be one vector's and the row another's.
 */
export class RetiredRows {
  /** Grows with every retirement. */
  #epoch = 0
  readonly #batches: { readonly epoch: number; readonly rows: readonly number[] }[] = []
  /** Searches running by the epoch they began in; epochs only grow, so the first key is the oldest. */
  readonly #searches: Map<number, number> = new Map()

  /** Tells that a search begins; give what it returns to `leave` when the search has ended. */
  enter(): number {
    this.#searches.set(this.#epoch, (this.#searches.get(this.#epoch) ?? 0) + 1)
    return this.#epoch
  }

  leave(epoch: number): void {
    const searches = (this.#searches.get(epoch) ?? 0) - 1
    if (searches > 0) this.#searches.set(epoch, searches)
    else this.#searches.delete(epoch)
  }

  retire(rows: readonly number[]): void {
    if (rows.length > 0) this.#batches.push({ epoch: this.#epoch++, rows })
  }

  /** Takes out the rows that no running search can return any more. */
  reclaim(): number[] {
    const [oldest = Infinity] = this.#searches.keys()
    let count = 0
    while (count < this.#batches.length && (this.#batches[count]?.epoch ?? Infinity) < oldest) count++
    return this.#batches.splice(0, count).flatMap((batch) => batch.rows)
  }

  /** Rows kept back. */
  get size(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.rows.length, 0)
  }
}
