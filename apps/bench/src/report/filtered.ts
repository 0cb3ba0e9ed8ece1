import { number, ratio, recall } from '../format.ts'
import type { FilteredPoint } from '../measure/filtered.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command filtered, as it is kept. */
export interface FilteredRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-filtered/1'
  readonly k: number
  readonly datasets: readonly {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly points: readonly FilteredPoint[]
  }[]
}

/** The document about filtered searches. */
export function filteredMarkdown(run: FilteredRun): string {
  const tables = run.datasets.map(({ name, rows, dimension, points }) => {
    const heads = [
      'rows that match',
      'strategy',
      `recall@${run.k}`,
      'queries/s',
      'exact scan',
      'post-filter',
      'over the better',
    ]
    const lines = points.map((point) => [
      `${point.kind} ${point.share * 100} %`,
      point.strategy,
      recall(point.recall),
      number(point.qps),
      number(point.scanQps),
      point.postQps === undefined ? 'none' : number(point.postQps),
      ratio(point.ratio),
    ])
    return `**${name}**: ${rows.toLocaleString('en')} x ${dimension}\n\n${markdownTable(heads, lines)}`
  })
  return `# Filtered searches

With default settings of index and search, on one thread. Rows that match are drawn at random, or are those farthest from
a query that the others lie around. The other ways are those of the same index: an exact scan of the rows that match, and
the fastest unfiltered walk, filtered afterwards, that reaches the recall; none where no beam does.

${tables.join('\n\n')}

${measuredBy(run)}
`
}
