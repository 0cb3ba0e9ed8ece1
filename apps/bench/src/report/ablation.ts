import { ratioSpread } from '../format.ts'
import { type AblationRow, ablationFactors } from '../measure/ablation.ts'
import type { DatasetResults, Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** The recall that speeds are compared at. */
const TARGET = 0.95

const HEADS: readonly string[] = [
  'technique',
  'single searches',
  'in one call',
  'build time',
  'expected',
  'what it is',
]

/** The table of one data set, as cells. */
export function ablationTable(results: DatasetResults, rows: readonly AblationRow[]): string[][] {
  return rows.map((row) => {
    const { single, batch, build } = ablationFactors(results, row, TARGET)
    return [row.name, ratioSpread(single), ratioSpread(batch), ratioSpread(build), row.expected, row.about]
  })
}

/** What to compare in the results of one data set. */
export interface AblationSection {
  readonly results: DatasetResults
  readonly rows: readonly AblationRow[]
}

/** The document about what each technique brings. */
export function ablationMarkdown(
  run: Pick<Results, 'command' | 'environment'>,
  compared: readonly AblationSection[],
): string {
  const sections = compared.map(({ results, rows }) => {
    const skipped = results.skipped.map(({ title, reason }) => `\n\nNot measured: ${title} (${reason})`)
    return `## ${results.dataset.name}\n\n${markdownTable(HEADS, ablationTable(results, rows))}${skipped.join('')}`
  })
  return `# What each part of the graph index brings

Each technique is left out by itself, everything else as in the fast setting of [the workload speed](../benchmarks/speed.json).
Factors are queries per second with it over queries per second without it, at recall ${TARGET} on one thread, taken round by
round: median, and lowest to highest. All indexes stay alive and take turns. *In one call* is a search for all queries at
once, still on one thread. For build time, less than 1 is faster. *Expected* is what experiments found before this code was
written.

${sections.join('\n\n')}

${measuredBy(run)}
`
}
