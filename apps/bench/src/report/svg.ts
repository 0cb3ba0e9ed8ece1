import { createRequire } from 'node:module'
import type { DatasetResults } from '../results.ts'
import { type ChartOption, curveChart, type RecallScale } from './charts.ts'
import { LIGHT } from './palette.ts'

interface Echarts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(option: ChartOption): void; renderToSVGString(): string; dispose(): void }
}

const SIZE = { width: 900, height: 480 }

/** The curve of recall against speed as a picture, for documents. */
export function curveSvg(results: DatasetResults, scale: RecallScale): string {
  const option = curveChart(results, LIGHT, 'qps', scale)
  return chartSvg(option, SIZE)
}

/** Any chart as a picture. */
export function chartSvg(option: ChartOption, size: { width: number; height: number }): string {
  // The CommonJS build: the other one is written for bundlers.
  const echarts = createRequire(import.meta.url)('echarts/dist/echarts.common.min.js') as Echarts
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  chart.setOption({ ...option, animation: false, backgroundColor: LIGHT.surface })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}
