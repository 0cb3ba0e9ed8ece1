import { expect, test } from 'vitest'
import { momentBetween } from './moment.ts'
import { parseMetrics, quantileBetween, sumOf } from './prometheus.ts'

const text = (
  requests: number,
  quick: number,
  slow: number,
): string => `# HELP omen_http_requests_total Requests
# TYPE omen_http_requests_total counter
omen_http_requests_total{route="search",status="200"} ${requests}
omen_http_requests_total{route="search",status="429"} ${requests / 10}
omen_http_requests_total{route="metrics",status="200"} 99
omen_http_request_duration_seconds_bucket{le="0.001",route="search"} ${quick}
omen_http_request_duration_seconds_bucket{le="0.01",route="search"} ${quick + slow}
omen_http_request_duration_seconds_bucket{le="+Inf",route="search"} ${quick + slow}
omen_http_request_duration_seconds_bucket{le="+Inf",route="metrics"} 99
process_resident_memory_bytes 1.5e+8
odd{name="a \\"quoted\\" name, with {braces}"} 7
`

test('reads names, labels and values', () => {
  const scrape = parseMetrics(text(100, 10, 0))
  expect(sumOf(scrape, 'omen_http_requests_total')).toBe(209)
  expect(scrape.get('odd')).toEqual([{ labels: { name: 'a "quoted" name, with {braces}' }, value: 7 }])
  expect(sumOf(scrape, 'none')).toBe(0)
})

test('says what one interval was like, without the requests for the figures themselves', () => {
  const moment = momentBetween(parseMetrics(text(100, 10, 0)), parseMetrics(text(300, 100, 10)), 5000, 2)
  expect(moment.requestsPerSecond).toBeCloseTo(110)
  expect(moment.failuresPerSecond).toBeCloseTo(10)
  expect(moment.residentBytes).toBe(1.5e8)
  expect(moment.p50Ms).toBeCloseTo(50 / 90)
  expect(moment.p99Ms).toBeCloseTo(1 + 9 * 0.9)
})

test('has no quantile of nothing', () => {
  const same = parseMetrics(text(100, 10, 0))
  expect(quantileBetween(same, same, 'omen_http_request_duration_seconds', 0.5)).toBeUndefined()
})
