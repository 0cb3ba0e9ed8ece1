import type { Reader, Schema, SearchQuery } from '@omen/schema'

/** Recall beside speed, at one width of the walk. */
export interface Measured {
  /** Candidates kept while the graph is walked; `exact` compares every row. */
  readonly beam: number | 'exact'
  /** Share of the true nearest that searches found. */
  readonly recall: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Of one caller that asks again when it has the answer. */
  readonly queriesPerSecond: number
}

export interface MeasureOptions {
  readonly field: string
  readonly k: number
  readonly queries: number
  readonly beams: readonly number[]
  /** Times that everything is measured: medians are shown. */
  readonly rounds: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

/** Rows that no graph finds yet, so that every search compares all of them. */
export async function rowsOutsideGraphs(
  collection: Reader<Schema>,
  { field, k, signal }: Pick<MeasureOptions, 'field' | 'k' | 'signal'>,
): Promise<number> {
  for await (const row of collection.scan({ select: [field], signal })) {
    const vector = (row as Record<string, unknown>)[field]
    if (!(vector instanceof Float32Array)) continue
    const query = { vector: { [field]: vector }, limit: k, explain: true, signal }
    const { explanation } = await collection.search(query as SearchQuery<Schema>)
    return (explanation?.segments ?? []).reduce((sum, { scanned }) => sum + scanned, 0)
  }
  return 0
}

interface Query {
  readonly id: string
  readonly vector: Float32Array
}

/**
 * Searches for rows of a collection by their own vectors, each without itself, at several widths: what is found is compared
 * with the exact answer. Widths take turns, so that whatever else the machine does falls upon all of them.
 */
export async function measureCollection(
  collection: Reader<Schema>,
  options: MeasureOptions,
): Promise<{ readonly queries: number; readonly measured: readonly Measured[] }> {
  const { beams, rounds, signal, onProgress } = options
  const queries = await sampleQueries(collection, options)
  const settings: Measured['beam'][] = [...beams, 'exact']
  const total = settings.length * rounds * queries.length
  const times = new Map(settings.map((beam) => [beam, [] as number[][]]))
  const found = new Map<Measured['beam'], string[][]>()
  let done = 0
  for (let round = 0; round < rounds; round++) {
    for (const beam of settings) {
      const taken: number[] = []
      const ids: string[][] = []
      for (const query of queries) {
        signal.throwIfAborted()
        const began = performance.now()
        ids.push(await search(collection, query, beam, options))
        taken.push(performance.now() - began)
        onProgress(++done, total)
      }
      times.get(beam)?.push(taken)
      found.set(beam, ids)
    }
  }
  const truth = found.get('exact') ?? []
  const measured = settings.map((beam) => resultOf(beam, times.get(beam) ?? [], found.get(beam) ?? [], truth))
  return { queries: queries.length, measured }
}

/** Rows spread evenly over all, so that no corner of the collection is measured alone. */
async function sampleQueries(
  collection: Reader<Schema>,
  { field, queries, signal }: MeasureOptions,
): Promise<Query[]> {
  const step = Math.max(1, (await collection.count()) / queries)
  const sample: Query[] = []
  let at = 0
  for await (const row of collection.scan({ select: [field], signal })) {
    if (at++ < sample.length * step) continue
    const vector = (row as Record<string, unknown>)[field]
    if (vector instanceof Float32Array) sample.push({ id: row.id, vector })
    if (sample.length === queries) break
  }
  return sample
}

async function search(
  collection: Reader<Schema>,
  { id, vector }: Query,
  beam: Measured['beam'],
  { field, k, signal }: MeasureOptions,
): Promise<string[]> {
  const { hits } = await collection.search({
    vector: { [field]: vector },
    select: [],
    // One more than is wanted, in place of the row itself.
    limit: k + 1,
    ...(beam === 'exact' ? { exact: true } : { beam }),
    signal,
  } as SearchQuery<Schema, never>)
  return hits
    .map((hit) => hit.id)
    .filter((each) => each !== id)
    .slice(0, k)
}

function resultOf(
  beam: Measured['beam'],
  rounds: readonly (readonly number[])[],
  found: readonly (readonly string[])[],
  truth: readonly (readonly string[])[],
): Measured {
  const wanted = truth.reduce((sum, ids) => sum + ids.length, 0)
  const hits = truth.reduce((sum, ids, i) => sum + ids.filter((id) => found[i]?.includes(id)).length, 0)
  const speeds = rounds.map((taken) => (1000 * taken.length) / taken.reduce((sum, ms) => sum + ms, 0))
  const all = rounds.flat()
  return {
    ...{ beam, recall: wanted === 0 ? 1 : hits / wanted },
    ...{ medianMs: quantile(all, 0.5), p99Ms: quantile(all, 0.99), queriesPerSecond: quantile(speeds, 0.5) },
  }
}

/** The value below which a share of all lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
