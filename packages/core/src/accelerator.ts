import type { Metric, Shape, Vectors } from './metric.ts'
import type { Element, NativeCodec } from './quantizer.ts'
import type { TextColumnParts } from './text-column.ts'

/**
 * The contract of the optional native addon (`@omen/native`): everything it does, TypeScript can do too, slower.
 *
 * Memory belongs to TypeScript: chunks of slabs are typed arrays that both sides read. Native objects keep the chunks
 * that were attached to them alive.
 */
export interface Accelerator {
  /** Allocates zeroed memory, aligned for the widest loads and, when `huge`, advised to lie on huge pages. */
  allocate(sizeBytes: number, huge: boolean): ArrayBuffer
  /** Gives back at once what `allocate` gave, which the garbage collector would some time: every view of it is empty then. */
  free(buffer: ArrayBuffer): void
  /** XXH3 (64 bits, no seed) of more than 240 bytes, fed in pieces on the pool. */
  createChecksum(): NativeChecksum
  /** Copies bytes on the pool, where a page that must be read from a disk keeps nobody waiting. Pieces of a few MiB. */
  copy(source: Uint8Array, target: Uint8Array): Promise<void>
  createTexts(parts: TextColumnParts): NativeTexts
  createCodes(shape: Shape, codec: NativeCodec, bytesPerRow: number): NativeCodes
  createGraph(options: NativeGraphOptions): NativeGraph
  /** One distance between two single vectors of elements, as the kernels give it (see `referenceDistance`). */
  distance(element: Element, metric: Metric, a: Uint8Array, b: Uint8Array, dimension: number): number
  /** What runs on this machine. */
  doctor(): Doctor
}

/** A checksum that is being computed: one update at a time. */
export interface NativeChecksum {
  /**
   * @param bytes a few MiB at most, so that searches need not wait: borrowed until the promise resolves
   * @param background whether everything else goes before it
   */
  update(bytes: Uint8Array, background?: boolean): Promise<void>
  /** @throws RangeError for 240 bytes or fewer */
  value(): bigint
}

/** Texts of rows, as a `TextColumn` reads them. */
export interface NativeTexts {
  join(rows: Uint32Array): string | undefined
}

export interface Doctor {
  readonly kernels: string
  /** Every set of kernels that this processor could run, best first. */
  readonly available: readonly string[]
  /** The set that `OMEN_KERNELS` asked for, when this processor has no such set and the best one runs instead. */
  readonly refused?: string
  readonly threads: number
  readonly pageSizeBytes: number
  /** How the system hands out huge pages: `always`, `madvise`, `never` or `unknown`. */
  readonly hugePages: string
  /** Compiler that built the addon. */
  readonly compiler: string
}

/** Why a native call refused a vector: its index in the batch, and the error code. */
export interface Refusal {
  readonly index: number
  readonly code: 'not_finite' | 'zero_vector' | 'out_of_range'
}

/** Where results of `count` searches for `k` rows go; `counts[i]` rows of search i are valid, the rest is untouched. */
export interface ResultBuffers {
  readonly rows: Uint32Array
  readonly distances: Float32Array
  readonly counts: Uint32Array
  /**
   * Where graph searches write what they did, three numbers each: distances computed by the traversal's codes, lists
   * expanded, distances computed by the exact codes.
   */
  readonly work?: Uint32Array | undefined
}

/**
 * What makes a native search fast and can be switched off, one by one, to measure what it brings.
 *
 * - `prefetchCodes`: the codes of rows are asked for before they are compared, a few at a time
 * - `prefetchLists`: so is the list of the candidate that will most likely be expanded next
 * - `pipeline`: a list's codes travel while the list before it is compared
 * - `interleave`: a thread with many queries takes turns between two
 * - `mergeBatches`: the rows of a list go into the pool in one merge, not one by one
 * - `reuseVisited`: the marks of rows seen are kept for the next search
 */
export const NATIVE_TECHNIQUES = [
  'prefetchCodes',
  'prefetchLists',
  'pipeline',
  'interleave',
  'mergeBatches',
  'reuseVisited',
] as const

export type NativeTechnique = (typeof NATIVE_TECHNIQUES)[number]

/** Who does long work. */
export interface Workers {
  readonly threads: number
  /** Whether nobody waits for it: then its threads run at a lower priority than those of all other calls. */
  readonly background?: boolean | undefined
}

/** Codes in a slab, with the kernels to score them. */
export interface NativeCodes {
  /** Hands over the next chunk of the slab. */
  attach(chunk: Uint8Array): void
  /**
   * Prepares and encodes vectors into the given rows, on the pool. The vectors are borrowed until the promise resolves.
   *
   * @returns the first refused vector, or undefined when all were encoded
   */
  encode(vectors: Vectors, rows: Uint32Array, workers: Workers): Promise<Refusal | undefined>
  /** Distances from one raw (unprepared) query to rows; the query must be valid. For tests and rescoring. */
  scoreSync(query: Vectors, rows: Uint32Array, distances: Float32Array): void
  /**
   * The exact k nearest of rows 0 … rowCount − 1 by these codes, ties by row.
   *
   * @param accept bit r set: row r may be returned; undefined: all may
   * @returns the first refused query, or undefined
   */
  scan(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    threads: number,
    out: ResultBuffers,
  ): Promise<Refusal | undefined>
  scanSync(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    out: ResultBuffers,
  ): Refusal | undefined
}

export interface NativeGraphOptions {
  /** Links a row gets on upper layers; twice as many fit on the base layer. */
  readonly m: number
  /** Candidates kept while inserting. */
  readonly beam: number
  /** Factor of robust prune, at least 1: see `HnswOptions.alpha` of `@omen/hnsw`. */
  readonly alpha: number
  /** Techniques that are switched off. */
  readonly without: readonly NativeTechnique[]
  /** Codes that searches and inserts traverse. */
  readonly codes: NativeCodes
  /** Finer codes that rows have beside those; undefined for none. */
  readonly exact: NativeCodes | undefined
  /** Codes by which rows are linked: one of the two. */
  readonly linking: NativeCodes
  /** Codes that candidates are compared by again: those of `exact`, or of somebody else's over the same rows. */
  readonly rescoring: NativeCodes | undefined
  /** Shared state, see `GraphHead` in `@omen/hnsw`. */
  readonly head: Uint32Array
  /** Thresholds of the level hash: a row is on level l ≥ 1 when its hash is below `levels[l − 1]`. */
  readonly levels: Uint32Array
}

/**
 * How an index finds rows where not all may be returned.
 *
 * - `plain`: by a walk that heeds all rows, and that keeps so many more that enough of them match
 * - `filtered`: by a walk that compares only rows that match, and steps over the others
 * - `scan`: by comparing every row that matches
 */
export const SEARCH_STRATEGIES = ['plain', 'filtered', 'scan'] as const

export type SearchStrategy = (typeof SEARCH_STRATEGIES)[number]

/** Parameters of one search, or of each search of a batch. */
export interface NativeSearch {
  readonly k: number
  readonly beam: number
  /**
   * Candidates that are 1 + epsilon times as far as the k-th closest are not kept, where all rows but removed ones may be
   * returned and there is no radius; Infinity: all are.
   */
  readonly epsilon: number
  /** Candidates to compare again by the codes for rescoring (at least k); ignored where there are none. */
  readonly rescore: number
  /** Results farther than this are left out; Infinity for no limit. */
  readonly radius: number
  readonly accept: Uint32Array | undefined
  /** Heeded where not all rows may be returned. */
  readonly strategy: SearchStrategy
  /** Of all rows, those that may be returned, from 0 to 1. */
  readonly share: number
  /** How many times more candidates than the beam a walk keeps. */
  readonly widening: number
  /** How many times more again where matches are rare around the query; 0: a scan is made in place of the walk. */
  readonly sparseWidening: number
  /** Distances after which a `filtered` walk gives way to a scan, below 2^32. */
  readonly patience: number
  /** Whether a walk that heeds `accept` ends, its beam done or not, when the closest have not changed for long. */
  readonly settles: boolean
}

export type GraphCheck = 'rows' | 'lists' | 'chains' | 'tree'

/** The graph's hot loops over slabs that TypeScript owns. */
export interface NativeGraph {
  /** Hands over the next chunk of the named slab. */
  attach(slab: 'links' | 'state' | 'anchors' | 'upperAt' | 'upper' | 'twins', chunk: Uint8Array): void
  /**
   * Checks on the pool, a part at a time and in this order, that every number in a graph from elsewhere leads somewhere:
   * its `rows`, then their `lists`, some ten thousand at a time, then the `chains` of twins and the `tree` of anchors.
   *
   * @param from first of the rows whose lists are checked, `to` the one after the last
   * @returns whether they pass
   */
  check(what: GraphCheck, from: number, to: number): Promise<boolean>
  /**
   * Links rows whose codes are in place into the graph, on the pool.
   *
   * @param control `control[0]` counts the rows done (written by the pool); a non-zero `control[1]` asks it to stop
   * @returns rows linked: the first so many of `rows`, when stopped early
   */
  insert(rows: Uint32Array, workers: Workers, control: Int32Array): Promise<number>
  /** Gives rows that link to tombstones new neighbours from among the tombstones' own, on the pool. */
  relink(rows: Uint32Array, workers: Workers): Promise<void>
  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): Refusal | undefined
  search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<Refusal | undefined>
  searchMany(
    queries: Vectors,
    search: NativeSearch,
    threads: number,
    out: ResultBuffers,
  ): Promise<Refusal | undefined>
}
