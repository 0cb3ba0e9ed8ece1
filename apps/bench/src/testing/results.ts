import type { VariantPoint } from '../measure/ablation/measure.ts'
import type { DatasetResults, EngineResults, Point, Results } from '../results.ts'
import type { Claim } from '../workload.ts'

/** A point with the given speed in every round. */
export function point(beam: number, recall: number, qps: number | readonly number[]): Point {
  const rounds = typeof qps === 'number' ? [qps, qps] : qps
  const latency = rounds.map((each) => ({ p50: 1e6 / each, p95: 2e6 / each, p99: 3e6 / each }))
  return { beam, recall, recallAt1: recall, qps: rounds, latency }
}

/** A point of a variant, as fast with many queries a call as with one. */
export function variantPoint(beam: number, recall: number, speeds: readonly number[]): VariantPoint {
  return { beam, recall, work: { distances: 10 * beam, hops: beam }, single: speeds, batch: speeds }
}

/** Results of an engine, changed as asked. */
export function engineResults(id: string, more: Partial<EngineResults> = {}): EngineResults {
  return {
    id,
    title: id,
    engine: id,
    version: '1.2.3',
    params: { m: 16, beam: 200, threads: 2, seed: 42 },
    buildThreads: 2,
    build: { wallSeconds: 10, cpuSeconds: 18, peakBytes: 3e6, indexBytes: 2e6, inputBytes: 1e6 },
    buildSeconds: [10],
    queries: 100,
    points: [point(16, 0.8, 1000), point(32, 0.9, 500), point(64, 0.99, 250)],
    ...more,
  }
}

/** Results of a run over one data set. */
export function runResults(
  engines: readonly EngineResults[],
  more: {
    yardstick?: string
    targets?: number[]
    claims?: Claim[]
    skipped?: DatasetResults['skipped']
  } = {},
): Results {
  const { yardstick = engines[0]?.id ?? '', targets = [0.9, 0.95], claims = [], skipped = [] } = more
  return {
    format: 'omen-bench/1',
    workload: { name: 'made-up', title: 'A <made up> run', targets, claims },
    yardstick,
    command: 'node made-up',
    startedAt: '2026-01-02T03:04:05.000Z',
    seconds: 60,
    environment: {
      commit: '0123456789abcdef',
      modified: false,
      node: 'v20.0.0',
      platform: 'linux x64',
      cpu: 'A processor',
      cores: 2,
      memoryBytes: 2 ** 34,
      kernels: 'typescript',
    },
    datasets: [
      {
        dataset: {
          name: 'made-up-data',
          metric: 'l2',
          dimension: 8,
          rows: 10_000,
          queries: 100,
          neighborsPerQuery: 100,
        },
        k: 10,
        rounds: 2,
        seed: 42,
        engines,
        skipped,
      },
    ],
  }
}
