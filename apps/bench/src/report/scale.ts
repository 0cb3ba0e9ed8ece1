import { number, percent, ratio } from '../format.ts'
import { distancesAtRecall, qpsAtRecall } from '../measure/curve.ts'
import { median } from '../measure/statistics.ts'
import { type DatasetResults, type EngineResults, effortOf, type Results } from '../results.ts'
import { type ChartOption, common, valueAxis } from './charts.ts'
import { markdownTable, measuredBy } from './markdown.ts'
import { engineColors, type Palette } from './palette.ts'

/** The recall that costs are compared at. */
const TARGET = 0.95

/** What is drawn against the number of rows. */
export type ScaleFigure = 'search' | 'build'

/** Microseconds of a search at a recall; undefined where it was not reached. */
function searchMicros({ points }: EngineResults): number | undefined {
  const qps = qpsAtRecall(points, TARGET)
  return qps && 1e6 / median(qps)
}

/** Cost against the number of rows, both axes logarithmic: what grows in proportion is a line of slope 1. */
export function scaleChart({ datasets }: Results, palette: Palette, figure: ScaleFigure): ChartOption {
  const engines = datasets[0]?.engines ?? []
  const colors = engineColors(engines, palette)
  const name =
    figure === 'search' ? `microseconds a search at recall ${TARGET}, 1 thread` : 'seconds to build'
  const value = (engine: EngineResults): number | undefined =>
    figure === 'search' ? searchMicros(engine) : median(engine.buildSeconds)
  const axis = { type: 'log', nameLocation: 'middle', nameGap: 34 }
  return {
    ...common(palette),
    grid: { left: 30, right: 28, top: 40, bottom: 44, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: palette.text } },
    xAxis: { ...valueAxis(palette, 'rows'), ...axis },
    yAxis: { ...valueAxis(palette, name), ...axis, nameGap: 52 },
    series: engines.map(({ id, title }, i) => ({
      type: 'line',
      name: title,
      symbol: 'circle',
      symbolSize: 8,
      itemStyle: { color: colors[i] },
      lineStyle: { width: 2.5, color: colors[i] },
      data: datasets.flatMap(({ dataset, engines: all }) => {
        const engine = all.find((each) => each.id === id)
        const height = engine && value(engine)
        return height === undefined ? [] : [[dataset.rows, height]]
      }),
    })),
  }
}

/** The document about scale: a table of all sizes, and what it shows. */
export function scaleMarkdown(results: Results): string {
  const heads = [
    'rows',
    'engine',
    'build s',
    `µs a search at recall ${TARGET}`,
    'distances',
    'bytes/vector',
    'save s',
    'file MB',
    'open s',
    'recall, opened',
    'speed, opened',
  ]
  const rows = results.datasets.flatMap((dataset) =>
    dataset.engines.map((engine) => [dataset.dataset.rows.toLocaleString('en'), ...cells(engine, dataset)]),
  )
  return `# Cost against the number of rows

Generated clusters of 128 components (100 overlapping centres, spread along 16 directions), made with a fixed seed. Recall on
generated vectors says nothing about recall on real ones: see the other reports for that. What counts here is how cost grows.

![Microseconds a search against rows, both axes logarithmic](scale.svg)

![Seconds to build against rows, both axes logarithmic](scale-build.svg)

${markdownTable(heads, rows)}

${growth(results)}

Searches are on one thread; builds on all. An index is saved, and opened by another process: hnswlib reads the file, Omen maps
it, checks all of it and searches it in place. *Recall, opened* and *speed, opened* are of the same searches there, the speed as a
share of that before saving (measured at another time, so it is noisier than ratios of one round).

${measuredBy(results)}
`
}

function cells(engine: EngineResults, { dataset }: DatasetResults): string[] {
  const { title, buildSeconds, build, points, reopened } = engine
  const distances = distancesAtRecall(points, TARGET)?.[0]
  const before = points.find((point) => reopened && effortOf(point) === effortOf(reopened))
  return [
    title,
    number(median(buildSeconds)),
    number(searchMicros(engine)),
    number(distances),
    number(build.indexBytes / dataset.rows),
    number(reopened?.saveSeconds),
    number(reopened && reopened.fileBytes / 1e6),
    number(reopened?.openSeconds),
    reopened ? reopened.recall.toFixed(4) : '–',
    percent(reopened && before && reopened.qps / median(before.qps)),
  ]
}

/** How much the cost of a search grows between the smallest and the largest set. */
function growth({ datasets }: Results): string {
  const [first, last] = [datasets[0], datasets.at(-1)]
  if (!first || !last || first === last) return ''
  const lines = first.engines.flatMap((engine) => {
    const other = last.engines.find(({ id }) => id === engine.id)
    const [low, high] = [searchMicros(engine), other && searchMicros(other)]
    if (low === undefined || high === undefined) return []
    return [`- ${engine.title}: a search takes ${ratio(high / low)} the time`]
  })
  const times = number(last.dataset.rows / first.dataset.rows)
  return `From ${first.dataset.rows.toLocaleString('en')} to ${last.dataset.rows.toLocaleString('en')} rows, ${times} times as many:\n\n${lines.join('\n')}`
}
