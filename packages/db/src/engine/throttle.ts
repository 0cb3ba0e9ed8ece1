/** Shorter waits are saved up, since no timer keeps them. */
const LEAST_WAIT_MS = 5
/** The share of its bound that the work which waits must have reached before writers are slowed. */
const FREE_SHARE = 0.75
/** How many times longer than linking its rows takes a writer waits at most. */
const MOST_TIMES = 4
/** How much the last measurement counts for the speed of linking. */
const NEWEST_WEIGHT = 0.3

/**
 * Slows writers down so that rows come no faster than they are linked: in small steps, each the longer the more rows wait.
 *
 * Below three quarters of its bound nothing happens. From there on the waits grow, and at the bound a writer waits as long as
 * linking its rows takes, so that no more come than go.
 */
export class Throttle {
  #msPerRow = 0
  #owedMs = 0

  /** Says how long linking took. */
  linked(rows: number, ms: number): void {
    if (rows === 0) return
    const measured = ms / rows
    this.#msPerRow += (measured - this.#msPerRow) * (this.#msPerRow === 0 ? 1 : NEWEST_WEIGHT)
  }

  /**
   * The milliseconds to wait before rows are written, 0 for none.
   *
   * @param share what waits to be linked, as a share of its bound
   */
  wait(rows: number, share: number): number {
    if (share <= FREE_SHARE) {
      this.#owedMs = 0
      return 0
    }
    const times = Math.min((share - FREE_SHARE) / (1 - FREE_SHARE), MOST_TIMES)
    this.#owedMs += rows * this.#msPerRow * times
    if (this.#owedMs < LEAST_WAIT_MS) return 0
    const wait = this.#owedMs
    this.#owedMs = 0
    return wait
  }
}
