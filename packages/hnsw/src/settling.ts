/** Lists expanded beyond the closest in any case. */
const LEAST = 30
/** Candidates kept for each that would be expanded: others will be dropped. */
const SPARE = 1.2

/**
 * Tells when the closest candidates of a walk have settled: when none of them was new for a time that grows with
 * the time that it took to find them (after Teofili & Lin 2025, "Patience in Proximity", where it is fixed).
 *
 * As in C++ (settling.h), where its reasons stand.
 */
export class Settling {
  readonly #places: number
  readonly #persistence: number
  #expanded = 0
  #last = 0

  /**
   * @param places how many candidates count as closest
   * @param persistence what of the time that it took to find them a walk goes on for
   */
  constructor(places: number, persistence: number) {
    this.#places = places
    this.#persistence = persistence
  }

  /** How many candidates of a pool can matter, as long as none is new among the closest. */
  get reach(): number {
    return this.#places + Math.floor(SPARE * (LEAST + (1 + this.#persistence) * this.#last))
  }

  /** Whether to end in place of expanding the candidate at a place of the pool. */
  endsAt(place: number): boolean {
    this.#expanded++
    if (place < this.#places) this.#last = this.#expanded
    return this.#expanded - this.#last > LEAST + this.#persistence * this.#last
  }
}
