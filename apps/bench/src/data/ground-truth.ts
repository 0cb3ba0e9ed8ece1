import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { OmenError } from '@omen/core'
import { workerEntry } from '../entry-point.ts'
import type { Progress } from '../terminal/progress.ts'
import type { FloatMetric } from './dataset.ts'
import { prepare, type ScanJob, type ScanResult, scan } from './exact.ts'

/** A scan of fewer multiplications than this is done before a worker would have started. */
const WORTH_WORKERS = 2e8

/** What to find the true neighbours of. */
export interface GroundTruthOptions {
  /** rows x dimension: borrowed */
  readonly base: Float32Array
  /** queries x dimension: borrowed */
  readonly queryVectors: Float32Array
  readonly dimension: number
  readonly metric: FloatMetric
  /** Neighbours wanted; at most the number of rows. */
  readonly k: number
  /** Cores to use; all when left out. */
  readonly threads?: number
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Finds the true k nearest rows of each query, in double precision, on all cores.
 *
 * @throws OmenError `invalid_argument` for k beyond the number of rows
 */
export async function groundTruth(options: GroundTruthOptions): Promise<ScanResult> {
  const { base, queryVectors, dimension, metric, k, onProgress } = options
  const count = queryVectors.length / dimension
  if (k * dimension > base.length) {
    throw new OmenError(
      'invalid_argument',
      `${k} neighbours were asked for among ${base.length / dimension} rows`,
    )
  }
  // Shared memory: every worker reads the same copy.
  const shared = new Float64Array(new SharedArrayBuffer(base.length * Float64Array.BYTES_PER_ELEMENT))
  prepare(base, dimension, metric, shared)
  const queries = new Float64Array(queryVectors.length)
  prepare(queryVectors, dimension, metric, queries)
  const job = (from: number, to: number): ScanJob => ({
    metric,
    dimension,
    k,
    base: shared,
    queries: queries.slice(from * dimension, to * dimension),
  })
  const wanted = options.threads ?? (base.length * count < WORTH_WORKERS ? 1 : availableParallelism())
  const threads = Math.max(1, Math.min(count, wanted))
  if (threads === 1) return scan(job(0, count), (done) => onProgress?.({ done, total: count }))

  const done = new Array<number>(threads).fill(0)
  const results = await Promise.all(
    done.map((_, i) =>
      runWorker(
        job(Math.floor((count * i) / threads), Math.floor((count * (i + 1)) / threads)),
        (queriesDone) => {
          done[i] = queriesDone
          onProgress?.({ done: done.reduce((sum, n) => sum + n, 0), total: count })
        },
      ),
    ),
  )
  const rows = new Uint32Array(count * k)
  const distances = new Float64Array(count * k)
  let at = 0
  for (const result of results) {
    rows.set(result.rows, at)
    distances.set(result.distances, at)
    at += result.rows.length
  }
  return { rows, distances }
}

function runWorker(job: ScanJob, onDone: (queries: number) => void): Promise<ScanResult> {
  return new Promise((resolve, reject) => {
    const { entry, execArgv } = workerEntry('data/exact-worker')
    const worker = new Worker(entry, { workerData: job, execArgv })
    worker.on('message', (message: { done?: number; result?: ScanResult }) => {
      if (message.result) resolve(message.result)
      else onDone(message.done ?? 0)
    })
    worker.on('error', reject)
    worker.on('exit', (code) =>
      reject(new OmenError('io', `a worker of the exact scan ended with code ${code}`)),
    )
  })
}
