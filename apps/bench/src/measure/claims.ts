import { unreachable } from '@omen/core'
import type { DatasetResults, EngineResults } from '../results.ts'
import type { Claim } from '../workload.ts'
import { distancesAtRecall, qpsAtRecall, roundsAtRecall, threadScaling } from './curve.ts'
import { POINT_METRICS, peakOverIndex, ratios } from './metrics.ts'
import { type Spread, spread } from './statistics.ts'

/** What became of a claim. */
export interface ClaimResult {
  readonly claim: Claim
  /** In words: which figure, of which engine, over which other. */
  readonly says: string
  /** A ratio where the claim has another engine to compare with, else the figure. Undefined: it was not measured. */
  readonly value: Spread | undefined
  readonly unit: string
  /** Undefined without a limit. */
  readonly holds: boolean | undefined
}

/** Looks up what each claim says in the results of one data set. */
export function checkClaims(claims: readonly Claim[], results: DatasetResults): ClaimResult[] {
  const made = claims.filter(({ on }) => on === undefined || on.some((name) => isOf(results, name)))
  return made.map((claim) => {
    const { of, over, atLeast, atMost } = claim
    const own = figure(claim, results, of)
    const other = over === undefined ? undefined : figure(claim, results, over)
    const values = over === undefined ? own : own && other && compared(claim, own, other)
    const value = values && spread(values)
    const limited = atLeast !== undefined || atMost !== undefined
    const within =
      value !== undefined && value.median >= (atLeast ?? -Infinity) && value.median <= (atMost ?? Infinity)
    return {
      claim,
      says: inWords(claim, results),
      value,
      unit: unitOf(claim),
      holds: limited ? within : undefined,
    }
  })
}

/** Whether results are over a data set, or over its first rows. */
function isOf({ dataset }: DatasetResults, name: string): boolean {
  return dataset.name === name || dataset.name.startsWith(`${name}-first-`)
}

function figure({ figure: name, at = 0 }: Claim, results: DatasetResults, id: string): number[] | undefined {
  const engine = results.engines.find((each) => each.id === id)
  if (!engine) return undefined
  const point = engine.points.find(({ beam }) => beam === at)
  switch (name) {
    case 'qpsAtRecall':
      return qpsAtRecall(engine.points, at)
    case 'batchQpsAtRecall':
      return roundsAtRecall(engine.points, at, ({ qpsBatch }) => qpsBatch)
    case 'allThreadsQpsAtRecall':
      return roundsAtRecall(engine.points, at, ({ qpsAllThreads }) => qpsAllThreads)
    case 'threadScalingAtRecall':
      return threadScaling(engine.points, at)
    case 'distancesAtRecall':
      return distancesAtRecall(engine.points, at)
    case 'recallAtBeam':
      return point && [point.recall]
    case 'promiseExtraMicros':
      return point && POINT_METRICS.promiseExtra.values(point)?.slice()
    case 'buildSeconds':
      return [...engine.buildSeconds]
    case 'buildCpuSeconds':
      return [engine.build.cpuSeconds]
    case 'peakOverIndex':
      return [peakOverIndex(engine.build)]
    case 'indexBytes':
      return [engine.build.indexBytes]
    default:
      return unreachable(name)
  }
}

/** Recalls are compared by their difference, everything else by its ratio. */
function compared({ figure: name }: Claim, own: number[], other: number[]): number[] {
  return name === 'recallAtBeam'
    ? own.map((value, i) => value - (other[i] ?? Number.NaN))
    : ratios(own, other)
}

function inWords({ figure: name, of, over, at }: Claim, { engines, k }: DatasetResults): string {
  const title = (id: string): string => engines.find((each: EngineResults) => each.id === id)?.title ?? id
  const what = {
    qpsAtRecall: `queries per second at recall@${k} ${at}`,
    batchQpsAtRecall: `queries per second in one call at recall@${k} ${at}, 1 thread`,
    allThreadsQpsAtRecall: `queries per second in one call at recall@${k} ${at}, all threads`,
    threadScalingAtRecall: `speed with all threads over that with one at recall@${k} ${at}`,
    distancesAtRecall: `distances computed at recall@${k} ${at}`,
    recallAtBeam: `recall@${k} at beam ${at}`,
    promiseExtraMicros: `what the promise adds to a search at beam ${at}`,
    buildSeconds: 'build time',
    buildCpuSeconds: 'processor time of the build, all threads',
    peakOverIndex: 'peak memory of the build over the finished index',
    indexBytes: 'memory of the index',
  }[name]
  if (over === undefined) return `${title(of)}: ${what}`
  return `${title(of)} ${name === 'recallAtBeam' ? 'minus' : 'over'} ${title(over)}: ${what}`
}

function unitOf({ figure: name, over }: Claim): string {
  if (name === 'recallAtBeam') return ''
  if (over !== undefined || name === 'peakOverIndex' || name === 'threadScalingAtRecall') return '×'
  return {
    qpsAtRecall: '/s',
    batchQpsAtRecall: '/s',
    allThreadsQpsAtRecall: '/s',
    distancesAtRecall: '',
    promiseExtraMicros: 'µs',
    buildSeconds: 's',
    buildCpuSeconds: 's',
    indexBytes: 'B',
  }[name]
}
