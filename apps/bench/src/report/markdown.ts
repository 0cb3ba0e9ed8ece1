import { number, ratio } from '../format.ts'
import { checkClaims } from '../measure/claims.ts'
import { bytesPerVector, ratios, speedAtRecall, yardstickOf } from '../measure/metrics.ts'
import { median } from '../measure/statistics.ts'
import type { DatasetResults, Results } from '../results.ts'
import { claimLimit, claimValue } from './text.ts'

/** The figures that a document quotes, as Markdown: tables for each data set, and the command that gave them. */
export function markdownReport(results: Results): string {
  const tables = results.datasets.flatMap((dataset) => [
    datasetTable(dataset, results),
    ...claimsTable(dataset, results),
  ])
  return `${tables.join('\n\n')}\n\n${measuredBy(results)}\n`
}

/** Which command gave the figures, and where. */
export function measuredBy({ environment, command }: Pick<Results, 'environment' | 'command'>): string {
  const commit = environment.commit.slice(0, 10) + (environment.modified ? ' with changes' : '')
  const where = `${environment.cpu}, ${environment.cores} cores, Node ${environment.node.slice(1)}, kernels: ${environment.kernels}, commit ${commit}`
  return `\`${command}\` on ${where}.`
}

function datasetTable(results: DatasetResults, { yardstick: id, workload }: Results): string {
  const { dataset, k, engines } = results
  const yardstick = yardstickOf(results, id)
  const over = yardstick ? `, over ${yardstick.title}` : ''
  const title = `**${dataset.name}**: ${dataset.rows.toLocaleString('en')} x ${dataset.dimension}, ${dataset.metric}, k = ${k}${over}`
  const heads = [
    'engine',
    ...workload.targets.flatMap((target) => [`queries/s at recall ${target}`, 'speed']),
    'build s',
    'build',
    'bytes/vector',
    'memory',
  ]
  const rows = engines.map((engine) => {
    return [
      engine.title.replaceAll('|', '\\|'),
      ...workload.targets.flatMap((target) => {
        const speed = speedAtRecall(engine, yardstick, target)
        return [number(speed?.qps.median), ratio(speed?.ratio?.median)]
      }),
      number(median(engine.buildSeconds)),
      ratio(yardstick && median(ratios(engine.buildSeconds, yardstick.buildSeconds))),
      number(bytesPerVector(engine, results)),
      ratio(yardstick && engine.build.indexBytes / yardstick.build.indexBytes),
    ]
  })
  return `${title}\n\n${markdownTable(heads, rows)}`
}

/** What the run was to show, met or not. */
function claimsTable(results: DatasetResults, { workload }: Results): string[] {
  const claims = checkClaims(workload.claims, results)
  if (claims.length === 0) return []
  const rows = claims.map((claim) => {
    const verdict = claim.holds === undefined ? '' : claim.holds ? 'met' : '**missed**'
    return [claim.says, claimValue(claim), claimLimit(claim), verdict]
  })
  return [markdownTable(['figure', 'measured', 'wanted', ''], rows)]
}

/** A table in Markdown; the first column stands to the left. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = heads.map((_, i) => (i === 0 ? '---' : '---:'))
  return [line(heads), line(rule), ...rows.map(line)].join('\n')
}
