import type { Work } from '../engines/engine.ts'
import type { DatasetResults, EngineResults, Point } from '../results.ts'
import { qpsAtRecall } from './curve.ts'
import { floorMicros } from './memory-cost.ts'
import { median, type Spread, spread } from './statistics.ts'

/** A figure that is measured: every table, chart and comparison reads these lists, after the model of ann-benchmarks. */
export interface Metric<Of> {
  readonly title: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** One value for each repetition; undefined where the engine has no such figure. */
  readonly values: (of: Of) => readonly number[] | undefined
}

type PointMetric =
  | 'recall'
  | 'recallAt1'
  | 'qps'
  | 'qpsBatch'
  | 'qpsAllThreads'
  | 'p50'
  | 'p95'
  | 'p99'
  | 'promiseExtra'
type EngineMetric = 'buildSeconds' | 'buildCpuSeconds' | 'indexBytes' | 'peakBytes' | 'peakOverIndex'

/** Figures of one setting of a search. */
export const POINT_METRICS: Readonly<Record<PointMetric, Metric<Point>>> = {
  recall: { title: 'recall', unit: '', better: 'higher', values: ({ recall }) => [recall] },
  recallAt1: { title: 'recall@1', unit: '', better: 'higher', values: ({ recallAt1 }) => [recallAt1] },
  qps: { title: 'QPS, 1 thread', unit: '/s', better: 'higher', values: ({ qps }) => qps },
  qpsBatch: {
    title: 'QPS, 1 thread, one call',
    unit: '/s',
    better: 'higher',
    values: (each) => each.qpsBatch,
  },
  qpsAllThreads: {
    title: 'QPS, all threads',
    unit: '/s',
    better: 'higher',
    values: (each) => each.qpsAllThreads,
  },
  p50: { title: 'p50', unit: 'µs', better: 'lower', values: ({ latency }) => latency.map(({ p50 }) => p50) },
  p95: { title: 'p95', unit: 'µs', better: 'lower', values: ({ latency }) => latency.map(({ p95 }) => p95) },
  p99: { title: 'p99', unit: 'µs', better: 'lower', values: ({ latency }) => latency.map(({ p99 }) => p99) },
  promiseExtra: { title: 'promise adds', unit: 'µs', better: 'lower', values: promiseExtra },
}

/** Figures of one engine, whatever it is asked. */
export const ENGINE_METRICS: Readonly<Record<EngineMetric, Metric<EngineResults>>> = {
  buildSeconds: {
    title: 'build, wall',
    unit: 's',
    better: 'lower',
    values: ({ buildSeconds }) => buildSeconds,
  },
  buildCpuSeconds: {
    title: 'build, CPU',
    unit: 's',
    better: 'lower',
    values: ({ build }) => [build.cpuSeconds],
  },
  indexBytes: {
    title: 'index',
    unit: 'MB',
    better: 'lower',
    values: ({ build }) => [build.indexBytes / 1e6],
  },
  peakBytes: {
    title: 'peak of build',
    unit: 'MB',
    better: 'lower',
    values: ({ build }) => [build.peakBytes / 1e6],
  },
  peakOverIndex: {
    title: 'peak / index',
    unit: '×',
    better: 'lower',
    values: ({ build }) => [peakOverIndex(build)],
  },
}

/** Bytes of the index for each vector. */
export function bytesPerVector({ build }: EngineResults, { dataset }: DatasetResults): number {
  return build.indexBytes / dataset.rows
}

/** How much more a build holds at its highest than the finished index does, the vectors handed in aside. */
export function peakOverIndex({ peakBytes, inputBytes, indexBytes }: EngineResults['build']): number {
  return (peakBytes - inputBytes) / indexBytes
}

/** The middle of a metric's values; undefined where there are none. */
export function middleOf<Of>(metric: Metric<Of>, of: Of): number | undefined {
  const values = metric.values(of)
  return values && values.length > 0 ? median(values) : undefined
}

/** The setting of an engine whose recall is the lowest that reaches the target; undefined when none does. */
export function pointReaching<Of extends { readonly recall: number }>(
  { points }: { readonly points: readonly Of[] },
  recall: number,
): Of | undefined {
  return points.filter((each) => each.recall >= recall).sort((a, b) => a.recall - b.recall)[0]
}

/** Speed at a recall, and how many times that of the yardstick it is. */
export interface SpeedAtRecall {
  readonly qps: Spread
  /** Over the yardstick, of each round by itself, so that what slows a round down slows both. */
  readonly ratio?: Spread
}

/** The speed of an engine at a recall; undefined where its curve does not reach it. */
export function speedAtRecall(
  results: EngineResults,
  yardstick: EngineResults | undefined,
  recall: number,
): SpeedAtRecall | undefined {
  const own = qpsAtRecall(results.points, recall)
  if (!own) return undefined
  const other = yardstick && qpsAtRecall(yardstick.points, recall)
  return { qps: spread(own), ...(other ? { ratio: spread(ratios(own, other)) } : {}) }
}

/** Quotients of two lists, entry by entry where they have the same length, else of their medians. */
export function ratios(own: readonly number[], other: readonly number[]): number[] {
  if (own.length !== other.length) return [median(own) / median(other)]
  return own.map((value, i) => value / (other[i] ?? Number.NaN))
}

/** The engine that ratios are over; undefined when it was skipped. */
export function yardstickOf({ engines }: DatasetResults, id: string): EngineResults | undefined {
  return engines.find((each) => each.id === id)
}

/** What a search does, the least time that reading it all takes, and how near to that the engine comes. */
export interface WorkFigures extends Work {
  /** Microseconds of one search on one thread. */
  readonly micros: number
  readonly floorMicros?: number
  /** The least time over the time it takes; 1 is as fast as memory allows. */
  readonly reached?: number
}

/** The work of one setting; undefined where it was not counted. */
export function workOf({ memoryCost }: EngineResults, { work, qps }: Point): WorkFigures | undefined {
  if (!work) return undefined
  const micros = 1e6 / median(qps)
  if (!memoryCost) return { ...work, micros }
  const floor = floorMicros(work, memoryCost)
  return { ...work, micros, floorMicros: floor, reached: floor / micros }
}

function promiseExtra({ latency, promiseLatency }: Point): number[] | undefined {
  return promiseLatency?.map(({ p50 }, round) => p50 - (latency[round]?.p50 ?? Number.NaN))
}
