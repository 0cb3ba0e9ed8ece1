import type { Database } from '@omen/db'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Gate } from '../limits/gate.ts'
import type { UnderWay } from '../limits/under-way.ts'
import type { Snapshots } from '../state/snapshots.ts'
import { RequestMetrics } from './request-metrics.ts'

/** What is looked at when somebody asks for metrics. */
export interface Observed {
  readonly db: Database
  readonly work: Gate
  readonly streams: Gate
  readonly underWay: UnderWay
  readonly snapshots: Snapshots
}

/** Metrics of a server, for Prometheus. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: RequestMetrics
  readonly #rejected: Counter<'reason'>

  constructor(observed: Observed) {
    const registers = [this.#registry]
    this.#requests = new RequestMetrics(this.#registry)
    this.#rejected = new Counter({
      ...{ name: 'omen_http_rejected_total', registers, labelNames: ['reason'] },
      help: 'Requests refused before any work was done, by the code of the error',
    })
    collectDefaultMetrics({ register: this.#registry })
    this.#observe(observed)
    this.#observeDatabase(observed.db)
  }

  /** Counts a request that is over. */
  count(route: string, status: number, seconds: number): void {
    this.#requests.count(route, status, seconds)
  }

  /** Counts a request that was refused. */
  reject(reason: string): void {
    this.#rejected.inc({ reason })
  }

  /** All metrics, as Prometheus reads them. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers: [this.#registry] },
      collect: () => gauge.set(value()),
    })
  }

  #observe({ work, streams, underWay, snapshots }: Observed): void {
    this.#gauge('omen_http_requests_under_way', 'Requests that are not over', () => underWay.size)
    this.#gauge('omen_http_requests_working', 'Requests that are worked on', () => work.working)
    this.#gauge('omen_http_requests_waiting', 'Requests that wait for their turn', () => work.waiting)
    this.#gauge('omen_http_streams', 'Scans, imports and watches that are open', () => streams.working)
    this.#gauge('omen_http_buffered_bytes', 'Bytes of bodies being worked on', () => underWay.bufferedBytes)
    this.#gauge('omen_snapshots', 'Snapshots that are open', () => snapshots.size)
    this.#gauge(
      'omen_http_shed_requests',
      'Requests refused since the beginning because there was too much to do',
      () => work.refused + streams.refused + underWay.refused,
    )
  }

  #observeDatabase(db: Database): void {
    const registers = [this.#registry]
    const labelNames = ['collection'] as const
    const rows = new Gauge({
      ...{ name: 'omen_collection_rows', help: 'Rows that there are', registers, labelNames },
      collect: async () => {
        const stats = await db.stats()
        for (const gauge of [rows, deleted, segments, bytes]) gauge.reset()
        for (const { name, ...each } of stats.collections) {
          const labels = { collection: name }
          rows.set(labels, each.rows)
          deleted.set(labels, each.deleted)
          segments.set(labels, each.segments.length)
          bytes.set(labels, each.bytes.total)
        }
        disk.set(stats.diskBytes)
        troubles.set(stats.troubles.length)
      },
    })
    const deleted = new Gauge({
      ...{ name: 'omen_collection_deleted_rows', registers, labelNames },
      help: 'Rows that were deleted or overwritten and still take space',
    })
    const segments = new Gauge({
      ...{ name: 'omen_collection_segments', help: 'Segments', registers, labelNames },
    })
    const bytes = new Gauge({
      ...{ name: 'omen_collection_bytes', registers, labelNames },
      help: 'Bytes held by segments, those that are mapped included',
    })
    const disk = new Gauge({ name: 'omen_disk_bytes', help: 'Bytes of all files', registers })
    const troubles = new Gauge({
      ...{ name: 'omen_troubles', help: 'What keeps background work from going on', registers },
    })
  }
}
