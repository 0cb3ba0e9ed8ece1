import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { colourOf, isDark } from '../../theme.ts'

export interface Line {
  readonly label: string
  /** A custom property that is a colour. */
  readonly colour: string
  readonly values: readonly (number | null)[]
  readonly filled?: boolean
}

interface ChartProps {
  readonly title: string
  /** Seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly text: (value: number) => string
  /** Whether steps between grid lines are powers of two, as they are for bytes. */
  readonly binary?: boolean
}

const HEIGHT = 150

/** A few values over time. */
export function Chart({ title, times, lines, text, binary = false }: ChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const data: UPlot.AlignedData = [[...times], ...lines.map(({ values }) => [...values])]
  const dark = isDark.value
  useEffect(() => {
    const element = host.current
    if (!element) return
    const made = new UPlot(optionsOf(element.clientWidth, lines, text, binary), data, element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [dark])
  useEffect(() => plot.current?.setData(data), [times])
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="cluster small">
          {lines.map(({ label, colour, values }) => {
            const last = values.findLast((value) => value !== null)
            return (
              <li key={label}>
                <span class="swatch" style={{ background: `var(${colour})` }} />
                <span class="faint">{label}</span>{' '}
                <strong>{last === undefined || last === null ? '–' : text(last)}</strong>
              </li>
            )
          })}
        </ul>
      </figcaption>
      <div ref={host} class="chart-plot" role="img" aria-label={`${title} over time`} />
    </figure>
  )
}

const BINARY_STEPS: number[] = Array.from({ length: 24 }, (_, i) => 2 ** (i + 16))
const TIME: Intl.DateTimeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

function optionsOf(
  width: number,
  lines: readonly Line[],
  text: (value: number) => string,
  binary: boolean,
): UPlot.Options {
  const faint = colourOf('--ink-faint')
  const grid = { stroke: colourOf('--line'), width: 1 }
  const font = '11px system-ui, sans-serif'
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    padding: [10, 4, 0, 0],
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] } },
    axes: [
      {
        stroke: faint,
        font,
        grid: { show: false },
        ticks: { show: false },
        size: 24,
        space: 110,
        values: timesOf,
      },
      {
        ...{ stroke: faint, font, grid, ticks: { show: false }, size: 64, gap: 8, space: 32 },
        values: (_, splits) => splits.map(text),
        ...(binary && { incrs: BINARY_STEPS }),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, filled }) => ({
        ...{ label, stroke: colourOf(colour), width: 1.75, points: { show: false }, spanGaps: true },
        ...(filled && { fill: withAlpha(colourOf(colour), 0.12) }),
      })),
    ],
  }
}

/** A colour that lets through what lies below. */
function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in oklab, ${colour} ${alpha * 100}%, transparent)`
}

const timesOf = (_: UPlot, seconds: readonly number[]): string[] =>
  seconds.map((each) => TIME.format(each * 1000))
