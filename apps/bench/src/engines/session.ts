import type { Progress } from '@omen/cli/terminal'
import type { CachePaths } from '../data/cache.ts'
import type { DatasetFacts } from '../data/dataset.ts'
import type { BuildParams, SearchParams, Work } from './engine.ts'
import type { Mode, Pass, Timed } from './timing.ts'

/** What a build cost. Memory is what the process holds beyond what it held before the vectors were loaded. */
export interface BuildReport {
  readonly wallSeconds: number
  /** Of all threads. */
  readonly cpuSeconds: number
  /** At the highest during the build; the vectors handed in are part of it. */
  readonly peakBytes: number
  /** Of the finished index, after the vectors handed in were let go. */
  readonly indexBytes: number
  /** Of the vectors handed in. */
  readonly inputBytes: number
  /** What the engine itself says that it holds, by part. */
  readonly parts?: Readonly<Record<string, number>>
}

/** What saving took. */
export interface SaveReport {
  readonly seconds: number
  readonly fileBytes: number
}

/** What opening took. */
export interface OpenReport {
  readonly seconds: number
  /** As of a build. */
  readonly indexBytes: number
}

/** Facts of an engine that is running. */
export interface SessionFacts {
  readonly version: string
  readonly kernels?: string
  readonly buildsAlone?: boolean
  /** Ways it can be asked. */
  readonly modes: readonly Mode[]
}

/**
 * One engine in a process of its own: its memory is its own, and it waits without using the processor while another
 * engine has its turn.
 */
export interface Session {
  readonly facts: SessionFacts
  /** Builds the index over the data set that the session was opened for. */
  build(params: BuildParams, onProgress: (progress: Progress) => void): Promise<BuildReport>
  measure(pass: Pass): Promise<Timed>
  /** Saves the index; undefined where the engine cannot. */
  save(path: string): Promise<SaveReport | undefined>
  /** Opens a saved index in place of building one, in a session that has none. */
  reopen(path: string): Promise<OpenReport>
  /** What a search does on average over the first queries; undefined where the engine does not count it. */
  work(params: SearchParams, count: number): Promise<Work | undefined>
  close(): Promise<void>
}

/** A data set as files, for processes that read it themselves. */
export interface SessionInput {
  readonly facts: DatasetFacts
  readonly files: CachePaths
}
