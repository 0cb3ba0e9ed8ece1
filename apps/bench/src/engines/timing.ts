import type { Engine, Rows, SearchParams } from './engine.ts'

/** How the queries are asked: one at a time, one at a time by promise, or all in one call. */
export type Mode = 'sync' | 'promise' | 'many'

/** One pass over queries. */
export interface Pass {
  readonly mode: Mode
  readonly params: SearchParams
  /** For `many`. */
  readonly threads: number
  /** The first so many queries are asked. */
  readonly count: number
  /** Whether each query is timed by itself, too. */
  readonly latencies: boolean
}

/** What a pass found, and how long that took. */
export interface Timed {
  readonly seconds: number
  /** count x k row numbers, closest first; `MISSING` where fewer were found. */
  readonly rows: Uint32Array
  /** Nanoseconds of each query; empty unless asked for. */
  readonly latencies: Float64Array
}

export const MISSING = 0xffffffff

/**
 * Runs one pass over queries. Between the two looks at the clock there is nothing but the engine's calls and a loop;
 * results are gathered and looked at afterwards.
 *
 * @param queries in the engine's own form
 * @param block the same queries, queries x dimension
 */
export async function timeQueries(
  engine: Engine,
  queries: readonly unknown[],
  block: Float32Array,
  pass: Pass,
): Promise<Timed> {
  engine.use?.(pass.params)
  const { mode, params, count } = pass
  const latencies = new Float64Array(pass.latencies ? count : 0)
  const found = new Array<Rows>(mode === 'many' ? 1 : count)
  const start = performance.now()
  switch (mode) {
    case 'sync':
      if (pass.latencies) eachSync(engine, queries, params, found, latencies)
      else for (let i = 0; i < count; i++) found[i] = engine.search(queries[i], params)
      break
    case 'promise':
      await eachPromise(engine, queries, params, found, latencies)
      break
    case 'many':
      found[0] = await many(engine, block.subarray(0, (block.length / queries.length) * count), pass)
      break
  }
  const seconds = (performance.now() - start) / 1000
  return { seconds, rows: gather(found, count, params.k), latencies }
}

function eachSync(
  engine: Engine,
  queries: readonly unknown[],
  params: SearchParams,
  found: Rows[],
  latencies: Float64Array,
): void {
  for (let i = 0; i < latencies.length; i++) {
    const began = performance.now()
    found[i] = engine.search(queries[i], params)
    latencies[i] = (performance.now() - began) * 1e6
  }
}

async function eachPromise(
  engine: Engine,
  queries: readonly unknown[],
  params: SearchParams,
  found: Rows[],
  latencies: Float64Array,
): Promise<void> {
  if (!engine.searchAsync) throw new Error('the engine has no search by promise')
  for (let i = 0; i < found.length; i++) {
    const began = performance.now()
    found[i] = await engine.searchAsync(queries[i], params)
    if (latencies.length > 0) latencies[i] = (performance.now() - began) * 1e6
  }
}

function many(engine: Engine, block: Float32Array, { params, threads }: Pass): Promise<Rows> {
  if (!engine.searchMany) throw new Error('the engine has no search for many queries')
  return engine.searchMany(block, params, threads)
}

/** The row numbers of all queries in one array, whatever number type the engine uses. */
function gather(found: readonly Rows[], count: number, k: number): Uint32Array {
  const rows = new Uint32Array(count * k).fill(MISSING)
  const width = found.length === 1 ? count * k : k
  for (const [i, each] of found.entries()) {
    const length = Math.min(width, each.length)
    for (let j = 0; j < length; j++) rows[i * k + j] = Number(each[j])
  }
  return rows
}
