import type { SearchStrategy } from './accelerator.ts'
import type { Bitset } from './bitset.ts'
import type { Shape, Vectors } from './metric.ts'

/** What a search asks for. */
export interface SearchOptions {
  /** Results wanted, at least 1. With `radius`, the most there may be. */
  readonly k: number
  /** Candidates kept while searching a graph (ef); raised to k when below it. An exact index ignores it. */
  readonly beam?: number
  /**
   * How much farther than the k-th closest found a row may be for its neighbours to be looked at, as a share of that
   * distance, in the units of the metric: 0 or more. A walk of a graph then ends where it has nothing closer left, after few
   * steps for easy queries and more for hard ones, and `beam` is but the most that it keeps (1024 when left out). It finds as
   * many as one by `beam` alone for fewer distances (Al-Jazzazi et al. 2025, Alg. 1; epsilon of NGT). Heeded where all rows
   * may be returned and there is no `radius`. Not for dot, whose distances have no origin. An exact index ignores it.
   */
  readonly epsilon?: number
  /** Candidates whose distance is computed again from the finer codes kept for that, raised to k when below it. */
  readonly rescore?: number
  /**
   * Share of the true k nearest that searches should find, above 0 and at most 1, in place of `beam`, `epsilon` and
   * `rescore`: a graph index takes settings that it was tuned to. An exact index finds them all and ignores it.
   */
  readonly recall?: number
  /** Rows that may be returned; a row beyond its length is not accepted. Borrowed until the search ends. */
  readonly accept?: Bitset
  /**
   * For measurements: how a graph index finds rows where not all may be returned, in place of what it would choose. An exact
   * index ignores it.
   */
  readonly strategy?: SearchStrategy
  /** Only rows at this distance or closer, in the units of the metric. */
  readonly radius?: number
  readonly signal?: AbortSignal
}

/** The rows found, closest first, ties by row; fewer than k when fewer are there. */
export interface SearchResult {
  readonly rows: Uint32Array
  readonly distances: Float32Array
}

/** Results of many searches, k places for each: search i has `counts[i]` of them, from place i·k; the rest is `NO_ROW`. */
export interface SearchManyResult {
  readonly rows: Uint32Array
  readonly distances: Float32Array
  readonly counts: Uint32Array
}

export interface SearchManyOptions extends SearchOptions {
  /** Threads to use; all the pool has when left out. */
  readonly threads?: number
}

export interface AddOptions {
  readonly threads?: number
  /** Whether nobody waits for it: the accelerator then does it at a lower priority than searches; false when left out. */
  readonly background?: boolean
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** How far a long operation has come, in rows. */
export interface Progress {
  readonly done: number
  readonly total: number
}

/** Sizes of an index; every byte it holds is in exactly one part of `bytes`. */
export interface IndexStats {
  /** Rows that a search can return. */
  readonly rows: number
  /** Rows that were removed and still take space. */
  readonly removed: number
  readonly bytes: { readonly total: number; readonly [part: string]: number }
}

/** One named run of bytes of a saved index. */
export interface Section {
  readonly name: string
  readonly sizeBytes: number
  /** The bytes in order, in parts: borrowed, not to be changed. */
  parts(): Iterable<Uint8Array>
}

/**
 * Finds the rows whose vectors are nearest to a query.
 *
 * Changes (`add`, `remove`) queue behind each other; searches run beside them at any time and see rows as they are linked.
 * After `close` every call throws `closed`.
 */
export interface VectorIndex {
  readonly shape: Shape
  /** Rows that a search can return. */
  readonly size: number
  /**
   * Adds vectors.
   *
   * @param vectors rows x dimension: borrowed until the promise settles
   * @returns the row number of each; those of removed rows are used again
   * @throws OmenError `invalid_argument`, `dimension_mismatch`, `not_finite`, `zero_vector`, `out_of_range`: then nothing
   * was added; `aborted`: then nothing was added either; `full` beyond 2^32 − 1 rows
   */
  add(vectors: Vectors, options?: AddOptions): Promise<Uint32Array>
  /**
   * Removes rows; at once they are never returned again.
   *
   * @returns how many there were to remove
   * @throws OmenError `unknown_row` for a row number never given out: then nothing was removed
   */
  remove(rows: Uint32Array | readonly number[]): Promise<number>
  /** Whether a search can return this row. */
  has(row: number): boolean
  /** Searches off the event loop where an accelerator is there. */
  search(query: Vectors, options: SearchOptions): Promise<SearchResult>
  /** Searches at once, for latency. */
  searchSync(query: Vectors, options: SearchOptions): SearchResult
  /** Searches for many queries on all cores; queries x dimension in one block, borrowed until the promise settles. */
  searchMany(queries: Vectors, options: SearchManyOptions): Promise<SearchManyResult>
  stats(): IndexStats
  /** What `save` writes. */
  sections(): Section[]
  /** Frees the memory; waits for nothing: running calls end with `closed`. */
  close(): void
}
