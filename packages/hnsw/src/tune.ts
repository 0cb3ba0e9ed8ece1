import { checkRecall, checkWholeNumber, countQueries, OmenError, type Shape, type Vectors } from '@omen/core'
import { type EffortLimits, findEfforts } from './find-effort.ts'
import type { Parts } from './parts.ts'
import { findTruth, recallOf, type Truth } from './recall.ts'
import { limitSearch, resultBuffers } from './results.ts'
import { sampleQueries } from './sample-queries.ts'
import type { Effort, TunedSetting } from './tuned.ts'

export interface TuneOptions {
  /** Share of the true k nearest rows that searches should find: above 0, at most 1. */
  readonly recall: number
  /** Rows that searches will ask for. */
  readonly k: number
  /**
   * Queries like those to come, not rows of the index: borrowed until the promise settles. A few hundred will do. Without
   * them queries are made from rows of the index, as easy or hard as vectors of the same kind that it does not hold.
   */
  readonly queries?: Vectors
  /** How many queries to make where none are given; 500 when left out. */
  readonly sample?: number
  readonly signal?: AbortSignal
}

/** One effort that was measured. */
export interface TunePoint extends Effort {
  readonly recall: number
  /** By one thread; the best of its runs. */
  readonly queriesPerSecond: number
}

/** The setting chosen, and what was measured on the way. */
export interface TuneReport extends TunedSetting {
  /** The recall that the setting has with these queries. */
  readonly measured: number
  readonly queriesPerSecond: number
  /** Queries that it was measured with. */
  readonly queries: number
  /** Everything that was measured, by beam, then by epsilon, then by how many were rescored. */
  readonly curve: readonly TunePoint[]
}

const SAMPLE = 500
/** A beam that costs more than this is no search any more. */
const MAX_BEAM = 8192
/** Runs of each setting that reaches the recall, in turns, of which the fastest counts: others are disturbed. */
const ROUNDS = 5
/** Times closer than this are the same time. */
const TIE = 1.02

const KNOWN: ReadonlySet<string> = new Set(['recall', 'k', 'queries', 'sample', 'signal'])

/** @throws OmenError `invalid_argument` naming the option; as `countQueries` for the queries */
export function checkTuneOptions(options: TuneOptions, shape: Shape): void {
  if (typeof options !== 'object' || options === null) {
    throw new OmenError('invalid_argument', 'tune needs options, at least { recall, k }')
  }
  for (const name in options) {
    if (KNOWN.has(name)) continue
    throw new OmenError('invalid_argument', `unknown option ${name}: there are ${[...KNOWN].join(', ')}`)
  }
  checkRecall(options.recall)
  checkWholeNumber('k', options.k)
  if (options.sample !== undefined) checkWholeNumber('sample', options.sample)
  if (options.queries && countQueries(options.queries, shape, options.k) === 0) {
    throw new OmenError('invalid_argument', 'queries has no query: leave it out to have some made')
  }
}

/**
 * Finds the least time in which searches find a share of the true nearest rows.
 *
 * Recall is measured against exact searches by the finest codes; time by one thread, the settings in turns.
 *
 * @param check called after each turn of the event loop; what it throws ends it
 * @throws OmenError `not_tuned` when no beam up to 8192 reaches the recall; `not_finite`, `zero_vector`, `out_of_range`
 * for a query
 */
export async function tune(
  parts: Parts,
  shape: Shape,
  options: TuneOptions,
  threads: number,
  check: () => void,
): Promise<TuneReport> {
  const { recall, sample = SAMPLE } = options
  const k = Math.min(options.k, parts.graph.alive)
  const queries = options.queries ?? sampleQueries(parts, shape, sample)
  const truth = await findTruth(parts, queries, { k, radius: Infinity, accept: undefined }, threads, check)
  const trial = new Trial(parts, queries, k, truth, check)
  const limits: EffortLimits = {
    k,
    maxBeam: Math.max(k, Math.min(parts.graph.rows, MAX_BEAM)),
    rescores: parts.rescoring !== undefined,
    hasOrigin: shape.metric !== 'dot',
  }
  const efforts = await findEfforts((effort) => trial.measure(effort), recall, limits)
  if (efforts.length === 0) {
    throw new OmenError(
      'not_tuned',
      `not even a beam of ${limits.maxBeam} reaches recall ${recall} at k = ${k}: build with a larger m or beam`,
    )
  }
  for (let round = 1; round < ROUNDS; round++) for (const effort of efforts) await trial.measure(effort)
  const {
    recall: measured,
    queriesPerSecond,
    ...effort
  } = cheapest(efforts.map((each) => trial.pointOf(each)))
  return {
    recall,
    k: options.k,
    ...effort,
    measured,
    queriesPerSecond,
    queries: truth.length,
    curve: trial.curve(),
  }
}

/** The fastest; of those as fast, the one with the smallest beam. */
function cheapest(points: readonly TunePoint[]): TunePoint {
  const fastest = Math.max(...points.map((point) => point.queriesPerSecond))
  const [best] = points
    .filter((point) => point.queriesPerSecond * TIE >= fastest)
    .sort((a, b) => a.beam - b.beam || a.rescore - b.rescore)
  return best as TunePoint
}

/** Searches for the same queries by one effort after another. */
class Trial {
  readonly #parts: Parts
  readonly #queries: Vectors
  readonly #k: number
  readonly #truth: readonly Truth[]
  readonly #check: () => void
  readonly #points: Map<string, TunePoint> = new Map()

  constructor(parts: Parts, queries: Vectors, k: number, truth: readonly Truth[], check: () => void) {
    this.#parts = parts
    this.#queries = queries
    this.#k = k
    this.#truth = truth
    this.#check = check
  }

  /** Runs all queries once. @returns the recall */
  async measure(effort: Effort): Promise<number> {
    const k = this.#k
    const { beam, epsilon = Infinity, rescore } = effort
    const unfiltered = { radius: Infinity, accept: undefined, strategy: undefined, settles: false }
    const run = { signal: undefined, threads: 1 }
    const search = limitSearch({ k, beam, epsilon, rescore, ...unfiltered, ...run }, this.#parts)
    const out = resultBuffers(this.#truth.length, k)
    const start = performance.now()
    await this.#parts.engine.searchMany(this.#queries, search, out, { threads: 1, stopped: () => false })
    const queriesPerSecond = (this.#truth.length / (performance.now() - start)) * 1000
    this.#check()
    const before = this.#points.get(nameOf(effort))
    const recall = before?.recall ?? recallOf(this.#truth, out, k)
    const best = Math.max(queriesPerSecond, before?.queriesPerSecond ?? 0)
    this.#points.set(nameOf(effort), { ...effort, recall, queriesPerSecond: best })
    return recall
  }

  /** What is known of an effort that was measured. */
  pointOf(effort: Effort): TunePoint {
    return this.#points.get(nameOf(effort)) as TunePoint
  }

  curve(): TunePoint[] {
    const widest = Number.MAX_VALUE
    return [...this.#points.values()].sort(
      (a, b) => a.beam - b.beam || (a.epsilon ?? widest) - (b.epsilon ?? widest) || a.rescore - b.rescore,
    )
  }
}

function nameOf({ beam, epsilon, rescore }: Effort): string {
  return `${beam}/${epsilon}/${rescore}`
}
