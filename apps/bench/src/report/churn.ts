import { number, ratio, ratioSpread, recall } from '../format.ts'
import type { ChurnResults } from '../measure/churn.ts'
import { median } from '../measure/statistics.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command churn, as it is kept. */
export interface ChurnRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-churn/1'
  readonly dataset: string
  readonly k: number
  /** Of the recall after each replacement. */
  readonly beam: number
  /** Settings of the index, in the words of workloads. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly results: ChurnResults
}

/** The document about replacing rows. */
export function churnMarkdown(run: ChurnRun): string {
  const { dataset, k, beam, results, settings } = run
  const { rows, steps, comparisons, churnedBytes, freshBytes } = results
  const stepHeads = ['times replaced', `recall@${k}`, 'unreachable rows', 'links a row', 'remove s', 'add s']
  const stepRows = steps.map((step) => [
    String(step.times),
    recall(step.recall),
    String(step.unreachable),
    number(step.degree),
    number(step.removeSeconds),
    number(step.addSeconds),
  ])
  const heads = ['beam', 'recall, churned', 'recall, fresh', 'queries/s, churned', 'fresh', 'speed']
  const lines = comparisons.map((each) => [
    String(each.beam),
    recall(each.churnedRecall),
    recall(each.freshRecall),
    number(median(each.churnedQps)),
    number(median(each.freshQps)),
    ratioSpread(each.speed),
  ])
  return `# An index whose rows are replaced again and again

${rows.toLocaleString('en')} rows of ${dataset} are indexed (${inWords(settings)}); then half of them, drawn at random, are removed and
as many other vectors are added, ${steps.length - 1} times over. Recall in this table is against an exact search in the same index, at
beam ${beam}; *unreachable* are rows that a walk of the graph from its entry does not meet.

${markdownTable(stepHeads, stepRows)}

In the end, against a fresh index of the same vectors; recall is by exact distances, speed is on one thread, round by round:

${markdownTable(heads, lines)}

The churned index takes ${ratio(churnedBytes / freshBytes)} the memory of the fresh one, as both account for it.

${measuredBy(run)}
`
}

/** Settings as text: names and values. */
function inWords(settings: ChurnRun['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ')
}
