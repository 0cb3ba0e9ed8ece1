import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Progress } from '@omen/cli/terminal'
import { FlatIndex, OmenError } from '@omen/core'
import { accelerator } from '@omen/native'
import { workerEntry } from '../entry-point.ts'
import { distance } from '../measure/recall.ts'
import type { FloatMetric } from './dataset.ts'
import { prepare, type ScanJob, type ScanResult, scan } from './exact.ts'

/** A scan of fewer multiplications than this is done before a worker would have started. */
const WORTH_WORKERS = 2e8
/** Progress is told after each call. */
const QUERIES_PER_CALL = 128

/** Candidates that the accelerator finds beyond those asked for: its single precision may misplace the last ones. */
const SLACK = 28

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
  /** How to search: chosen by the size of the task and by what this machine has when left out. */
  readonly by?: 'accelerator' | 'workers' | 'this thread'
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Finds the true k nearest rows of each query, on all cores; distances are computed in double precision.
 *
 * With the accelerator, single precision picks somewhat more candidates than asked for, and double precision decides.
 *
 * @throws OmenError `invalid_argument` for k beyond the number of rows
 */
export async function groundTruth(options: GroundTruthOptions): Promise<ScanResult> {
  const { base, queryVectors, dimension, k } = options
  const count = queryVectors.length / dimension
  if (k * dimension > base.length) {
    throw new OmenError(
      'invalid_argument',
      `${k} neighbours were asked for among ${base.length / dimension} rows`,
    )
  }
  const small = base.length * count < WORTH_WORKERS
  const by = options.by ?? (small ? 'this thread' : accelerator() ? 'accelerator' : 'workers')
  return by === 'accelerator' ? scanAccelerated(options) : scanPrepared(options, by === 'workers')
}

async function scanAccelerated(options: GroundTruthOptions): Promise<ScanResult> {
  const { base, queryVectors, dimension, metric, k, onProgress } = options
  const native = accelerator()
  const index = new FlatIndex({ dimension, metric, ...(native ? { accelerator: native } : {}) })
  await index.add(base)
  const count = queryVectors.length / dimension
  const wide = Math.min(k + SLACK, base.length / dimension)
  const rows = new Uint32Array(count * k)
  const distances = new Float64Array(count * k)
  for (let first = 0; first < count; first += QUERIES_PER_CALL) {
    const last = Math.min(count, first + QUERIES_PER_CALL)
    const part = queryVectors.subarray(first * dimension, last * dimension)
    const found = await index.searchMany(part, { k: wide })
    for (let query = first; query < last; query++) {
      const candidates = Array.from(
        found.rows.subarray((query - first) * wide, (query - first + 1) * wide),
        (row) => ({
          row,
          distance: distance(metric, base, row * dimension, queryVectors, query * dimension, dimension),
        }),
      )
      candidates.sort((a, b) => a.distance - b.distance || a.row - b.row)
      for (const [i, candidate] of candidates.slice(0, k).entries()) {
        rows[query * k + i] = candidate.row
        distances[query * k + i] = candidate.distance
      }
    }
    onProgress?.({ done: last, total: count })
  }
  index.close()
  return { rows, distances }
}

async function scanPrepared(options: GroundTruthOptions, workers: boolean): Promise<ScanResult> {
  const { base, queryVectors, dimension, metric, k, onProgress } = options
  const count = queryVectors.length / dimension
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
  if (!workers) return scan(job(0, count), (done) => onProgress?.({ done, total: count }))

  const threads = Math.min(count, Math.max(2, availableParallelism()))
  const done = new Array<number>(threads).fill(0)
  const share = (i: number): number => Math.floor((count * i) / threads)
  const results = await Promise.all(
    done.map((_, i) =>
      runWorker(job(share(i), share(i + 1)), (queriesDone) => {
        done[i] = queriesDone
        onProgress?.({ done: done.reduce((sum, n) => sum + n, 0), total: count })
      }),
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
