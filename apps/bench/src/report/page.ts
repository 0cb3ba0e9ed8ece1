import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { number, numberSpread, ratio, ratioSpread, recall } from '../format.ts'
import { checkClaims } from '../measure/claims.ts'
import {
  bytesPerVector,
  ENGINE_METRICS,
  middleOf,
  POINT_METRICS,
  peakOverIndex,
  ratios,
  speedAtRecall,
  yardstickOf,
} from '../measure/metrics.ts'
import { median, spread } from '../measure/statistics.ts'
import { pageFolder } from '../paths.ts'
import { type DatasetResults, type EngineResults, effortOf, type Results } from '../results.ts'
import { buildChart, curveChart, escapeHtml, latencyChart, memoryChart } from './charts.ts'
import { DARK, engineColors, LIGHT, type Palette } from './palette.ts'
import { scaleChart } from './scale.ts'
import { chartSvg } from './svg.ts'
import { claimLimit, claimValue } from './text.ts'
import { workTable } from './work.ts'

/** The recall that single figures on the page refer to. */
const TARGET = 0.95

/** The whole report as one page that needs nothing else: no network, no other file. */
export function htmlReport(results: Results): string {
  const library = readFileSync(
    createRequire(import.meta.url).resolve('echarts/dist/echarts.common.min.js'),
    'utf8',
  )
  const asset = (name: string): string => readFileSync(join(pageFolder, name), 'utf8')
  const charts = results.datasets.map((dataset) => ({
    light: chartsOf(dataset, LIGHT),
    dark: chartsOf(dataset, DARK),
  }))
  const { title } = results.workload
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} – Omen benchmark</title>
<style>
${asset('page.css')}
</style>
</head>
<body>
${header(results)}
<main>
${scaleSection(results)}
${results.datasets.map((dataset, i) => datasetSection(dataset, results, i)).join('\n')}
</main>
${footer(results)}
<script>${inlined(library)}</script>
<script type="application/json" id="charts">${inlined(JSON.stringify(charts))}</script>
<script>
${inlined(asset('page.js'))}
</script>
</body>
</html>
`
}

/** Text inside a script element, which only "</script" could end. */
function inlined(text: string): string {
  return text.replaceAll('</', '<\\/')
}

function chartsOf(results: DatasetResults, palette: Palette): Record<string, unknown> {
  return {
    'qps-linear': curveChart(results, palette, 'qps', 'linear'),
    'qps-missed': curveChart(results, palette, 'qps', 'missed'),
    'qpsAllThreads-linear': curveChart(results, palette, 'qpsAllThreads', 'linear'),
    'qpsAllThreads-missed': curveChart(results, palette, 'qpsAllThreads', 'missed'),
    latency: latencyChart(results, palette, TARGET),
    build: buildChart(results, palette),
    memory: memoryChart(results, palette),
  }
}

function header({ workload, environment, startedAt, command }: Results): string {
  const about = workload.about ? `<p class="about">${escapeHtml(workload.about)}</p>` : ''
  const facts: [string, string][] = [
    ['measured', startedAt.slice(0, 16).replace('T', ' ')],
    ['commit', environment.commit.slice(0, 10) + (environment.modified ? ', with changes' : '')],
    ['processor', `${environment.cpu}, ${environment.cores} cores`],
    ['memory', `${(environment.memoryBytes / 2 ** 30).toFixed(0)} GiB`],
    ['system', `${environment.platform}, Node ${environment.node.slice(1)}`],
    ['kernels', environment.kernels],
    ['command', command],
  ]
  return `<header>
<div class="top"><span class="mark">omen<span>bench</span></span><button id="theme" type="button" aria-label="Switch between light and dark">◐</button></div>
<h1>${escapeHtml(workload.title)}</h1>
${about}
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>
</header>`
}

/** How cost grows, for runs over generated vectors at several sizes. */
function scaleSection(results: Results): string {
  const { datasets } = results
  if (datasets.length < 2 || !datasets.every(({ dataset }) => dataset.name.startsWith('clusters-'))) return ''
  const size = { width: 900, height: 420 }
  const cards = (['search', 'build'] as const).map((figure) =>
    card(
      figure === 'search' ? 'Cost of a search against rows' : 'Time to build against rows',
      'Both axes are logarithmic: what grows in proportion to the rows is a line of slope 1.',
      chartSvg(scaleChart(results, LIGHT, figure), size),
    ),
  )
  return `<section>${cards.join('')}</section>`
}

function datasetSection(results: DatasetResults, run: Results, index: number): string {
  const { dataset, k, rounds, skipped } = results
  const facts = [
    `${dataset.rows.toLocaleString('en')} vectors`,
    `${dataset.dimension} components`,
    { l2: 'Euclidean distance', cosine: 'cosine distance', dot: 'inner product' }[dataset.metric],
    `${dataset.queries.toLocaleString('en')} queries`,
    `k = ${k}`,
    `${rounds} interleaved rounds`,
  ]
  return `<section class="dataset" data-index="${index}">
<h2>${escapeHtml(dataset.title ?? dataset.name)}</h2>
<p class="sub"><code>${escapeHtml(dataset.name)}</code> ${facts.join(' · ')}</p>
${highlights(results, run)}
<article class="card">
<div class="card-head"><h3>Recall against speed</h3><p>Up and to the right is better. Dots are beams; whiskers reach from the slowest round to the fastest.</p>
<div class="switches"><div class="switch" data-group="speed"><button type="button" data-value="qps" aria-pressed="true">1 thread</button><button type="button" data-value="qpsAllThreads" aria-pressed="false">all threads</button></div><div class="switch" data-group="scale"><button type="button" data-value="linear" aria-pressed="true">recall</button><button type="button" data-value="missed" aria-pressed="false">near 1</button></div></div></div>
<div class="chart tall" data-chart="curve"></div>
</article>
<div class="grid">
<article class="card"><div class="card-head"><h3>Latency of single searches</h3><p>At the first beam with recall ${TARGET} or more: p50, p95 and p99, from strong to faint.</p></div><div class="chart" data-chart="latency"></div></article>
<article class="card"><div class="card-head"><h3>Build time</h3><p>Wall clock, median of the builds.</p></div><div class="chart" data-chart="build"></div></article>
<article class="card"><div class="card-head"><h3>Memory</h3><p>The finished index; faint, the peak while it was built. Vectors handed in are not counted.</p></div><div class="chart" data-chart="memory"></div></article>
</div>
${claimsCard(results, run)}
${equalRecallCard(results, run)}
${costsCard(results, run)}
${workCard(results, run)}
${pointsCard(results)}
${skipped.map(({ title, reason }) => `<p class="skipped"><b>Skipped ${escapeHtml(title)}:</b> ${escapeHtml(reason)}</p>`).join('\n')}
</section>`
}

/** The few figures that most people come for: Omen's engines against the yardstick. */
function highlights(results: DatasetResults, run: Results): string {
  const yardstick = yardstickOf(results, run.yardstick)
  const own = results.engines.filter(
    (engine) => engine !== yardstick && engine.engine.startsWith('omen-hnsw'),
  )
  if (!yardstick || own.length === 0) return ''
  const cards = own.map((engine) => {
    const speed = speedAtRecall(engine, yardstick, TARGET)
    const build = median(ratios(engine.buildSeconds, yardstick.buildSeconds))
    const facts: [string, string][] = [
      [`the speed at recall ${TARGET}`, ratio(speed?.ratio?.median)],
      ['the build time', ratio(build)],
      ['the memory', ratio(engine.build.indexBytes / yardstick.build.indexBytes)],
    ]
    return `<div class="highlight"><h4>${escapeHtml(engine.title)} <span>over ${escapeHtml(yardstick.title)}</span></h4><div>${facts.map(([name, value]) => `<p><b>${value}</b>${name}</p>`).join('')}</div></div>`
  })
  return `<div class="highlights">${cards.join('')}</div>`
}

function claimsCard(results: DatasetResults, { workload }: Results): string {
  const claims = checkClaims(workload.claims, results)
  if (claims.length === 0) return ''
  const limited = claims.some(({ holds }) => holds !== undefined)
  const rows = claims.map((claim) => {
    const verdict = claim.holds === undefined ? '' : claim.holds ? 'holds' : 'does not hold'
    return [claim.says, claimValue(claim), ...(limited ? [claimLimit(claim), verdict] : [])].map(escapeHtml)
  })
  const classOf = (row: readonly string[]): string =>
    row[3] === 'holds' ? 'good' : row[3] === 'does not hold' ? 'bad' : ''
  return card(
    'What this run was to show',
    '',
    htmlTable(['figure', 'measured', ...(limited ? ['wanted', ''] : [])], rows, classOf),
  )
}

function equalRecallCard(results: DatasetResults, { yardstick: id, workload }: Results): string {
  const yardstick = yardstickOf(results, id)
  const heads = workload.targets.flatMap((target) => [`QPS at ${target}`, 'ratio'])
  const rows = results.engines.map((engine, i) => [
    named(results.engines, i),
    ...workload.targets.flatMap((target) => {
      const speed = speedAtRecall(engine, yardstick, target)
      return [numberSpread(speed?.qps), engine === yardstick ? '1' : ratioSpread(speed?.ratio)]
    }),
  ])
  const about = `One thread; interpolated between the beams around each recall. Ratios over ${escapeHtml(yardstick?.title ?? id)} are taken round by round: median, and lowest to highest.`
  return card('Speed at equal recall', about, htmlTable(['engine', ...heads], rows))
}

function costsCard(results: DatasetResults, { yardstick: id }: Results): string {
  const yardstick = yardstickOf(results, id)
  const heads = [
    'engine',
    'build s',
    'ratio',
    'threads',
    'CPU s',
    'ratio',
    'index MB',
    'bytes / vector',
    'ratio',
    'peak MB',
    'peak / index',
  ]
  const rows = results.engines.map((engine, i) => {
    const { build, buildSeconds } = engine
    const time = yardstick && spread(ratios(buildSeconds, yardstick.buildSeconds))
    return [
      named(results.engines, i),
      number(middleOf(ENGINE_METRICS.buildSeconds, engine)),
      engine === yardstick ? '1' : ratioSpread(time),
      String(engine.buildThreads),
      number(build.cpuSeconds),
      engine === yardstick ? '1' : ratio(yardstick && build.cpuSeconds / yardstick.build.cpuSeconds),
      number(build.indexBytes / 1e6),
      number(bytesPerVector(engine, results)),
      engine === yardstick ? '1' : ratio(yardstick && build.indexBytes / yardstick.build.indexBytes),
      number(build.peakBytes / 1e6),
      ratio(peakOverIndex(build)),
    ]
  })
  const about =
    'Each engine has a process of its own; memory is what it holds beyond what it held before. The peak includes the vectors handed in, peak / index does not.'
  const parts = results.engines.flatMap(({ title, build }) =>
    build.parts ? [partsLine(title, build.parts)] : [],
  )
  return card('Build and memory', about, htmlTable(heads, rows) + parts.join(''))
}

function partsLine(title: string, parts: Readonly<Record<string, number>>): string {
  const total = Math.max(...Object.values(parts))
  const worth = Object.entries(parts).filter(([, bytes]) => bytes >= total / 1000)
  const list = worth.map(([name, bytes]) => `${escapeHtml(name)} ${number(bytes / 1e6)}`)
  return `<p class="parts"><b>${escapeHtml(title)}</b> accounts for, in MB: ${list.join(' · ')}</p>`
}

function workCard(results: DatasetResults, { workload }: Results): string {
  const work = workTable(results, workload.targets)
  if (!work) return ''
  const about =
    'At the first beam that reaches each recall. The least time is that of reading everything a search reads, each block asked for in time, with nothing computed: measured in the same run, in memory as large as the index.'
  const rows = work.rows.map(({ engine, cells }) => [named(results.engines, engine), ...cells])
  return card('Work of a search', about, htmlTable(['engine', ...work.heads], rows))
}

function pointsCard({ engines }: DatasetResults): string {
  const { recallAt1, qps, qpsBatch, qpsAllThreads, p50, p95, p99, promiseExtra } = POINT_METRICS
  const metrics = [qps, qpsBatch, qpsAllThreads, p50, p95, p99, promiseExtra]
  const heads = [
    'engine',
    'beam',
    'rescore',
    'recall',
    recallAt1.title,
    ...metrics.map(({ title, unit }) => (unit === 'µs' ? `${title} µs` : title)),
  ]
  const rows = engines.flatMap((engine, i) =>
    engine.points.map((point) => [
      named(engines, i),
      effortOf(point),
      point.rescore === undefined ? '' : String(point.rescore),
      recall(point.recall),
      recall(point.recallAt1),
      ...metrics.map((metric) => {
        const values = metric.values(point)
        return values && values.length > 0 ? numberSpread(spread(values)) : '–'
      }),
    ]),
  )
  const first = new Set(
    engines.map((engine) => rows.findIndex(([name]) => name === named(engines, engines.indexOf(engine)))),
  )
  const table = htmlTable(heads, rows, (_, row) => (first.has(row) ? 'first' : ''))
  return `<details class="card"><summary>Every setting that was measured</summary>${table}</details>`
}

function footer({ seconds, datasets }: Results): string {
  const versions = new Map(
    datasets.flatMap(({ engines }) =>
      engines.map(({ title, version, kernels }) => [title, kernels ? `${version}, ${kernels}` : version]),
    ),
  )
  const list = [...versions].map(
    ([title, version]) => `<li><b>${escapeHtml(title)}</b> ${escapeHtml(version)}</li>`,
  )
  return `<footer>
<h3>How this was measured</h3>
<p>Every engine runs in a process of its own and waits while another has its turn; settings and rounds are interleaved, and who goes first changes from one to the next. Recall counts by distance: a row is right when it is no farther than the true k-th neighbour, with all distances computed anew in double precision. Queries are asked in the form that the engine takes, converted before the clock starts. Machines differ and are noisy: compare ratios within a run. The run took ${number(seconds)} s.</p>
<ul>${list.join('')}</ul>
</footer>`
}

function card(title: string, about: string, body: string): string {
  return `<article class="card"><div class="card-head"><h3>${title}</h3>${about ? `<p>${about}</p>` : ''}</div>${body}</article>`
}

/** An engine's name with the dot of its colour, in whichever look the page has. */
function named(engines: readonly EngineResults[], i: number): string {
  const light = engineColors(engines, LIGHT)[i] ?? ''
  const dark = engineColors(engines, DARK)[i] ?? ''
  return `<span class="dot" style="--light:${light};--dark:${dark}"></span>${escapeHtml(engines[i]?.title ?? '')}`
}

/** A table; cells are HTML already. */
function htmlTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  classOf: (row: readonly string[], index: number) => string = () => '',
): string {
  const head = heads.map((text) => `<th>${text}</th>`).join('')
  const body = rows.map((row, i) => {
    const name = classOf(row, i)
    return `<tr${name ? ` class="${name}"` : ''}>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}
