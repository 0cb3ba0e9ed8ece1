import { readFileSync } from 'node:fs'
import { OmenError } from '@omen/core'
import type { DatasetFacts } from './data/dataset.ts'
import type { BuildParams } from './engines/engine.ts'
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
}

/** One setting of a search. Lists have one entry for each round, in the order measured. */
export interface Point {
  readonly beam: number
  readonly rescore?: number
  readonly recall: number
  /** Share of queries whose true nearest row came first. */
  readonly recallAt1: number
  /** Queries per second on one thread, without Node's event loop in between. */
  readonly qps: readonly number[]
  /** Queries per second of one call for all queries, on all threads. */
  readonly qpsAllThreads?: readonly number[]
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
