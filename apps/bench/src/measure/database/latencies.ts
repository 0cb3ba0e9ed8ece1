import { quantile } from '../statistics.ts'

/** Milliseconds that calls took. */
export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly most: number
}

/** @param milliseconds of each call, in any order */
export function latencies(milliseconds: readonly number[]): Latencies {
  return {
    count: milliseconds.length,
    p50: quantile(milliseconds, 0.5),
    p95: quantile(milliseconds, 0.95),
    p99: quantile(milliseconds, 0.99),
    most: quantile(milliseconds, 1),
  }
}

/** The milliseconds that a task takes. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}
