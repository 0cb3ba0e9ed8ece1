import type { NativeSearch, Refusal, ResultBuffers, Vectors } from '@omen/core'

/** Searches that go to the pool together, at most: the first of them waits for the last. */
const MOST_TOGETHER = 8

/** Searches for many queries at once, one after another on one thread of the pool. */
export type SearchTogether = (
  queries: Vectors,
  search: NativeSearch,
  out: ResultBuffers,
) => Promise<Refusal | undefined>

interface Waiting {
  readonly query: Vectors
  readonly search: NativeSearch
  readonly out: ResultBuffers
  readonly resolve: (refusal: Promise<Refusal | undefined> | Refusal | undefined) => void
}

/**
 * Gathers the searches of one turn of the event loop while others run.
 *
 * To hand a search to a thread and its answer back costs as much as a short search does. A program that waits for one search
 * at a time does not notice, since both threads watch for each other; one that serves many callers does little else. So a
 * search that finds the pool at work waits for the end of the turn, and goes there together with those that came meanwhile.
 */
export class GatheredSearches {
  readonly #together: SearchTogether
  readonly #threads: number
  #running = 0
  #waiting: Waiting[] = []

  /** @param threads of the pool, among which the searches of a turn are divided */
  constructor(together: SearchTogether, threads: number) {
    this.#together = together
    this.#threads = threads
  }

  /** Searches for one query; as `SearchTogether` does. */
  search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<Refusal | undefined> {
    if (this.#running === 0) return this.#run(query, search, out)
    return new Promise((resolve) => {
      if (this.#waiting.push({ query, search, out, resolve }) === 1) setImmediate(this.#start)
    })
  }

  async #run(queries: Vectors, search: NativeSearch, out: ResultBuffers): Promise<Refusal | undefined> {
    this.#running++
    try {
      return await this.#together(queries, search, out)
    } finally {
      this.#running--
    }
  }

  readonly #start = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    const most = Math.min(MOST_TOGETHER, Math.ceil(waiting.length / this.#threads))
    for (let from = 0; from < waiting.length; ) {
      const first = waiting[from] as Waiting
      let to = from + 1
      while (to < waiting.length && to - from < most && alike(first, waiting[to] as Waiting)) to++
      if (to - from === 1) first.resolve(this.#run(first.query, first.search, first.out))
      else void this.#runTogether(waiting.slice(from, to))
      from = to
    }
  }

  async #runTogether(searches: readonly Waiting[]): Promise<void> {
    const [{ query, search }] = searches as readonly [Waiting]
    const { length } = query
    const count = searches.length
    const queries =
      query instanceof Float32Array ? new Float32Array(count * length) : new Uint8Array(count * length)
    for (const [i, each] of searches.entries()) queries.set(each.query, i * length)
    const { k } = search
    const rows = new Uint32Array(count * k)
    const distances = new Float32Array(count * k)
    const counts = new Uint32Array(count)
    let refused = true
    try {
      refused = (await this.#run(queries, search, { rows, distances, counts })) !== undefined
    } catch {
      // Whoever it concerns is told below.
    }
    for (const [i, { query: own, out, resolve }] of searches.entries()) {
      // The answer names but the first that was refused.
      if (refused) {
        resolve(this.#run(own, search, out))
        continue
      }
      out.rows.set(rows.subarray(i * k, (i + 1) * k))
      out.distances.set(distances.subarray(i * k, (i + 1) * k))
      out.counts[0] = counts[i] as number
      resolve(undefined)
    }
  }
}

/** Whether two searches differ in nothing but the query. */
function alike(a: Waiting, b: Waiting): boolean {
  if (a.out.work || b.out.work || a.query.length !== b.query.length) return false
  for (const name in a.search) {
    if (a.search[name as keyof NativeSearch] !== b.search[name as keyof NativeSearch]) return false
  }
  return true
}
