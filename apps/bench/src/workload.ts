import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { OmenError } from '@omen/core'
import { Fields } from './fields.ts'
import { benchmarksFolder } from './paths.ts'

/** What an engine is built and asked with. */
export interface EngineSettings {
  readonly m: number
  /** Candidates kept while inserting. */
  readonly buildBeam: number
  readonly quantizer?: string
  /** Factor of robust prune, of Omen alone. */
  readonly alpha?: number
  readonly keep?: string
  /** Parts of Omen's algorithm by name, on or off. */
  readonly techniques?: Readonly<Record<string, boolean>>
  /** Candidates to rescore, as a multiple of k. */
  readonly rescore?: number
  /** Candidates kept while searching, one search for each; those of the workload when left out. */
  readonly beams: readonly number[]
  /** Searches that end by distance, one for each, in place of beams: of Omen alone. */
  readonly epsilons?: readonly number[]
  /** The first so many queries are asked, for engines that would take hours for all. */
  readonly queries?: number
}

/** An engine in a workload: which, and with which settings. */
export interface EngineSpec extends EngineSettings {
  /** Unique in the workload. */
  readonly id: string
  readonly title: string
  /** One of those that `engines/index.ts` lists. */
  readonly engine: string
  /** Settings that are others on the data sets of these names. */
  readonly on: Readonly<Record<string, Partial<EngineSettings>>>
}

/** What to measure, as data. */
export interface Workload {
  readonly name: string
  readonly title: string
  readonly about?: string
  readonly datasets: readonly string[]
  /** The first so many rows and queries of each data set; all when left out. */
  readonly rows?: number
  readonly queries?: number
  readonly k: number
  readonly rounds: number
  readonly buildRounds: number
  readonly seed: number
  readonly threads: number
  /** Whether searches for many queries in one call are measured on one thread, too. */
  readonly batch: boolean
  /** Whether distances, lists and bytes are counted, and what reading them costs is measured. */
  readonly work: boolean
  /** Whether indexes are saved and opened again. */
  readonly reopen: boolean
  /** The engine that ratios are over, by id. */
  readonly yardstick: string
  /** Recalls at which speeds are compared. */
  readonly targets: readonly number[]
  readonly engines: readonly EngineSpec[]
  /** Ratios that the run is to show, with the limits it is held to where there are any. */
  readonly claims: readonly Claim[]
}

/** A figure of one engine, over that of another where `over` names one. */
export interface Claim {
  readonly figure: ClaimFigure
  readonly of: string
  readonly over?: string
  /** The data sets that it is made about; all when left out. */
  readonly on?: readonly string[]
  /** The recall, for figures at a recall; the beam, for `recallAtBeam` and `promiseExtraMicros`. */
  readonly at?: number
  readonly atLeast?: number
  readonly atMost?: number
}

export const CLAIM_FIGURES = [
  'qpsAtRecall',
  'batchQpsAtRecall',
  'allThreadsQpsAtRecall',
  'threadScalingAtRecall',
  'distancesAtRecall',
  'recallAtBeam',
  'promiseExtraMicros',
  'buildSeconds',
  'buildCpuSeconds',
  'peakOverIndex',
  'indexBytes',
] as const
export type ClaimFigure = (typeof CLAIM_FIGURES)[number]

const DEFAULTS = {
  k: 10,
  rounds: 3,
  buildRounds: 1,
  seed: 42,
  m: 16,
  buildBeam: 200,
  beams: [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512],
  targets: [0.9, 0.95, 0.99],
}

/**
 * Reads a workload.
 *
 * @param which a path, or the name of a file in `benchmarks`
 * @throws OmenError `not_found`, `invalid_argument` naming the field
 */
export function readWorkload(which: string): Workload {
  const path = existsSync(which) ? which : join(benchmarksFolder, `${which}.json`)
  if (!existsSync(path)) {
    const known = readdirSync(benchmarksFolder).filter((file) => file.endsWith('.json'))
    throw new OmenError(
      'not_found',
      `there is no workload ${which}; in benchmarks/ there are ${known.join(', ')}`,
    )
  }
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new OmenError('invalid_argument', `${path} is no JSON`, { cause: error })
  }
  return parseWorkload(raw, basename(path, '.json'))
}

/**
 * Checks a workload and fills in what it leaves out.
 *
 * @throws OmenError `invalid_argument` naming the field
 */
export function parseWorkload(raw: unknown, name: string): Workload {
  const top = new Fields(raw, name)
  const beams = top.positives('beams', DEFAULTS.beams)
  const engines = top.objects('engines').map((fields) => parseEngine(fields, beams))
  const ids = engines.map((engine) => engine.id)
  const doubled = ids.find((id, i) => ids.indexOf(id) !== i)
  if (doubled !== undefined) throw top.error('engines', `names ${doubled} twice`)
  const oneOf = (fields: Fields, key: string, value: string): string => {
    if (!ids.includes(value))
      throw fields.error(key, `must be the id of an engine (${ids.join(', ')}), not ${value}`)
    return value
  }
  const workload: Workload = {
    name,
    title: top.text('title', name),
    datasets: top.texts('datasets'),
    k: top.positive('k', DEFAULTS.k),
    rounds: top.positive('rounds', DEFAULTS.rounds),
    buildRounds: top.positive('buildRounds', DEFAULTS.buildRounds),
    seed: top.positive('seed', DEFAULTS.seed),
    threads: top.positive('threads', availableParallelism()),
    batch: top.flag('batch'),
    work: top.flag('work'),
    reopen: top.flag('reopen'),
    yardstick: oneOf(top, 'yardstick', top.text('yardstick', ids[0])),
    targets: top.numbers('targets', DEFAULTS.targets),
    engines,
    claims: top
      .objects('claims', [])
      .map((fields) => parseClaim(fields, (key, id) => oneOf(fields, key, id))),
    ...top.optional('about', 'queries', 'rows'),
  }
  top.end()
  return workload
}

function parseEngine(fields: Fields, beams: readonly number[]): EngineSpec {
  const engine = fields.text('engine')
  const id = fields.text('id', engine)
  const title = fields.text('title', id)
  const { m = DEFAULTS.m, buildBeam = DEFAULTS.buildBeam, ...settings } = parseSettings(fields)
  const on = Object.entries(fields.object('on') ?? {}).map(([dataset, raw]) => {
    const others = new Fields(raw, `${id} on ${dataset}`)
    const changed = parseSettings(others)
    others.end()
    return [dataset, changed] as const
  })
  fields.end()
  return { id, engine, title, m, buildBeam, beams, ...settings, on: Object.fromEntries(on) }
}

/** Those settings that are there. */
function parseSettings(fields: Fields): Partial<EngineSettings> {
  const techniques = fields.flags('techniques')
  return {
    ...(fields.has('m') ? { m: fields.positive('m') } : {}),
    ...(fields.has('buildBeam') ? { buildBeam: fields.positive('buildBeam') } : {}),
    ...(fields.has('beams') ? { beams: fields.positives('beams', []) } : {}),
    ...(fields.has('epsilons') ? { epsilons: fields.numbers('epsilons', []) } : {}),
    ...(techniques === undefined ? {} : { techniques }),
    ...fields.optional('alpha', 'quantizer', 'keep', 'rescore', 'queries'),
  }
}

/** The workload as it is meant for one of its data sets. */
export function workloadOn(workload: Workload, dataset: string): Workload {
  return { ...workload, engines: workload.engines.map((spec) => ({ ...spec, ...spec.on[dataset] })) }
}

function parseClaim(fields: Fields, engine: (key: string, id: string) => string): Claim {
  const name = fields.text('figure')
  const figure = CLAIM_FIGURES.find((each) => each === name)
  if (!figure) throw fields.error('figure', `must be one of ${CLAIM_FIGURES.join(', ')}`)
  const optional: { over?: string; at?: number; atLeast?: number; atMost?: number } = fields.optional(
    'over',
    'at',
    'atLeast',
    'atMost',
  )
  if (optional.over !== undefined) engine('over', optional.over)
  const of = engine('of', fields.text('of'))
  const needsAt = /At(Recall|Beam)$/.test(figure) || figure === 'promiseExtraMicros'
  if (needsAt !== (optional.at !== undefined))
    throw fields.error('at', needsAt ? 'is missing' : `means nothing for ${figure}`)
  const on = fields.has('on') ? { on: fields.texts('on') } : {}
  fields.end()
  return { figure, of, ...optional, ...on }
}
