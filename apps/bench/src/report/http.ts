import { number, ratio } from '../format.ts'
import type { HttpResults } from '../measure/http/measure.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command http, as it is kept. */
export interface HttpRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-http/1'
  readonly dataset: string
  readonly results: HttpResults
}

/** The document about searches over HTTP. */
export function httpMarkdown(run: HttpRun): string {
  const { rows, dimension, forms, withoutHttpPerSecond } = run.results
  const heads = [
    'form',
    'connections',
    'bytes in, out',
    'requests/s',
    'empty route',
    'of the empty route',
    'p50 ms',
    'p99 ms',
    'failed',
  ]
  const lines = forms.map((form) => [
    form.form,
    String(form.connections),
    `${form.requestBytes}, ${form.replyBytes}`,
    number(form.requestsPerSecond.median),
    number(form.emptyRequestsPerSecond.median),
    `${ratio(form.ratio.median)} (${ratio(form.ratio.low)} to ${ratio(form.ratio.high)})`,
    form.p50Ms.toFixed(2),
    form.p99Ms.toFixed(2),
    String(form.failed),
  ])
  return `# Searches over HTTP

One vector a request, connections that are kept alive with one request at a time on each, against a Fastify route in the
same process that reads the same bodies and answers the same bytes without doing anything; 0.6× of it is wanted. The two
take turns; the load comes from a process on the same cores. The search has default settings and ten hits; every request is
authenticated, limited and counted.

**${run.dataset}**: ${rows.toLocaleString('en')} x ${dimension}

${markdownTable(heads, lines)}

The same searches in the process itself, without HTTP, as many at once: ${number(withoutHttpPerSecond)} a second.

${measuredBy(run)}
`
}
