import type { DatasetFacts } from '../data/dataset.ts'
import { number, recall } from '../format.ts'
import type { QuantizerFigures } from '../measure/quantizers.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command quantizers, as it is kept. */
export interface QuantizersRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-quantizers/1'
  readonly threads: number
  readonly datasets: readonly {
    readonly dataset: DatasetFacts
    readonly quantizers: readonly QuantizerFigures[]
  }[]
}

/** The figures as tables, one for each data set. */
export function quantizersMarkdown(run: QuantizersRun): string {
  const several = run.threads > 1
  const heads = [
    'quantizer',
    'bytes a row',
    'bits a dimension',
    'recall@10',
    'rescoring 30',
    'rescoring 200',
    'ns a comparison',
    'rows encoded/s',
    ...(several ? [`on ${run.threads} threads`] : []),
  ]
  const tables = run.datasets.map(({ dataset, quantizers }) => {
    const { name, rows, dimension, metric, queries } = dataset
    const title = `**${name}**: ${rows.toLocaleString('en')} x ${dimension}, ${metric}, ${queries.toLocaleString('en')} queries`
    const lines = quantizers.map((figures) => [
      `\`${figures.name}\``,
      String(figures.bytesPerRow),
      number(figures.bitsPerDimension),
      recall(figures.recall),
      recall(figures.rescored30),
      recall(figures.rescored200),
      number(figures.scanNanoseconds),
      thousands(figures.encodedPerSecond),
      ...(several ? [thousands(figures.encodedPerSecondAllThreads)] : []),
    ])
    return `${title}\n\n${markdownTable(heads, lines)}`
  })
  return `${tables.join('\n\n')}\n\n${measuredBy(run)}`
}

function thousands(perSecond: number): string {
  return `${number(perSecond / 1000)}k`
}

/** A document with what lies between two markers replaced; unchanged when it has no such markers. */
export function betweenMarkers(document: string, marker: string, text: string): string {
  const [start, end] = [`<!-- ${marker}:start -->`, `<!-- ${marker}:end -->`]
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) return document
  return `${document.slice(0, from + start.length)}\n${text}\n${document.slice(to)}`
}
