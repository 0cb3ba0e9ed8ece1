import { readFileSync } from 'node:fs'
import { open } from '@omen/db'
import type { FloatMetric } from '../../data/dataset.ts'
import { type Latencies, latencies, timed } from './latencies.ts'
import { type Resident, residentMemory } from './memory.ts'
import { openRows, type Rows, rowOf } from './rows.ts'

// A process that opens a database somebody else wrote, so that nothing of it lies in its memory.

/** What it is to do; on its command line, as JSON. */
export interface ReopenRequest {
  readonly folder: string
  /** A file of queries, f32. */
  readonly queries: string
  readonly dimension: number
  readonly metric: FloatMetric
  readonly k: number
  readonly memoryBudgetBytes: number
}

/** What it prints, as JSON. */
export interface Reopened {
  /** Milliseconds until the collection is open, and until the first search has answered, both from the call of `open` on. */
  readonly openMs: number
  readonly firstAnswerMs: number
  readonly rows: number
  readonly segments: number
  /** Milliseconds of searches, one after another. */
  readonly searches: Latencies
  /** Of each query the k rows found. */
  readonly found: readonly number[]
  /** Before anything was opened, after the first answer, and after all searches. */
  readonly memory: readonly (Resident | undefined)[]
}

async function reopen({ folder, queries, k, memoryBudgetBytes, ...facts }: ReopenRequest): Promise<Reopened> {
  const { buffer, byteOffset, byteLength } = readFileSync(queries)
  const asked = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
  const memory = [residentMemory()]
  const start = performance.now()
  const db = await open(folder, { memoryBudgetBytes })
  const rows = await openRows(db, facts)
  const openMs = performance.now() - start
  const query = (i: number): Float32Array => asked.subarray(i * facts.dimension, (i + 1) * facts.dimension)
  await search(rows, query(0), k)
  const firstAnswerMs = performance.now() - start
  memory.push(residentMemory())
  const found: number[] = []
  const times: number[] = []
  for (let i = 0; i < asked.length / facts.dimension; i++) {
    let hits: number[] = []
    times.push(
      await timed(async () => {
        hits = await search(rows, query(i), k)
      }),
    )
    found.push(...hits)
  }
  memory.push(residentMemory())
  const { segments, rows: count } = await rows.stats()
  await db.close()
  return {
    openMs,
    firstAnswerMs,
    rows: count,
    segments: segments.length,
    searches: latencies(times),
    found,
    memory,
  }
}

async function search(rows: Rows, embedding: Float32Array, k: number): Promise<number[]> {
  const { hits } = await rows.search({ vector: { embedding }, limit: k })
  return hits.map(({ id }) => rowOf(id))
}

console.log(JSON.stringify(await reopen(JSON.parse(process.argv[2] ?? '{}') as ReopenRequest)))
