import { readFileSync } from 'node:fs'
import { OmenError } from '@omen/core'
import type { DatasetFacts } from './data/dataset.ts'
import type { BuildParams, Work } from './engines/engine.ts'
import type { BuildReport } from './engines/session.ts'
import type { Claim } from './workload.ts'

/** The format of result files; another version is refused. */
export const RESULT_FORMAT = 'omen-bench/1'

/** What one run measured, with everything needed to judge and to repeat it. */
export interface Results {
  readonly format: typeof RESULT_FORMAT
  readonly workload: {
    readonly name: string
    readonly title: string
    readonly about?: string
    readonly targets: readonly number[]
    readonly claims: readonly Claim[]
  }
  /** The engine whose figures the ratios are over. */
  readonly yardstick: string
  readonly command: string
  readonly startedAt: string
  readonly seconds: number
  readonly environment: Environment
  readonly datasets: readonly DatasetResults[]
}

/** Where it was measured. */
export interface Environment {
  readonly commit: string
  /** Whether files differed from that commit. */
  readonly modified: boolean
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  /** Omen's kernels in use. */
  readonly kernels: string
}

/** What was measured on one data set. */
export interface DatasetResults {
  readonly dataset: DatasetFacts & { readonly title?: string; readonly source?: string }
  readonly k: number
  readonly rounds: number
  readonly seed: number
  readonly engines: readonly EngineResults[]
  readonly skipped: readonly { readonly id: string; readonly title: string; readonly reason: string }[]
}

/** What was measured of one engine. */
export interface EngineResults {
  /** Unique in a run. */
  readonly id: string
  readonly title: string
  readonly engine: string
  readonly version: string
  readonly kernels?: string
  readonly params: BuildParams
  /** Threads that it really builds with. */
  readonly buildThreads: number
  /** The last build. */
  readonly build: BuildReport
  /** Of every build. */
  readonly buildSeconds: readonly number[]
  /** Queries that were asked. */
  readonly queries: number
  readonly points: readonly Point[]
  /** What it costs to read memory spread like that of this index; where work was counted. */
  readonly memoryCost?: MemoryCost
  /** Saved and opened again by another process, where the workload asks for it. */
  readonly reopened?: Reopened
}

/** What became of an index that was saved, and opened by a process of its own. */
export interface Reopened {
  readonly saveSeconds: number
  readonly fileBytes: number
  readonly openSeconds: number
  readonly indexBytes: number
  /** The setting that was asked again there. */
  readonly beam: number
  readonly epsilon?: number
  readonly recall: number
  readonly qps: number
}

/** Nanoseconds to read a block of some size, at a random place and asked for in time. */
export interface MemoryCost {
  /** Of the memory that the blocks lay in. */
  readonly spreadBytes: number
  readonly blockBytes: readonly number[]
  readonly nanoseconds: readonly number[]
}

/** One setting of a search. Lists have one entry for each round, in the order measured. */
export interface Point {
  readonly beam: number
  /** Where walks ended by distance. */
  readonly epsilon?: number
  readonly rescore?: number
  readonly recall: number
  /** Share of queries whose true nearest row came first. */
  readonly recallAt1: number
  /** Queries per second on one thread, without Node's event loop in between. */
  readonly qps: readonly number[]
  /** Queries per second of one call for all queries, on all threads. */
  readonly qpsAllThreads?: readonly number[]
  /** Queries per second of one call for all queries, on one thread. */
  readonly qpsBatch?: readonly number[]
  /** What a query makes the engine do; where it was counted. */
  readonly work?: Work
  /** Microseconds of single queries. */
  readonly latency: readonly Latency[]
  /** The same by promise. */
  readonly promiseLatency?: readonly Latency[]
}

/** How long single queries took, in microseconds. */
export interface Latency {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/**
 * Reads a result file.
 *
 * @throws OmenError `not_found`, `invalid_argument` for a file of another kind or version
 */
export function readResults(path: string): Results {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new OmenError('not_found', `could not read ${path}`, { cause: error })
  }
  let results: Partial<Results> | undefined
  try {
    results = JSON.parse(text)
  } catch (error) {
    throw new OmenError('invalid_argument', `${path} is no JSON`, { cause: error })
  }
  if (results?.format !== RESULT_FORMAT || !Array.isArray(results.datasets)) {
    throw new OmenError('invalid_argument', `${path} is no result file of format ${RESULT_FORMAT}`)
  }
  return results as Results
}

/** What makes a point more or less thorough than the others of its engine: its beam, or its epsilon. */
export function effortOf({ beam, epsilon }: Pick<Point, 'beam' | 'epsilon'>): string {
  return epsilon === undefined ? String(beam) : `ε ${epsilon}`
}
