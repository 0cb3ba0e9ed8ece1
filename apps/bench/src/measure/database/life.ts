import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { open } from '@omen/db'
import { Hnsw } from '@omen/hnsw'
import { sq8 } from '@omen/quant'
import type { Dataset } from '../../data/dataset.ts'
import { processEntry } from '../../entry-point.ts'
import { Recall } from '../recall.ts'
import { type Latencies, latencies, timed } from './latencies.ts'
import { residentMemory } from './memory.ts'
import type { Reopened, ReopenRequest } from './reopened.ts'
import { BATCH_ROWS, GRAPH, openRows, type Rows, writeRows } from './rows.ts'

const run = promisify(execFile)
/** Between two searches while rows are written: they watch, and are no load of their own. */
const PAUSE_MS = 10
const K = 10
/** How long freed memory takes to go back to the system. */
const SETTLING_MS = 500

/** A data set written to a database while it is searched, which is then closed and opened again. */
export interface Life {
  readonly rows: number
  readonly memoryBudgetBytes: number
  readonly writeSeconds: number
  /** Rows a second of the second half, when indexing sets the pace. */
  readonly steadyRowsPerSecond: number
  /** Milliseconds of each batch. */
  readonly batches: Latencies
  /** Milliseconds of searches while rows were written. */
  readonly searches: Latencies
  /** Milliseconds that the event loop was late while rows were written. */
  readonly lateness: { readonly p99: number; readonly most: number }
  /** The most that the writing process grew by, but for files it maps. */
  readonly writerBytes?: number
  readonly closeSeconds: number
  readonly diskBytes: number
  readonly reopened: Omit<Reopened, 'found'>
  readonly recall: number
  /** Of an index of the same vectors, built anew with the same settings. */
  readonly freshRecall: number
  readonly freshBuildSeconds: number
}

/** Lives through it. */
export async function measureLife(
  dataset: Dataset,
  folder: string,
  memoryBudgetBytes: number,
  onProgress: (line: string) => void,
): Promise<Life> {
  const path = join(folder, 'life')
  const written = await write(dataset, path, memoryBudgetBytes, onProgress)
  onProgress('opening it again in another process')
  const { found, ...reopened } = await reopen(dataset, path, folder, memoryBudgetBytes)
  const recall = new Recall(dataset)
  onProgress('building a fresh index')
  const fresh = await buildFresh(dataset)
  return {
    rows: dataset.rows,
    memoryBudgetBytes,
    ...written,
    reopened,
    recall: recall.at(K, Uint32Array.from(found), K, dataset.queries),
    freshRecall: recall.at(K, fresh.rows, K, dataset.queries),
    freshBuildSeconds: fresh.seconds,
  }
}

type Written = Pick<
  Life,
  | 'writeSeconds'
  | 'steadyRowsPerSecond'
  | 'batches'
  | 'searches'
  | 'lateness'
  | 'writerBytes'
  | 'closeSeconds'
  | 'diskBytes'
>

async function write(
  dataset: Dataset,
  path: string,
  memoryBudgetBytes: number,
  onProgress: (line: string) => void,
): Promise<Written> {
  await settleMemory()
  const before = residentMemory()?.anonymousBytes
  const db = await open(path, { memoryBudgetBytes })
  const rows = await openRows(db, dataset)
  const watch = new Watch(rows, dataset)
  const times: number[] = []
  let most = 0
  let half = 0
  const start = performance.now()
  const lateness = monitorEventLoopDelay({ resolution: 1 })
  lateness.enable()
  const searching = watch.begin()
  for (let from = 0; from < dataset.rows; from += BATCH_ROWS) {
    const to = Math.min(from + BATCH_ROWS, dataset.rows)
    times.push(await timed(() => writeRows(rows, dataset, from, to)))
    most = Math.max(most, residentMemory()?.anonymousBytes ?? 0)
    if (from < dataset.rows / 2) half = performance.now()
    if (to % (100 * BATCH_ROWS) === 0) onProgress(`wrote ${to.toLocaleString('en')} rows`)
  }
  const end = performance.now()
  lateness.disable()
  watch.end()
  await searching
  const closeSeconds = (await timed(() => db.close())) / 1000
  const halfBatches = times.length - Math.ceil(times.length / 2)
  return {
    writeSeconds: (end - start) / 1000,
    steadyRowsPerSecond: ((halfBatches * BATCH_ROWS) / (end - half)) * 1000,
    batches: latencies(times),
    searches: latencies(watch.times),
    lateness: { p99: lateness.percentile(99) / 1e6, most: lateness.max / 1e6 },
    ...(before === undefined ? {} : { writerBytes: most - before }),
    closeSeconds,
    diskBytes: await diskBytes(path),
  }
}

/** Lets go of what loading the data set left behind, where the garbage collector can be called. */
async function settleMemory(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.()
    await sleep(SETTLING_MS)
  }
}

/** Searches again and again while rows are written. */
class Watch {
  readonly times: number[] = []
  readonly #rows: Rows
  readonly #dataset: Dataset
  #ended = false

  constructor(rows: Rows, dataset: Dataset) {
    this.#rows = rows
    this.#dataset = dataset
  }

  async begin(): Promise<void> {
    const { queryVectors, dimension, queries } = this.#dataset
    for (let i = 0; !this.#ended; i = (i + 1) % queries) {
      const embedding = queryVectors.subarray(i * dimension, (i + 1) * dimension)
      this.times.push(await timed(() => this.#rows.search({ vector: { embedding }, limit: K })))
      await sleep(PAUSE_MS)
    }
  }

  end(): void {
    this.#ended = true
  }
}

/** The bytes of all files of a database that is closed. */
async function diskBytes(path: string): Promise<number> {
  const db = await open(path)
  try {
    return (await db.stats()).diskBytes
  } finally {
    await db.close()
  }
}

async function reopen(
  { queryVectors, dimension, metric }: Dataset,
  path: string,
  folder: string,
  memoryBudgetBytes: number,
): Promise<Reopened> {
  const queries = join(folder, 'queries.f32')
  writeFileSync(queries, queryVectors)
  const request: ReopenRequest = { folder: path, queries, dimension, metric, k: K, memoryBudgetBytes }
  const { entry, execArgv } = processEntry('measure/database/reopened')
  const { stdout } = await run(process.execPath, [...execArgv, entry, JSON.stringify(request)], {
    maxBuffer: 2 ** 26,
  })
  return JSON.parse(stdout) as Reopened
}

async function buildFresh({
  dimension,
  metric,
  base,
  queryVectors,
}: Dataset): Promise<{ rows: Uint32Array; seconds: number }> {
  let index: Hnsw | undefined
  const took = await timed(async () => {
    index = await Hnsw.build({ dimension, metric, vectors: base, quantizer: sq8(), ...GRAPH })
  })
  const found = await index?.searchMany(queryVectors, { k: K })
  await index?.close()
  return { rows: found?.rows ?? new Uint32Array(), seconds: took / 1000 }
}
