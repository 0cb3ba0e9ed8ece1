import { quantileBetween, type Sample, type Scrape, sumOf } from './prometheus.ts'

/** What one interval between two looks at the server was like. */
export interface Moment {
  /** Seconds since 1970. */
  readonly time: number
  readonly requestsPerSecond: number
  readonly failuresPerSecond: number
  /** Milliseconds; null when no request ended. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly residentBytes: number
  readonly heapBytes: number
  /** Share of one core. */
  readonly cpu: number
  readonly lagMs: number
}

/** Requests of this page for its own figures are no load to speak of. */
const isLoad = ({ route }: Sample['labels']): boolean => route !== 'metrics' && route !== 'console'
const isFailure = (labels: Sample['labels']): boolean => isLoad(labels) && Number(labels.status) >= 400

/** @param seconds between the two looks */
export function momentBetween(before: Scrape, after: Scrape, at: number, seconds: number): Moment {
  // A server that was started anew counts from nothing.
  const rate = (name: string, counts?: (labels: Sample['labels']) => boolean): number =>
    Math.max(0, sumOf(after, name, counts) - sumOf(before, name, counts)) / seconds
  const quantileMs = (share: number): number | null => {
    const found = quantileBetween(before, after, 'omen_http_request_duration_seconds', share, isLoad)
    return found === undefined ? null : found * 1000
  }
  return {
    time: at / 1000,
    requestsPerSecond: rate('omen_http_requests_total', isLoad),
    failuresPerSecond: rate('omen_http_requests_total', isFailure),
    p50Ms: quantileMs(0.5),
    p99Ms: quantileMs(0.99),
    residentBytes: sumOf(after, 'process_resident_memory_bytes'),
    heapBytes: sumOf(after, 'nodejs_heap_size_used_bytes'),
    cpu: rate('process_cpu_seconds_total'),
    lagMs: sumOf(after, 'nodejs_eventloop_lag_p99_seconds') * 1000,
  }
}
