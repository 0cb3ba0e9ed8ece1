import { number, ratio } from '../format.ts'
import { bytesPerVector, ratios, speedAtRecall, yardstickOf } from '../measure/metrics.ts'
import { median } from '../measure/statistics.ts'
import type { DatasetResults, Results } from '../results.ts'

/** The recall at which documents compare speeds. */
const TARGET = 0.95

/** The figures that a document quotes, as Markdown: one table for each data set, and the command that gave them. */
export function markdownReport(results: Results): string {
  const { environment, command } = results
  const tables = results.datasets.map((dataset) => datasetTable(dataset, results))
  const commit = environment.commit.slice(0, 10) + (environment.modified ? ' with changes' : '')
  const where = `${environment.cpu}, ${environment.cores} cores, Node ${environment.node.slice(1)}, kernels: ${environment.kernels}, commit ${commit}`
  return `${tables.join('\n\n')}\n\n\`${command}\` on ${where}.\n`
}

function datasetTable(results: DatasetResults, { yardstick: id }: Results): string {
  const { dataset, k, engines } = results
  const yardstick = yardstickOf(results, id)
  const over = yardstick ? `, over ${yardstick.title}` : ''
  const title = `**${dataset.name}**: ${dataset.rows.toLocaleString('en')} x ${dataset.dimension}, ${dataset.metric}, k = ${k}${over}`
  const heads = [
    'engine',
    `queries/s at recall ${TARGET}`,
    'speed',
    'build s',
    'build',
    'bytes/vector',
    'memory',
  ]
  const rows = engines.map((engine) => {
    const speed = speedAtRecall(engine, yardstick, TARGET)
    return [
      engine.title.replaceAll('|', '\\|'),
      number(speed?.qps.median),
      ratio(speed?.ratio?.median),
      number(median(engine.buildSeconds)),
      ratio(yardstick && median(ratios(engine.buildSeconds, yardstick.buildSeconds))),
      number(bytesPerVector(engine, results)),
      ratio(yardstick && engine.build.indexBytes / yardstick.build.indexBytes),
    ]
  })
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = heads.map((_, i) => (i === 0 ? '---' : '---:'))
  return [title, '', line(heads), line(rule), ...rows.map(line)].join('\n')
}
