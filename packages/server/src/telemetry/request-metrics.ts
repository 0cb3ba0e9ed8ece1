import { Counter, type Metric, type Registry } from 'prom-client'

/** From a quarter of a millisecond, which a search in memory takes, to ten seconds. */
const BUCKETS_SECONDS: readonly number[] = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
const DURATION = 'omen_http_request_duration_seconds'

/** What was seen of one route. */
interface Seen {
  /** Requests by the first bucket that they fit in; the last for those that fit in none. */
  readonly buckets: Float64Array
  readonly byStatus: Map<number, number>
  seconds: number
}

/**
 * Counts requests in plain numbers, and makes metrics of them when somebody asks: the library would look for the series of
 * each request by its labels.
 */
export class RequestMetrics {
  readonly #routes = new Map<string, Seen>()

  constructor(registry: Registry) {
    const requests: Counter<'route' | 'status'> = new Counter({
      ...{ name: 'omen_http_requests_total', help: 'Requests by route and status', registers: [registry] },
      labelNames: ['route', 'status'],
      collect: () => {
        requests.reset()
        for (const [route, { byStatus }] of this.#routes) {
          for (const [status, count] of byStatus) requests.inc({ route, status }, count)
        }
      },
    })
    const durations = {
      ...{ name: DURATION, type: 'histogram', aggregator: 'sum' },
      help: 'Seconds from the headers of a request to the end of its reply',
      get: async () => ({ ...durations, values: this.#durations() }),
    }
    // A histogram of the library cannot be told what was counted elsewhere.
    registry.registerMetric(durations as unknown as Metric)
  }

  count(route: string, status: number, seconds: number): void {
    const seen = this.#seen(route)
    let bucket = 0
    while (bucket < BUCKETS_SECONDS.length && seconds > (BUCKETS_SECONDS[bucket] as number)) bucket++
    seen.buckets[bucket] = (seen.buckets[bucket] as number) + 1
    seen.byStatus.set(status, (seen.byStatus.get(status) ?? 0) + 1)
    seen.seconds += seconds
  }

  #seen(route: string): Seen {
    const known = this.#routes.get(route)
    if (known) return known
    const buckets = new Float64Array(BUCKETS_SECONDS.length + 1)
    const seen = { buckets, byStatus: new Map<number, number>(), seconds: 0 }
    this.#routes.set(route, seen)
    return seen
  }

  /** The series of a histogram, in which each bucket has those before it, too. */
  #durations(): object[] {
    return [...this.#routes].flatMap(([route, { buckets, seconds }]) => {
      let count = 0
      const series = Array.from(buckets, (requests, i) => {
        count += requests
        return {
          metricName: `${DURATION}_bucket`,
          labels: { le: BUCKETS_SECONDS[i] ?? '+Inf', route },
          value: count,
        }
      })
      return [
        ...series,
        { metricName: `${DURATION}_sum`, labels: { route }, value: seconds },
        { metricName: `${DURATION}_count`, labels: { route }, value: count },
      ]
    })
  }
}
