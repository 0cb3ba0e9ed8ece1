/** How far ahead rows are looked up that expire soon. */
const HORIZON_MS = 60_000

/** Rows by the time at which they expire. */
export interface Expiring {
  readonly rows: number
  /** Milliseconds since 1970; Infinity for never. */
  expiresAt(row: number): number
}

/**
 * Finds the rows of a segment that have expired, without a look at all of them each time: those that expire within the
 * next minute are known in order, and once a minute all are looked at.
 */
export class Expiries {
  /** Pairs of time and row, the latest first. */
  #soon: { readonly at: number; readonly row: number }[] = []
  /** Rows that expire before this moment are in `#soon`. */
  #horizon = -Infinity
  /** The earliest expiry at or after the horizon. */
  #later = Infinity

  /** Says that a row was added. */
  add(row: number, at: number): void {
    if (at >= this.#horizon) {
      this.#later = Math.min(this.#later, at)
      return
    }
    let place = this.#soon.length
    while (place > 0 && (this.#soon[place - 1]?.at ?? Infinity) < at) place--
    this.#soon.splice(place, 0, { at, row })
  }

  /** No row has expired before this moment. */
  get next(): number {
    return Math.min(this.#soon.at(-1)?.at ?? Infinity, this.#later)
  }

  /** The rows that expire at or before `now`, each once. */
  take(now: number, source: Expiring): number[] {
    if (this.#later <= now) this.#look(now, source)
    const rows: number[] = []
    for (let last = this.#soon.at(-1); last && last.at <= now; last = this.#soon.at(-1)) {
      rows.push(last.row)
      this.#soon.pop()
    }
    return rows
  }

  #look(now: number, source: Expiring): void {
    const from = this.#horizon
    this.#horizon = now + HORIZON_MS
    this.#later = Infinity
    for (let row = 0; row < source.rows; row++) {
      const at = source.expiresAt(row)
      if (at < from || at === Infinity) continue
      if (at < this.#horizon) this.#soon.push({ at, row })
      else this.#later = Math.min(this.#later, at)
    }
    this.#soon.sort((a, b) => b.at - a.at)
  }
}
