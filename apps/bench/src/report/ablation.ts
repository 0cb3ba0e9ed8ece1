import { TECHNIQUES } from '@omen/hnsw'
import type { DatasetFacts } from '../data/dataset.ts'
import { number, ratio, ratioSpread } from '../format.ts'
import type { Expectation, Expected, Way } from '../measure/ablation/expectations.ts'
import { type AblationFactors, ablationFactors, difference } from '../measure/ablation/factors.ts'
import type { VariantResults } from '../measure/ablation/measure.ts'
import { type AblationRow, planAblation } from '../measure/ablation/plan.ts'
import { pointReaching } from '../measure/metrics.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command ablation, as it is kept. */
export interface AblationRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-ablation/1'
  readonly k: number
  /** The recall that searches are compared at. */
  readonly recall: number
  readonly rounds: number
  readonly openings: number
  readonly buildRows: number
  readonly buildRounds: number
  readonly datasets: readonly {
    readonly dataset: DatasetFacts
    readonly variants: readonly VariantResults[]
  }[]
}

const HEADS: readonly string[] = [
  'left out',
  'one query a call',
  'many in a call',
  'build',
  'distances',
  'lists',
  'expected',
]

const WAYS: Readonly<Record<Way, string>> = {
  single: 'one query a call',
  batch: 'many in a call',
  build: 'build',
}

/** The document about what each technique brings. */
export function ablationMarkdown(run: AblationRun): string {
  const { recall, rounds, openings, buildRows, buildRounds, k } = run
  const sections = run.datasets.map(({ dataset, variants }) => section(dataset, variants, recall))
  const abouts = new Map<string, Set<string>>()
  for (const { variants } of run.datasets) {
    for (const { name, about } of rowsOf(variants)) {
      abouts.set(about, (abouts.get(about) ?? new Set()).add(name))
    }
  }
  return `# What each part of the graph index brings

One thing at a time is left out of the fast setting of [the workload speed](../benchmarks/speed.json). Every graph is built
once, and the techniques of the search are compared over one and the same: it is opened once with all of them, and once
without each. All lie in memory of their own and take turns, ${rounds} times, at recall@${k} ${recall}, on one thread. Where
they lie makes a difference of its own: so they are opened anew ${openings} times.

Factors are the speed with it over the speed without it, by processor time: more than 1 is what it brings. They are medians
of all turns, in brackets where the median lies with 95 % confidence. *Build* is building over the first
${buildRows.toLocaleString('en')} vectors, ${buildRounds} times by turns, lowest to highest: with so few, memory is waited for less than with all.
*Distances* and *lists* are how many a search computes and reads with it, over those without it: counted, the same on any
machine. *Expected* is what experiments found before this code was written, on Zen 4 with AVX-512; where what was measured lies
outside it, a sentence below the table says why. What cannot be left out is not here, such as the sorted list of candidates in
place of two heaps.

${[...abouts].map(([about, names]) => `- **${[...names].join('; ')}**: ${about}`).join('\n')}

${sections.join('\n\n')}

${measuredBy(run)}
`
}

function section(dataset: DatasetFacts, variants: readonly VariantResults[], recall: number): string {
  const { name, rows, dimension, metric } = dataset
  const compared = rowsOf(variants).map((row) => ({ row, factors: ablationFactors(variants, row, recall) }))
  const table = markdownTable(
    HEADS,
    compared.map(({ row, factors }) => cells(row, factors)),
  )
  const differences = compared.flatMap(({ row, factors }) => sentences(row, factors))
  const title = `${rows.toLocaleString('en')} x ${dimension}, ${metric}`
  return [`## ${name}`, `${title}. ${setting(variants, recall)}`, table, differences.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** The rows of the table, with what is expected of them today. */
function rowsOf(variants: readonly VariantResults[]): readonly AblationRow[] {
  const [all] = variants
  return all ? planAblation(all.settings, TECHNIQUES).rows : []
}

function setting([all]: readonly VariantResults[], recall: number): string {
  const point = all && pointReaching(all, recall)
  if (!all || !point) return ''
  const { m, buildBeam, quantizer = 'f32', alpha = 1 } = all.settings
  return `Everything: M = ${m}, ef construction = ${buildBeam}, alpha ${alpha}, ${quantizer}; recall ${point.recall.toFixed(3)} at ${point.epsilon === undefined ? `beam ${point.beam}` : `epsilon ${point.epsilon}`}, with ${number(point.work.distances)} distances and ${number(point.work.hops)} lists a search.`
}

function cells({ name, expected }: AblationRow, { speeds, distances, hops }: AblationFactors): string[] {
  const { single, batch, build } = speeds
  const figures = [ratioSpread(single), ratioSpread(batch), ratioSpread(build), ratio(distances), ratio(hops)]
  return [name, ...figures, expectedCell(expected)]
}

function expectedCell(expected: Expectation['expected']): string {
  const ranges = (Object.keys(WAYS) as Way[]).flatMap((way) => {
    const range = expected[way]
    if (!range) return []
    return way === 'single' ? [rangeText(range)] : [`${WAYS[way]}: ${rangeText(range)}`]
  })
  return ranges.join('; ') || 'not known'
}

function rangeText({ low, high }: Expected): string {
  return low === high ? ratio(low) : `${low.toFixed(2)}–${ratio(high)}`
}

/** A sentence for every factor that is not as expected. */
function sentences({ name, expected }: AblationRow, { speeds }: AblationFactors): string[] {
  return (Object.keys(WAYS) as Way[]).flatMap((way) => {
    const found = difference(speeds[way], expected[way])
    if (!found) return []
    const compared = found.side === 'below' ? 'less than expected' : 'more than expected'
    return [`- ${name}, ${WAYS[way]}, ${compared}: ${found.why ?? 'not explained yet.'}`]
  })
}
