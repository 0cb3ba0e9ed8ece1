import type { Bitset } from '@omen/core'
import type { SearchPlan } from '@omen/hnsw'
import type { PayloadReader } from '../payload/payload.ts'

/**
 * Rows that were written together or merged: ids, versions, expiry, vectors and payload, and what finds them.
 *
 * A segment knows nothing of deletions: which of its rows exist is a bitset of its owner's, passed as `accept`. Whoever
 * keeps a segment across a turn of the event loop holds it with `retain` and lets go with `release`; a fresh one is held
 * once, by whoever made it.
 */
export interface Segment {
  readonly id: number
  /** Rows ever given out here, deleted ones included. */
  readonly rows: number
  readonly payload: PayloadReader
  /**
   * The newest row of an id among those accepted, or `NO_ROW`.
   *
   * @param accept undefined: all rows; a row beyond its length is not accepted
   */
  findRow(id: string, accept?: Bitset): number
  /** Every row that has an id, in any order; a sealed segment leaves out those that were deleted when it was written. */
  rowsOf(id: string): Iterable<number>
  /** @throws OmenError `unknown_row`, as do the other calls that take a row */
  idOf(row: number): string
  /** The same of several rows, in a fraction of the time. */
  idsOf(rows: Uint32Array): string[]
  /** The sequence of the log record that wrote the row. */
  versionOf(row: number): number
  /** When the row expires, in milliseconds since 1970; Infinity for never. */
  expiresAt(row: number): number
  /** The rows that have expired at a point in time. Undefined when none of them ever does. */
  expired(nowMs: number): Bitset | undefined
  /**
   * A row's vector as it was given, bit for bit: a copy. Undefined where the row has none.
   *
   * @throws OmenError `unknown_field`
   */
  vector(field: string, row: number): Float32Array | undefined
  /**
   * The rows whose vectors are nearest to a query, as many as are asked for wherever so many are accepted and have a
   * vector. Rows that were appended when the call was made are found.
   *
   * @param query of valid values: borrowed until the promise settles
   * @throws OmenError `unknown_field`, `dimension_mismatch`, `invalid_argument` naming the option, `aborted`, `closed`
   */
  search(field: string, query: Float32Array, search: SegmentSearch): Promise<SegmentHits>
  /**
   * The same for many queries, on several threads.
   *
   * @param queries queries x dimension: borrowed until the promise settles
   * @returns the hits of each query
   */
  searchMany(field: string, queries: Float32Array, search: SegmentSearchMany): Promise<SegmentHits[]>
  stats(): SegmentStats
  /** Keeps the segment open until `release` is called once more. @throws OmenError `closed` */
  retain(): void
  /** The last call closes it: its regions and memory are let go of. */
  release(): void
}

/** What a search within a segment asks for. */
export interface SegmentSearch {
  /** Hits wanted, at least 1. With `radius`, the most there may be. */
  readonly k: number
  /** Candidates kept while walking a graph (ef). */
  readonly beam?: number | undefined
  /** Compares every row that may be returned, and walks no graph. */
  readonly exact?: boolean | undefined
  /** Candidates whose exact distances are computed; at least k. */
  readonly rescore?: number | undefined
  /** Only rows at this distance or closer. */
  readonly radius?: number | undefined
  /** Rows that may be returned; a row beyond its length is not. Never changed after it was passed: what follows from it is kept. */
  readonly accept?: Bitset | undefined
  /** Only rows below this number: those that a snapshot knows. All of them when left out. */
  readonly rows?: number | undefined
  /** Whether the plan says how the graph went about it. */
  readonly explain?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SegmentSearchMany extends SegmentSearch {
  /** Threads to use; all the pool has when left out. */
  readonly threads?: number | undefined
}

/** Rows found, closest first by exact distance, ties by row. */
export interface SegmentHits {
  readonly rows: Uint32Array
  readonly distances: Float32Array
  readonly plan: SegmentPlan
}

/** What a search did, for people who want to know. */
export interface SegmentPlan {
  /** `scan`: all rows that may be returned were compared; `graph`: a graph was walked. */
  readonly strategy: 'scan' | 'graph'
  /** How the graph went about it, where that was asked for. */
  readonly walk?: SearchPlan
  /** Rows of the graph that were compared exactly. */
  readonly candidates: number
  /** Rows that lie outside the graph, among which the accepted ones were compared exactly. */
  readonly scanned: number
}

export interface SegmentStats {
  readonly rows: number
  /** Rows by vector field: how many have a vector, and how many of these the graph finds. */
  readonly fields: ReadonlyMap<string, { readonly vectors: number; readonly linked: number }>
  /** Every byte held is in exactly one part; what is mapped counts too. */
  readonly bytes: { readonly total: number; readonly [part: string]: number }
}
