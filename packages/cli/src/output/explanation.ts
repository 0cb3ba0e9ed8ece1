import type { Explanation } from '@omen/schema'
import { table } from '../terminal/table.ts'

/** How a search was made, a line for each segment. */
export function explanationText({ segments, timeMs }: Explanation): string {
  const rows = segments.map(({ segment, rows, matches, strategy, walk, candidates, scanned }) => [
    String(segment),
    ...[rows, matches].map(count),
    walk ? `${strategy}: ${walk.strategy}` : strategy,
    walk ? count(walk.distances) : '',
    ...[candidates, scanned].map(count),
  ])
  const titles = [
    'segment',
    'rows',
    'match',
    'strategy',
    'distances',
    'compared exactly',
    'outside the graph',
  ]
  const columns = titles.map((title) => ({
    title,
    align: title === 'strategy' ? ('left' as const) : ('right' as const),
  }))
  return `${table(columns, rows)}\n  found in ${timeMs.toFixed(2)} ms`
}

const count = (rows: number): string => rows.toLocaleString('en')
