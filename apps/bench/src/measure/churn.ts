import { Hnsw, type HnswOptions } from '@omen/hnsw'
import type { Dataset } from '../data/dataset.ts'
import { groundTruth } from '../data/ground-truth.ts'
import { Random } from '../data/random.ts'
import { ratios } from './metrics.ts'
import { Recall } from './recall.ts'
import { type Spread, spread } from './statistics.ts'

/** What to do to an index, and how to look at it. */
export interface ChurnOptions {
  /** Options of the index but for its shape. */
  readonly index: Omit<HnswOptions, 'dimension' | 'metric'>
  /** How often half of the rows are replaced. */
  readonly times: number
  readonly k: number
  /** At which the index is looked at after each replacement. */
  readonly beam: number
  /** At which it is compared with a fresh one in the end. */
  readonly beams: readonly number[]
  readonly rescore?: number
  /** How often speeds are measured, taking turns. */
  readonly rounds: number
  readonly threads: number
  readonly seed: number
  readonly onProgress?: (line: string) => void
}

/** The index after some replacements. */
export interface ChurnStep {
  /** How often half of the rows have been replaced. */
  readonly times: number
  /** Recall against exact search in the same index, at the beam for looking. */
  readonly recall: number
  /** Rows that a walk of the graph does not meet. */
  readonly unreachable: number
  /** Mean number of neighbours. */
  readonly degree: number
  readonly removeSeconds: number
  readonly addSeconds: number
}

/** The churned index and a fresh one of the same vectors, at one beam. */
export interface ChurnComparison {
  readonly beam: number
  readonly churnedRecall: number
  readonly freshRecall: number
  readonly churnedQps: readonly number[]
  readonly freshQps: readonly number[]
  /** Speed of the churned index over that of the fresh one, round by round. */
  readonly speed: Spread
}

/** What became of an index whose rows were replaced again and again. */
export interface ChurnResults {
  /** Rows that are in the index at any time. */
  readonly rows: number
  readonly steps: readonly ChurnStep[]
  readonly comparisons: readonly ChurnComparison[]
  /** Bytes of both, as they account for them. */
  readonly churnedBytes: number
  readonly freshBytes: number
}

/**
 * Builds an index of half of a data set, again and again replaces half of its rows, drawn at random, by as many of those
 * outside, and in the end compares it with a fresh index of the vectors that are in it then.
 */
export async function measureChurn(dataset: Dataset, options: ChurnOptions): Promise<ChurnResults> {
  const live = new LiveRows(dataset, options.seed)
  const index = await Hnsw.build({
    ...shapeOf(dataset),
    ...options.index,
    vectors: live.start(),
    threads: options.threads,
  })
  try {
    const steps = [await look(index, dataset, options, { times: 0, removeSeconds: 0, addSeconds: 0 })]
    for (let times = 1; times <= options.times; times++) {
      const { leaving, coming } = live.draw()
      const removeSeconds = await timed(() => index.remove(leaving))
      let rows: Uint32Array = new Uint32Array()
      const addSeconds = await timed(async () => {
        rows = await index.add(coming, { threads: options.threads })
      })
      live.settle(rows)
      const step = await look(index, dataset, options, { times, removeSeconds, addSeconds })
      steps.push(step)
      options.onProgress?.(
        `replaced ${times} of ${options.times} times: recall ${step.recall.toFixed(4)}, ${step.unreachable} rows unreachable`,
      )
    }
    await index.compact()
    return { rows: live.count, steps, ...(await compare(index, live, dataset, options)) }
  } finally {
    index.close()
  }
}

function shapeOf({ dimension, metric }: Dataset): { dimension: number; metric: Dataset['metric'] } {
  return { dimension, metric }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

async function look(
  index: Hnsw,
  { queryVectors }: Dataset,
  { k, beam, rescore, threads }: ChurnOptions,
  step: Pick<ChurnStep, 'times' | 'removeSeconds' | 'addSeconds'>,
): Promise<ChurnStep> {
  const asked = { k, beam, threads, ...(rescore === undefined ? {} : { rescore }) }
  const { recall } = await index.measureRecall(queryVectors, asked)
  const { unreachable, degree } = await index.inspect()
  return { ...step, recall, unreachable, degree: degree.mean }
}

async function compare(
  index: Hnsw,
  live: LiveRows,
  dataset: Dataset,
  { index: options, k, beams, rescore, rounds, threads }: ChurnOptions,
): Promise<Omit<ChurnResults, 'rows' | 'steps'>> {
  const vectors = live.vectors()
  const { dimension, metric, queryVectors, queries } = dataset
  const fresh = await Hnsw.build({ ...shapeOf(dataset), ...options, vectors, threads })
  try {
    const truth = await groundTruth({ base: vectors, queryVectors, dimension, metric, k })
    const recall = new Recall({
      ...dataset,
      base: vectors,
      rows: live.count,
      neighbors: truth.rows,
      neighborsPerQuery: k,
    })
    const contestants = [new Contestant(index, live.places()), new Contestant(fresh)] as const
    const comparisons: ChurnComparison[] = []
    for (const beam of beams) {
      const asked = { k, beam, ...(rescore === undefined ? {} : { rescore }) }
      const qps: [number[], number[]] = [[], []]
      const recalls: [number, number] = [0, 0]
      for (let round = 0; round < rounds; round++) {
        for (const who of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
          const { seconds, rows } = contestants[who].ask(queryVectors, dimension, queries, asked)
          qps[who].push(queries / seconds)
          recalls[who] = recall.at(k, rows, k, queries)
        }
      }
      comparisons.push({
        beam,
        churnedRecall: recalls[0],
        freshRecall: recalls[1],
        churnedQps: qps[0],
        freshQps: qps[1],
        speed: spread(ratios(qps[0], qps[1])),
      })
    }
    return { comparisons, churnedBytes: bytesOf(index), freshBytes: bytesOf(fresh) }
  } finally {
    fresh.close()
  }
}

function bytesOf(index: Hnsw): number {
  const { total } = index.stats().bytes as { readonly total?: number }
  return total ?? Object.values(index.stats().bytes).reduce((sum, bytes) => sum + bytes, 0)
}

/** An index, and what its row numbers stand for in the list of vectors that recall is computed over. */
class Contestant {
  readonly #index: Hnsw
  readonly #places: ReadonlyMap<number, number> | undefined

  constructor(index: Hnsw, places?: ReadonlyMap<number, number>) {
    this.#index = index
    this.#places = places
  }

  ask(
    queryVectors: Float32Array,
    dimension: number,
    count: number,
    options: { readonly k: number; readonly beam: number; readonly rescore?: number },
  ): { seconds: number; rows: Uint32Array } {
    const found = new Array<Uint32Array>(count)
    const queries = Array.from({ length: count }, (_, i) =>
      queryVectors.subarray(i * dimension, (i + 1) * dimension),
    )
    const start = performance.now()
    for (let i = 0; i < count; i++) found[i] = this.#index.searchSync(queries[i]!, options).rows
    const seconds = (performance.now() - start) / 1000
    const rows = new Uint32Array(count * options.k).fill(0xffffffff)
    for (const [query, each] of found.entries()) {
      for (const [i, row] of each.entries())
        rows[query * options.k + i] = this.#places ? (this.#places.get(row) ?? 0xffffffff) : row
    }
    return { seconds, rows }
  }
}

/** Which vectors are in the index, and under which row numbers. */
class LiveRows {
  readonly #dataset: Dataset
  readonly #random: Random
  readonly count: number
  /** Vectors in the index, by row number. */
  readonly #inside = new Map<number, number>()
  #outside: number[]
  #coming: number[] = []

  constructor(dataset: Dataset, seed: number) {
    this.#dataset = dataset
    this.#random = new Random(seed)
    this.count = Math.floor(dataset.rows / 2)
    this.#outside = Array.from({ length: dataset.rows - this.count }, (_, i) => this.count + i)
    for (let row = 0; row < this.count; row++) this.#inside.set(row, row)
  }

  /** The vectors to begin with, under their own row numbers. */
  start(): Float32Array {
    return this.#dataset.base.slice(0, this.count * this.#dataset.dimension)
  }

  /** Draws the half of the rows that leaves, and as many vectors that come in their place. */
  draw(): { leaving: Uint32Array; coming: Float32Array } {
    const half = Math.min(Math.floor(this.count / 2), this.#outside.length)
    const rows = [...this.#inside.keys()]
    const leaving = Uint32Array.from(this.#random.sample(half, rows.length), (i) => rows[i]!)
    const drawn = new Set(this.#random.sample(half, this.#outside.length))
    this.#coming = this.#outside.filter((_, i) => drawn.has(i))
    const left = Array.from(leaving, (row) => this.#inside.get(row)!)
    this.#outside = [...this.#outside.filter((_, i) => !drawn.has(i)), ...left]
    for (const row of leaving) this.#inside.delete(row)
    return { leaving, coming: this.#gather(this.#coming) }
  }

  /** Tells under which row numbers the vectors drawn last were added. */
  settle(rows: Uint32Array): void {
    for (const [i, row] of rows.entries()) this.#inside.set(row, this.#coming[i]!)
  }

  /** All vectors in the index, in the order of `places`. */
  vectors(): Float32Array {
    return this.#gather([...this.#inside.values()])
  }

  /** The place of each row number in `vectors`. */
  places(): Map<number, number> {
    return new Map([...this.#inside.keys()].map((row, place) => [row, place]))
  }

  #gather(numbers: readonly number[]): Float32Array {
    const { base, dimension } = this.#dataset
    const out = new Float32Array(numbers.length * dimension)
    for (const [i, row] of numbers.entries())
      out.set(base.subarray(row * dimension, (row + 1) * dimension), i * dimension)
    return out
  }
}
