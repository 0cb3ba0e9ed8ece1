import { styleText } from 'node:util'
import { type Column, table } from '@omen/cli/terminal'
import { number, numberSpread, ratio, ratioSpread, recall } from '../format.ts'
import { type ClaimResult, checkClaims } from '../measure/claims.ts'
import {
  bytesPerVector,
  ENGINE_METRICS,
  middleOf,
  POINT_METRICS,
  pointReaching,
  ratios,
  speedAtRecall,
  yardstickOf,
} from '../measure/metrics.ts'
import { spread } from '../measure/statistics.ts'
import { type DatasetResults, type EngineResults, effortOf, type Results } from '../results.ts'
import { WORK_TITLE, workTable } from './work.ts'

/** The results of a run as tables for the terminal. */
export function textReport(results: Results): string {
  const { environment } = results
  const sections = results.datasets.map((dataset) => datasetText(dataset, results))
  const where = `${environment.cpu}, ${environment.cores} cores, Node ${environment.node.slice(1)}, Omen's kernels: ${environment.kernels}`
  return [...sections, styleText('dim', where)].join('\n\n')
}

function datasetText(results: DatasetResults, { yardstick: yardstickId, workload }: Results): string {
  const { dataset, k, rounds, engines, skipped } = results
  const yardstick = yardstickOf(results, yardstickId)
  const name = styleText('bold', dataset.name)
  const facts = `${dataset.rows.toLocaleString('en')} x ${dataset.dimension}, ${dataset.metric}, ${dataset.queries.toLocaleString('en')} queries, k = ${k}`
  const claims = checkClaims(workload.claims, results)
  const parts = [
    `${name}  ${facts}`,
    section(
      `recall@${k} and queries per second on 1 thread, median of ${rounds} interleaved rounds`,
      sweep(engines),
    ),
    section(
      `queries per second at equal recall@${k}, and the ratio over ${yardstick?.title ?? yardstickId}, round by round`,
      equalRecall(engines, yardstick, workload.targets),
    ),
    section(`single searches at recall@${k} of 0.95 or more, microseconds`, latencies(engines)),
    section('build and memory', costs(results, yardstick)),
    ...workSection(results, workload.targets),
    ...(claims.length > 0 ? [section('what this run was to show', claimTable(claims))] : []),
    ...skipped.map(({ title, reason }) => styleText('yellow', `skipped ${title}: ${reason}`)),
  ]
  return parts.join('\n\n')
}

function section(title: string, body: string): string {
  return `${styleText('cyan', title)}\n${body}`
}

function sweep(engines: readonly EngineResults[]): string {
  const all = engines.flatMap(({ points }) => points)
  const efforts = new Set(
    all.sort((a, b) => (a.epsilon ?? 0) - (b.epsilon ?? 0) || a.beam - b.beam).map(effortOf),
  )
  const columns: Column[] = [
    { title: 'beam' },
    ...engines.flatMap(({ title }) => [{ title }, { title: 'QPS' }]),
  ]
  const rows = [...efforts].map((effort) => [
    effort,
    ...engines.flatMap(({ points }) => {
      const point = points.find((each) => effortOf(each) === effort)
      return point ? [recall(point.recall), number(middleOf(POINT_METRICS.qps, point))] : ['', '']
    }),
  ])
  return table(columns, rows)
}

function equalRecall(
  engines: readonly EngineResults[],
  yardstick: EngineResults | undefined,
  targets: readonly number[],
): string {
  const columns: Column[] = [
    { title: 'engine', align: 'left' },
    ...targets.flatMap((target) => [{ title: `at ${target}` }, { title: 'ratio' }]),
  ]
  const rows = engines.map((engine) => [
    engine.title,
    ...targets.flatMap((target) => {
      const speed = speedAtRecall(engine, yardstick, target)
      return [numberSpread(speed?.qps), engine === yardstick ? '1' : ratioSpread(speed?.ratio)]
    }),
  ])
  return table(columns, rows)
}

function latencies(engines: readonly EngineResults[]): string {
  const metrics = [POINT_METRICS.p50, POINT_METRICS.p95, POINT_METRICS.p99, POINT_METRICS.promiseExtra]
  const columns: Column[] = [
    { title: 'engine', align: 'left' },
    { title: 'beam' },
    ...metrics.map(({ title }) => ({ title })),
    { title: POINT_METRICS.qpsAllThreads.title },
  ]
  const rows = engines.map((engine) => {
    const point = pointReaching(engine, 0.95)
    if (!point) return [engine.title, 'does not reach it']
    const cells = [...metrics, POINT_METRICS.qpsAllThreads].map((metric) => number(middleOf(metric, point)))
    return [engine.title, effortOf(point), ...cells]
  })
  return table(columns, rows)
}

function costs(results: DatasetResults, yardstick: EngineResults | undefined): string {
  const { buildSeconds, buildCpuSeconds, indexBytes, peakBytes } = ENGINE_METRICS
  const columns: Column[] = [
    { title: 'engine', align: 'left' },
    { title: 'build s' },
    { title: 'ratio' },
    { title: 'threads' },
    { title: 'CPU s' },
    { title: 'ratio' },
    { title: 'index MB' },
    { title: 'bytes/vector' },
    { title: 'ratio' },
    { title: 'peak MB' },
    { title: 'peak/index' },
  ]
  const rows = results.engines.map((engine) => [
    engine.title,
    number(middleOf(buildSeconds, engine)),
    yardstick ? ratioSpread(spread(ratios(engine.buildSeconds, yardstick.buildSeconds))) : '–',
    String(engine.buildThreads),
    number(middleOf(buildCpuSeconds, engine)),
    yardstick ? ratio(engine.build.cpuSeconds / yardstick.build.cpuSeconds) : '–',
    number(middleOf(indexBytes, engine)),
    number(bytesPerVector(engine, results)),
    yardstick ? ratio(engine.build.indexBytes / yardstick.build.indexBytes) : '–',
    number(middleOf(peakBytes, engine)),
    ratio(middleOf(ENGINE_METRICS.peakOverIndex, engine)),
  ])
  return table(columns, rows)
}

function workSection(results: DatasetResults, targets: readonly number[]): string[] {
  const work = workTable(results, targets)
  if (!work) return []
  const columns: Column[] = [{ title: 'engine', align: 'left' }, ...work.heads.map((title) => ({ title }))]
  const rows = work.rows.map(({ engine, cells }) => [results.engines[engine]?.title ?? '', ...cells])
  return [section(WORK_TITLE, table(columns, rows))]
}

function claimTable(claims: readonly ClaimResult[]): string {
  const limited = claims.some(({ holds }) => holds !== undefined)
  const columns: Column[] = [
    { title: 'figure', align: 'left' },
    { title: 'measured' },
    ...(limited ? [{ title: 'wanted' }, { title: '', align: 'left' } as const] : []),
  ]
  const verdict = ({ holds }: ClaimResult): string => {
    if (holds === undefined) return ''
    return holds ? styleText('green', 'holds') : styleText('red', 'does not hold')
  }
  const rows = claims.map((result) => [
    result.says,
    claimValue(result),
    ...(limited ? [claimLimit(result), verdict(result)] : []),
  ])
  return table(columns, rows)
}

/** What was measured for a claim, with its spread. */
export function claimValue({ value, unit, claim }: ClaimResult): string {
  if (!value) return 'not measured'
  const show = (each: number): string => {
    if (claim.figure === 'recallAtBeam') return each.toFixed(4).replace(/^-(?=0\.0*$)/, '')
    return unit === '×' ? each.toFixed(2) : number(each)
  }
  const range = value.low === value.high ? '' : ` (${show(value.low)}–${show(value.high)})`
  return `${show(value.median)}${unit}${range}`
}

/** The limit of a claim. */
export function claimLimit({ claim: { atLeast, atMost }, unit }: ClaimResult): string {
  const limits = [
    ...(atLeast === undefined ? [] : [`≥ ${atLeast}${unit}`]),
    ...(atMost === undefined ? [] : [`≤ ${atMost}${unit}`]),
  ]
  return limits.join(', ')
}
