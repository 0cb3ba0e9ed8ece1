import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { Hnsw } from '@omen/hnsw'
import { accelerator } from '@omen/native'
import { quantizers } from '@omen/quant'
import type { Dataset } from '../../data/dataset.ts'
import type { SearchParams, Work } from '../../engines/engine.ts'
import { graphOptions } from '../../engines/omen-hnsw.ts'
import { effortsOf } from '../efforts.ts'
import { Recall } from '../recall.ts'
import type { Variant, VariantSettings } from './plan.ts'
import { byTurns, processorSeconds } from './turns.ts'

/** How variants are measured. */
export interface AblationOptions {
  readonly k: number
  /** The recall that speeds are compared at. */
  readonly recall: number
  /** Those to choose from, rising. */
  readonly beams: readonly number[]
  readonly rounds: number
  /** How often, and over how many of the first rows, builds are timed. */
  readonly buildRounds: number
  readonly buildRows: number
  /** How often indexes are opened anew, in places of their own in memory; rounds are shared out among them. */
  readonly openings: number
  /** Where graphs are kept, and taken from where they are there; they are built for this run alone when left out. */
  readonly graphs?: string
  /** Threads to build with. */
  readonly threads: number
  readonly seed: number
}

/** What was measured of a variant. Lists have one entry for each round. */
export interface VariantResults {
  readonly id: string
  readonly settings: VariantSettings
  readonly points: readonly VariantPoint[]
  /** Seconds of processor time, on all threads, to build over the first rows. */
  readonly buildSeconds: readonly number[]
}

/** A search by one beam or epsilon. */
export interface VariantPoint {
  readonly beam: number
  readonly epsilon?: number
  readonly recall: number
  readonly work: Pick<Work, 'distances' | 'hops'>
  /** Queries for each second of processor time, one query a call. */
  readonly single: readonly number[]
  /** The same, many queries a call, on one thread. */
  readonly batch: readonly number[]
}

/** An index that is open, and the points where it is searched. */
interface Opened {
  readonly index: Hnsw
  readonly points: readonly Timed[]
}

/** A point while it is measured. */
interface Timed extends Omit<VariantPoint, 'beam' | 'epsilon'> {
  readonly params: SearchParams
  readonly single: number[]
  readonly batch: number[]
}

/**
 * Queries of a round. Variants take turns after so few since the machine is faster at one moment than at another: the
 * median of many ratios between neighbours in time is worth more than a ratio of sums.
 */
const QUERIES_A_ROUND = 125

/**
 * Builds every graph once, opens it for each variant that shares it, and lets all of them search by turns. All lie in
 * memory of their own. Where that is makes a few percent: so they are opened anew several times.
 *
 * @throws OmenError `unsupported` without the accelerator, whose techniques they are
 */
export async function measureAblation(
  dataset: Dataset,
  variants: readonly Variant[],
  options: AblationOptions,
): Promise<VariantResults[]> {
  if (!accelerator()) {
    throw new OmenError('unsupported', 'what is left out are techniques of the native accelerator')
  }
  const folder = options.graphs ?? mkdtempSync(join(tmpdir(), 'omen-bench-'))
  try {
    const graphs = new Graphs(dataset, folder)
    for (const variant of variants) await graphs.provide(variant, options)
    const searched = await measureSearches(dataset, variants, graphs, options)
    const builds = await measureBuilds(dataset, variants, options)
    return variants.map(({ id, settings }, i) => ({
      id,
      settings,
      points: (searched[i] ?? []).map(({ params: { beam, epsilon }, ...point }) => ({
        beam,
        ...(epsilon === undefined ? {} : { epsilon }),
        ...point,
      })),
      buildSeconds: builds[i] ?? [],
    }))
  } finally {
    if (options.graphs === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** The graphs of a data set as files. */
class Graphs {
  readonly #dataset: Dataset
  readonly #folder: string

  constructor(dataset: Dataset, folder: string) {
    this.#dataset = dataset
    this.#folder = folder
  }

  /** Builds and saves the graph of a variant that has one of its own, where it is not there. */
  async provide({ id, settings, opens }: Variant, { threads }: AblationOptions): Promise<void> {
    const path = this.#path(id)
    if (opens !== undefined || existsSync(path)) return
    const bar = progressBar(`building ${id}`)
    const index = await build(this.#dataset, this.#dataset.rows, settings, threads, bar.update)
    try {
      mkdirSync(this.#folder, { recursive: true })
      await index.save(path)
    } finally {
      await index.close()
      bar.end(`built ${id}`)
    }
  }

  /** Opens the graph of a variant, copied into memory. */
  open({ id, opens = id, settings: { techniques = {} } }: Variant): Promise<Hnsw> {
    return Hnsw.open(this.#path(opens), { quantizers: quantizers(), techniques })
  }

  #path(id: string): string {
    return join(this.#folder, `${this.#dataset.name}-${id}`)
  }
}

/** Builds an index over the first rows. */
function build(
  { base, dimension, metric }: Dataset,
  rows: number,
  { buildBeam, ...settings }: VariantSettings,
  threads: number,
  onProgress?: (progress: { done: number; total: number }) => void,
): Promise<Hnsw> {
  return Hnsw.build({
    vectors: base.subarray(0, rows * dimension),
    dimension,
    metric,
    threads,
    ...(onProgress ? { onProgress } : {}),
    ...graphOptions({ ...settings, beam: buildBeam }),
  })
}

/** The two beams, or epsilons, around the recall: the last that does not reach it, and the first that does. */
async function choosePoints(
  { queryVectors, queries }: Dataset,
  recall: Recall,
  { variant: { settings }, index }: { readonly variant: Variant; readonly index: Hnsw },
  { k, beams, recall: wanted, threads }: AblationOptions,
): Promise<Timed[]> {
  const reached: { params: SearchParams; recall: number }[] = []
  for (const params of effortsOf(k, { beams, ...settings })) {
    const { rows } = await index.searchMany(queryVectors, { ...params, threads })
    reached.push({ params, recall: recall.at(k, rows, k, queries) })
    if (reached.some((each) => each.recall >= wanted)) break
  }
  const points: Timed[] = []
  for (const point of reached.slice(-2)) {
    const { distances, hops } = await index.measureWork(queryVectors, point.params)
    points.push({ ...point, work: { distances, hops }, single: [], batch: [] })
  }
  return points
}

/** The points of every variant, searched by turns. */
async function measureSearches(
  dataset: Dataset,
  variants: readonly Variant[],
  graphs: Graphs,
  options: AblationOptions,
): Promise<Timed[][]> {
  const recall = new Recall(dataset)
  const searched: Timed[][] = []
  const openings = Math.min(options.openings, options.rounds)
  const roundsBefore = (opening: number): number => Math.round((opening * options.rounds) / openings)
  const bar = progressBar('searching')
  for (let opening = 0; opening < openings; opening++) {
    const opened: Opened[] = []
    try {
      for (const [i, variant] of variants.entries()) {
        const index = await graphs.open(variant)
        searched[i] ??= await choosePoints(dataset, recall, { variant, index }, options)
        opened.push({ index, points: searched[i] })
      }
      const rounds = roundsBefore(opening + 1) - roundsBefore(opening)
      await searchByTurns(dataset, opened, rounds, options.seed + opening)
    } finally {
      await Promise.all(opened.map(({ index }) => index.close()))
    }
    bar.update({ done: opening + 1, total: openings })
  }
  bar.end()
  return searched
}

async function searchByTurns(
  { queryVectors, dimension }: Dataset,
  opened: readonly Opened[],
  rounds: number,
  seed: number,
): Promise<void> {
  const size = QUERIES_A_ROUND * dimension
  const blocks = Array.from({ length: Math.ceil(queryVectors.length / size) }, (_, i) =>
    queryVectors.subarray(i * size, (i + 1) * size),
  )
  await byTurns(opened, rounds, seed, async ({ index, points }, round) => {
    // Every time other queries: what the same have just read may lie in the caches still.
    let asked = round
    const next = (): Float32Array => blocks[asked++ % blocks.length] ?? queryVectors
    for (const { params, single, batch } of points) {
      single.push(await speed(next(), dimension, (block) => searchEach(index, block, params)))
      const many = { ...params, threads: 1 }
      batch.push(await speed(next(), dimension, (block) => index.searchMany(block, many)))
    }
  })
}

/** Queries for each second of processor time. */
async function speed(
  block: Float32Array,
  dimension: number,
  search: (block: Float32Array) => Promise<unknown> | undefined,
): Promise<number> {
  return block.length / dimension / (await processorSeconds(() => search(block)))
}

function searchEach(index: Hnsw, block: Float32Array, params: SearchParams): undefined {
  const { dimension } = index.shape
  for (let at = 0; at < block.length; at += dimension) {
    index.searchSync(block.subarray(at, at + dimension), params)
  }
}

/** Seconds of processor time of each round, of each variant. */
async function measureBuilds(
  dataset: Dataset,
  variants: readonly Variant[],
  { buildRounds, buildRows, threads, seed }: AblationOptions,
): Promise<number[][]> {
  const seconds = variants.map((): number[] => [])
  const rows = Math.min(dataset.rows, buildRows)
  const bar = progressBar('building parts')
  let done = 0
  await byTurns([...variants.entries()], buildRounds, seed, async ([which, { settings }]) => {
    let index: Hnsw | undefined
    seconds[which]?.push(
      await processorSeconds(async () => {
        index = await build(dataset, rows, settings, threads)
      }),
    )
    await index?.close()
    bar.update({ done: ++done, total: buildRounds * variants.length })
  })
  bar.end()
  return seconds
}
