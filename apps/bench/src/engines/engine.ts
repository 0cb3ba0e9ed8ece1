import type { Progress } from '@omen/cli/terminal'
import type { FloatMetric } from '../data/dataset.ts'

/** What an index is built with. A setting that an engine does not have is not given to it. */
export interface BuildParams {
  /** Links of a vector on the upper layers of the graph. */
  readonly m: number
  /** Candidates kept while inserting (ef construction). */
  readonly beam: number
  readonly threads: number
  readonly seed: number
  /** How components are stored, in Omen's or the engine's own words: `f16`, `sq8`, `i8`, … */
  readonly quantizer?: string
  /** What Omen keeps beside the codes to compute distances again: `f32`, `codes` (nothing more), or a quantizer. */
  readonly keep?: string
  /** Factor of robust prune, of Omen alone. */
  readonly alpha?: number
  /** Parts of Omen's algorithm by name, on or off; those left out are as they are by default. */
  readonly techniques?: Readonly<Record<string, boolean>>
}

/** What an engine did for a query, on average over those asked. */
export interface Work {
  /** Distances computed while walking the graph. */
  readonly distances: number
  /** Lists of neighbours read. */
  readonly hops: number
  /** Distances computed again from finer codes. */
  readonly rescored: number
  /** Of codes, lists and vectors that had to be read for that. */
  readonly bytes: number
}

/** What one search asks for. */
export interface SearchParams {
  readonly k: number
  /** Candidates kept while searching (ef). */
  readonly beam: number
  /** What ends walks before all of the beam is expanded, as Omen has it. */
  readonly epsilon?: number
  /** Candidates whose distance is computed again from what is kept beside the codes. */
  readonly rescore?: number
}

/** What all vectors have in common. */
export interface VectorShape {
  readonly dimension: number
  readonly metric: FloatMetric
}

/** Row numbers as an engine hands them out, closest first. */
export type Rows = ArrayLike<number | bigint>

/**
 * An engine as its users call it, in the process where it is measured. One class of about sixty lines each; the rest
 * (clocks, processes, files, recall) is the same for all and lies elsewhere.
 */
export interface Engine<Query = unknown> {
  /** Name and version of what is measured, and the kernels it says it runs on. */
  readonly version: string
  readonly kernels?: string
  /** Set when it builds on one thread, whatever it is asked for. */
  readonly buildsAlone?: boolean
  /** Indexes vectors, rows x dimension; row numbers are their positions. May copy or borrow them. */
  build(
    vectors: Float32Array,
    shape: VectorShape,
    params: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void>
  /** Brings a query to the form that the engine takes; not timed. */
  prepare(query: Float32Array): Query
  /** Applies settings that hold for more than one search; not timed. */
  use?(params: SearchParams): void
  /** Searches on the calling thread. */
  search(query: Query, params: SearchParams): Rows
  /** Searches without blocking the calling thread. */
  searchAsync?(query: Query, params: SearchParams): Promise<Rows>
  /** Searches for many queries, queries x dimension; k row numbers for each. */
  searchMany?(queries: Float32Array, params: SearchParams, threads: number): Promise<Rows>
  /** Counts what searches do; undefined where this version of the engine does not count. Not timed. */
  measureWork?(queries: Float32Array, params: SearchParams): Promise<Work | undefined>
  /** Saves the index to a file. */
  save?(path: string): Promise<void>
  /** Opens what `save` wrote, in place of a build. */
  open?(path: string): Promise<void>
  /** Bytes of the index by part, as the engine accounts for them. */
  bytes?(): Readonly<Record<string, number>>
  close(): void
}
