import { number, recall } from '../format.ts'
import { ENGINE_METRICS, type Metric, middleOf, POINT_METRICS, pointReaching } from '../measure/metrics.ts'
import { quantile } from '../measure/statistics.ts'
import { type DatasetResults, type EngineResults, effortOf, type Point } from '../results.ts'
import { engineColors, type Palette } from './palette.ts'

/** Options of ECharts, as plain data: the page and the drawing of pictures use the same. */
export type ChartOption = Readonly<Record<string, unknown>>

/** How the axis of recall is scaled: as it is, or by the logarithm of what is missing to 1. */
export type RecallScale = 'linear' | 'missed'

/** A speed that curves are drawn of. */
export type SpeedMetric = 'qps' | 'qpsAllThreads'

/** Recall is drawn from here on; below, an index is of little use. */
const LOWEST_RECALL = 0.7
/** The finest distance from perfect recall that the logarithmic scale shows. */
const LEAST_MISSED = 1e-4
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'

/** Recall against queries per second: up and to the right is better. */
export function curveChart(
  results: DatasetResults,
  palette: Palette,
  metric: SpeedMetric,
  scale: RecallScale,
): ChartOption {
  const { engines, k } = results
  const colors = engineColors(engines, palette)
  const speed: Metric<Point> = POINT_METRICS[metric]
  const shown = engines.map((engine) => shownPoints(engine, speed))
  const speeds = shown.flat().flatMap((point) => [...(speed.values(point) ?? [])])
  const recalls = shown.flat().map((point) => point.recall)
  return {
    ...common(palette),
    grid: { left: 6, right: 28, top: 74, bottom: 44, containLabel: true },
    legend: {
      top: 0,
      left: 0,
      itemWidth: 18,
      itemHeight: 8,
      itemGap: 18,
      textStyle: { color: palette.text },
    },
    xAxis: recallAxis(palette, k, scale, Math.min(1, ...recalls), Math.max(0, ...recalls)),
    yAxis: {
      ...valueAxis(palette, `queries per second, ${metric === 'qps' ? '1 thread' : 'all threads'}`),
      // Above its axis: upright, and out of the way of labels of any width.
      nameLocation: 'end',
      nameGap: 16,
      nameTextStyle: { color: palette.faint, fontSize: 12.5, align: 'left', padding: [0, 0, 0, -44] },
      ...logTicks(palette, Math.min(...speeds), Math.max(...speeds)),
    },
    series: engines.flatMap((engine, i) =>
      curveSeries(engine, shown[i] ?? [], speed, colors[i] ?? '', palette, (value) => place(value, scale)),
    ),
  }
}

/** Where a recall lies on the axis. */
function place(value: number, scale: RecallScale): number {
  return scale === 'linear' ? value : Math.max(1 - value, LEAST_MISSED)
}

function shownPoints({ points }: EngineResults, speed: Metric<Point>): Point[] {
  return points.filter((point) => point.recall >= LOWEST_RECALL && middleOf(speed, point) !== undefined)
}

function curveSeries(
  { title }: EngineResults,
  points: readonly Point[],
  speed: Metric<Point>,
  color: string,
  palette: Palette,
  x: (recall: number) => number,
): ChartOption[] {
  const whiskers = points.flatMap((point) => {
    const values = speed.values(point) ?? []
    return [
      [x(point.recall), quantile(values, 0)],
      [x(point.recall), quantile(values, 1)],
      [null, null],
    ]
  })
  const line = {
    type: 'line',
    name: title,
    itemStyle: { color },
    symbol: 'circle',
    symbolSize: 8,
    lineStyle: { width: 2.5, color },
    emphasis: { focus: 'series' },
    data: points.map((point) => ({
      value: [x(point.recall), middleOf(speed, point)],
      tooltip: { formatter: tip(title, color, palette, pointFacts(point, speed)) },
    })),
  }
  const spread = {
    type: 'line',
    name: title,
    silent: true,
    showSymbol: false,
    connectNulls: false,
    animation: false,
    lineStyle: { width: 1.5, color, opacity: 0.55 },
    itemStyle: { color },
    data: whiskers,
    z: 1,
  }
  return [line, spread]
}

function pointFacts(point: Point, speed: Metric<Point>): [string, string][] {
  const metrics = [speed, POINT_METRICS.p50, POINT_METRICS.p99]
  return [
    ['beam', effortOf(point)],
    ...(point.rescore === undefined ? [] : ([['rescored', String(point.rescore)]] as [string, string][])),
    ['recall', recall(point.recall)],
    ...metrics.map((metric): [string, string] => [
      metric.title,
      `${number(middleOf(metric, point))} ${metric.unit}`,
    ]),
  ]
}

/** Latency of single searches at the first setting that reaches a recall. */
export function latencyChart({ engines }: DatasetResults, palette: Palette, target: number): ChartOption {
  const reached = engines.flatMap((engine) => {
    const point = pointReaching(engine, target)
    return point ? [{ engine, point }] : []
  })
  const metrics = [POINT_METRICS.p50, POINT_METRICS.p95, POINT_METRICS.p99]
  const colors = engineColors(engines, palette)
  const colorOf = (engine: EngineResults): string => colors[engines.indexOf(engine)] ?? ''
  return bars(
    palette,
    reached.map(({ engine }) => engine.title),
    'microseconds',
    metrics.map((metric, i) => ({
      name: metric.title,
      values: reached.map(({ engine, point }) => ({
        value: middleOf(metric, point) ?? 0,
        color: colorOf(engine),
        opacity: [1, 0.62, 0.32][i] ?? 1,
      })),
    })),
  )
}

/** Time to build the index. */
export function buildChart({ engines }: DatasetResults, palette: Palette): ChartOption {
  const colors = engineColors(engines, palette)
  return bars(
    palette,
    engines.map(
      ({ title, buildThreads }) =>
        `${title} (${buildThreads === 1 ? '1 thread' : `${buildThreads} threads`})`,
    ),
    'seconds',
    [
      {
        name: ENGINE_METRICS.buildSeconds.title,
        values: engines.map((engine, i) => ({
          value: middleOf(ENGINE_METRICS.buildSeconds, engine) ?? 0,
          color: colors[i] ?? '',
          opacity: 1,
        })),
      },
    ],
  )
}

/** Memory of the finished index, and at the highest while it was built. */
export function memoryChart({ engines }: DatasetResults, palette: Palette): ChartOption {
  const colors = engineColors(engines, palette)
  const peak = (engine: EngineResults): number => (engine.build.peakBytes - engine.build.inputBytes) / 1e6
  const series = (name: string, opacity: number, value: (engine: EngineResults) => number): BarSeries => ({
    name,
    values: engines.map((engine, i) => ({ value: value(engine), color: colors[i] ?? '', opacity })),
  })
  return bars(
    palette,
    engines.map(({ title }) => title),
    'megabytes',
    [
      series('finished index', 1, ({ build }) => build.indexBytes / 1e6),
      series('peak while building', 0.4, peak),
    ],
  )
}

interface BarSeries {
  readonly name: string
  readonly values: readonly { readonly value: number; readonly color: string; readonly opacity: number }[]
}

function bars(
  palette: Palette,
  names: readonly string[],
  unit: string,
  series: readonly BarSeries[],
): ChartOption {
  return {
    ...common(palette),
    grid: { left: 4, right: 72, top: 8, bottom: 34, containLabel: true },
    xAxis: { ...valueAxis(palette, unit), nameGap: 26, splitNumber: 4 },
    yAxis: {
      type: 'category',
      data: names,
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: palette.text, fontSize: 12.5, width: 150, overflow: 'break' },
    },
    series: series.map(({ name, values }) => ({
      type: 'bar',
      name,
      barMaxWidth: 22,
      barGap: '18%',
      barCategoryGap: '34%',
      label: { show: true, position: 'right', color: palette.faint, fontSize: 11, fontFamily: MONO },
      data: values.map(({ value, color, opacity }, i) => ({
        value,
        itemStyle: { color: faded(color, opacity), borderRadius: [0, 3, 3, 0] },
        label: { formatter: number(value) },
        tooltip: { formatter: tip(names[i] ?? '', color, palette, [[name, `${number(value)} ${unit}`]]) },
      })),
    })),
  }
}

/** What all charts have in common. */
export function common({ text, surface, line }: Palette): ChartOption {
  return {
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'Inter, system-ui, sans-serif', color: text },
    animationDuration: 350,
    tooltip: {
      trigger: 'item',
      backgroundColor: surface,
      borderColor: line,
      padding: [10, 12],
      textStyle: { color: text, fontSize: 12.5 },
    },
  }
}

/** An axis of plain numbers. */
export function valueAxis({ faint, line }: Palette, name: string): ChartOption {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: faint, fontSize: 12.5 },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: faint, fontSize: 11.5, fontFamily: MONO },
    splitLine: { lineStyle: { color: line } },
  }
}

function recallAxis(
  palette: Palette,
  k: number,
  scale: RecallScale,
  lowest: number,
  highest: number,
): ChartOption {
  const axis = { ...valueAxis(palette, ''), nameGap: 34 }
  if (scale === 'linear') {
    const interval = lowest < 0.86 ? 0.05 : lowest < 0.95 ? 0.02 : 0.01
    const steps = Math.max(2, Math.ceil((1 - lowest) / interval + 0.15))
    return { ...axis, name: `recall@${k}`, min: round(1 - steps * interval), max: 1, interval }
  }
  const ticks = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001]
  const max = ticks.findLast((tick) => tick >= 1 - lowest) ?? 0.5
  const min = ticks.find((tick) => tick <= 1 - highest) ?? LEAST_MISSED
  return {
    ...axis,
    type: 'log',
    name: `share of the ${k} true neighbours missed`,
    inverse: true,
    min,
    max,
    axisTick: { show: false, customValues: ticks },
    axisLabel: { ...(axis as { axisLabel?: object }).axisLabel, customValues: ticks },
  }
}

/** A logarithmic axis just around the values, with ticks at 1, 2 and 5 of each power of ten. */
function logTicks({ faint }: Palette, low: number, high: number): ChartOption {
  if (!(low > 0) || !Number.isFinite(high)) return {}
  const steps: number[] = []
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of [1, 2, 5]) steps.push(step * 10 ** power)
  }
  const min = steps.findLast((step) => step <= low * 0.98) ?? low
  const max = steps.find((step) => step >= high * 1.02) ?? high
  const customValues = steps.filter((step) => step >= min && step <= max)
  return {
    type: 'log',
    min,
    max,
    axisTick: { show: false, customValues },
    axisLabel: { customValues, color: faint, fontSize: 11.5, fontFamily: MONO },
  }
}

/** A colour #rrggbb with an opacity; that of a bar's own style would fade its label too. */
function faded(color: string, opacity: number): string {
  return `${color}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, '0')}`
}

/** Without the noise of binary fractions. */
function round(value: number): number {
  return Number(value.toFixed(6))
}

/** The content of a tooltip. Titles come from workloads, so they are escaped. */
function tip(
  title: string,
  color: string,
  { faint }: Palette,
  facts: readonly (readonly [string, string])[],
): string {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><td style="color:${faint};padding-right:14px">${escapeHtml(name)}</td><td style="text-align:right;font-family:${MONO}">${escapeHtml(value)}</td></tr>`,
  )
  const dot = `<span style="display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px;background:${color}"></span>`
  return `${dot}<b>${escapeHtml(title)}</b><table style="margin-top:6px;font-size:12.5px">${rows.join('')}</table>`
}

/** Text as HTML. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
