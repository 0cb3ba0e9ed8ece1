import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { whyNot } from '../../api/session.ts'
import { type Figure, Figures } from '../../components/figures.tsx'
import { Failure } from '../../components/notice.tsx'
import { bytes, bytesParts, count, duration, percent, short } from '../../format.ts'
import { Chart } from './chart.tsx'
import { failure, history, INTERVAL_MS, latest, watchMetrics } from './history.ts'
import type { Moment } from './moment.ts'
import { type Scrape, sumOf } from './prometheus.ts'
import { RouteTable } from './route-table.tsx'

/** How the server does, as it happens. */
export function MetricsView(): JSX.Element {
  const reason = whyNot('read')
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Metrics</h1>
          <p>
            How the server does, looked at every {INTERVAL_MS / 1000} seconds for as long as this page is
            open.
          </p>
        </div>
      </header>
      {reason ? <p class="notice warn">{reason}</p> : <Live />}
    </>
  )
}

function Live(): JSX.Element {
  useEffect(() => {
    const stop = new AbortController()
    watchMetrics(stop.signal)
    return () => stop.abort()
  }, [])
  const moments = history.value
  const scrape = latest.value
  const times = moments.map(({ time }) => time)
  const of = (value: (moment: Moment) => number | null): (number | null)[] => moments.map(value)
  return (
    <div class="stack-l">
      {failure.value && <Failure error={failure.value} />}
      {scrape ? (
        <Figures of={figuresOf(scrape, moments.at(-1))} />
      ) : (
        <p class="cluster soft" role="status">
          <span class="spinner" /> Waiting for the first figures
        </p>
      )}
      <div class="charts">
        <Chart
          title="Requests a second"
          times={times}
          text={(value) => short(value)}
          lines={[
            { label: 'all', colour: '--part-1', values: of((m) => m.requestsPerSecond), filled: true },
            { label: 'refused or failed', colour: '--part-4', values: of((m) => m.failuresPerSecond) },
          ]}
        />
        <Chart
          title="Time of a request"
          times={times}
          text={duration}
          lines={[
            { label: 'p99', colour: '--part-3', values: of((m) => m.p99Ms), filled: true },
            { label: 'median', colour: '--part-2', values: of((m) => m.p50Ms) },
          ]}
        />
        <Chart
          title="Memory"
          times={times}
          text={bytes}
          binary
          lines={[
            { label: 'resident', colour: '--part-6', values: of((m) => m.residentBytes), filled: true },
            { label: 'JavaScript heap', colour: '--part-2', values: of((m) => m.heapBytes) },
          ]}
        />
        <Chart
          title="Processor"
          times={times}
          text={percent}
          lines={[{ label: 'share of one core', colour: '--part-5', values: of((m) => m.cpu), filled: true }]}
        />
      </div>
      {scrape && <RouteTable scrape={scrape} />}
    </div>
  )
}

function figuresOf(scrape: Scrape, now: Moment | undefined): Figure[] {
  const [disk, diskUnit] = bytesParts(sumOf(scrape, 'omen_disk_bytes'))
  const upSeconds = Date.now() / 1000 - sumOf(scrape, 'process_start_time_seconds')
  return [
    { label: 'Requests/s', value: now ? short(now.requestsPerSecond) : '–' },
    { label: 'p99', value: now?.p99Ms != null ? duration(now.p99Ms) : '–' },
    { label: 'Under way', value: count(sumOf(scrape, 'omen_http_requests_under_way')) },
    { label: 'Waiting', value: count(sumOf(scrape, 'omen_http_requests_waiting')) },
    { label: 'Loop lag, p99', value: now ? duration(now.lagMs) : '–' },
    { label: 'On disk', value: disk, unit: diskUnit },
    { label: 'Up for', ...upTime(upSeconds) },
  ]
}

function upTime(seconds: number): { value: string; unit: string } {
  if (seconds < 120) return { value: count(Math.round(seconds)), unit: 's' }
  if (seconds < 7200) return { value: count(Math.round(seconds / 60)), unit: 'min' }
  return seconds < 172_800
    ? { value: count(Math.round(seconds / 3600)), unit: 'h' }
    : { value: count(Math.round(seconds / 86_400)), unit: 'days' }
}
