import type { JSX } from 'preact'
import { count, duration } from '../../format.ts'
import { quantileBetween, type Scrape } from './prometheus.ts'

interface RouteFigures {
  readonly route: string
  readonly requests: number
  readonly failed: number
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** What was asked for since the server was started, the most frequent first. */
export function RouteTable({ scrape }: { readonly scrape: Scrape }): JSX.Element {
  return (
    <section class="card" aria-labelledby="routes-heading">
      <h2 id="routes-heading">Since the start</h2>
      <div class="table-scroll">
        <table class="table">
          <thead>
            <tr>
              <th>Operation</th>
              <th class="number">Requests</th>
              <th class="number">Refused or failed</th>
              <th class="number">Median</th>
              <th class="number">p99</th>
            </tr>
          </thead>
          <tbody>
            {routesOf(scrape).map(({ route, requests, failed, p50, p99 }) => (
              <tr key={route}>
                <td class="mono">{route}</td>
                <td class="number">{count(requests)}</td>
                <td class={failed > 0 ? 'number' : 'number faint'}>{count(failed)}</td>
                <td class="number">{p50 === undefined ? '–' : duration(p50 * 1000)}</td>
                <td class="number">{p99 === undefined ? '–' : duration(p99 * 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const NOTHING: Scrape = new Map()

function routesOf(scrape: Scrape): RouteFigures[] {
  const totals = new Map<string, { requests: number; failed: number }>()
  for (const { labels, value } of scrape.get('omen_http_requests_total') ?? []) {
    const route = labels.route ?? ''
    const total = totals.get(route) ?? { requests: 0, failed: 0 }
    total.requests += value
    if (Number(labels.status) >= 400) total.failed += value
    totals.set(route, total)
  }
  return [...totals]
    .map(([route, total]) => {
      const quantile = (share: number): number | undefined =>
        quantileBetween(
          NOTHING,
          scrape,
          'omen_http_request_duration_seconds',
          share,
          (labels) => labels.route === route,
        )
      return { route, ...total, p50: quantile(0.5), p99: quantile(0.99) }
    })
    .sort((a, b) => b.requests - a.requests)
}
