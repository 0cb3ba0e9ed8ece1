import { moment, valueText } from '../../format.ts'
import { colourOf } from '../../theme.ts'

/** Red, green and blue, from 0 to 255. */
export type Rgb = readonly [number, number, number]

/** What colours mean. */
export type Legend =
  | { readonly kind: 'none' }
  | { readonly kind: 'categories'; readonly categories: readonly Category[] }
  | { readonly kind: 'range'; readonly low: string; readonly high: string }

export interface Category {
  readonly name: string
  readonly points: number
  readonly property: string
}

/** What a field gives every point: a legend, and for each point a category or a place between low and high. */
export interface Colouring {
  readonly legend: Legend
  /** The number of a category, or a share from 0 to 1; NaN for points without a value. */
  readonly values: Float32Array
}

/** Categories that have a colour of their own; all others share the last. */
const CATEGORIES = 9
const RAMP = 5
const PLAIN = '--map-plain'
const OTHERS = '--map-others'

export function colouringOf(
  column: readonly unknown[] | undefined,
  size: number,
  kind: string | undefined,
): Colouring {
  if (!column) return { legend: { kind: 'none' }, values: new Float32Array(size) }
  const single = column.map((value) => (Array.isArray(value) ? value[0] : value))
  const isNumber = kind === 'number' || kind === 'integer' || kind === 'date'
  if (isNumber && new Set(single).size > CATEGORIES) return rangeOf(single, kind === 'date')
  return categoriesOf(single)
}

function rangeOf(column: readonly unknown[], isDate: boolean): Colouring {
  const numbers = Float64Array.from(column, (value) =>
    value === undefined || value === null ? Number.NaN : Number(value),
  )
  const known = numbers.filter((value) => !Number.isNaN(value)).sort()
  // Few values far off would leave all others in one colour.
  const low = known[Math.floor(known.length * 0.02)] ?? 0
  const high = known[Math.ceil(known.length * 0.98) - 1] ?? 1
  const says = (value: number): string =>
    isDate ? moment(new Date(value)) : valueText(Number(value.toPrecision(4)))
  return {
    legend: { kind: 'range', low: says(low), high: says(high) },
    values: Float32Array.from(numbers, (value) =>
      Number.isNaN(value)
        ? Number.NaN
        : high === low
          ? 0.5
          : Math.min(1, Math.max(0, (value - low) / (high - low))),
    ),
  }
}

function categoriesOf(column: readonly unknown[]): Colouring {
  const counts = new Map<unknown, number>()
  for (const value of column) counts.set(value, (counts.get(value) ?? 0) + 1)
  counts.delete(undefined)
  const byCount = [...counts].sort(([, a], [, b]) => b - a)
  const named = byCount.length <= CATEGORIES + 1 ? byCount : byCount.slice(0, CATEGORIES)
  const numbers = new Map(named.map(([value], i) => [value, i]))
  const others = byCount.slice(named.length).reduce((sum, [, points]) => sum + points, 0)
  const categories = named.map(([value, points], i) => ({
    name: valueText(value),
    points,
    property: `--map-${i + 1}`,
  }))
  if (others > 0) categories.push({ name: 'all others', points: others, property: OTHERS })
  return {
    legend: { kind: 'categories', categories },
    values: Float32Array.from(column, (value) =>
      value === undefined ? Number.NaN : (numbers.get(value) ?? named.length),
    ),
  }
}

/** A colour for every point, as red, green, blue and opacity; points of hidden categories have none. */
export function pointColours({ legend, values }: Colouring, hidden: ReadonlySet<string>): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const absent = rgbOf(OTHERS)
  const table = tableOf(legend)
  const visible = legend.kind === 'categories' ? legend.categories.map(({ name }) => !hidden.has(name)) : []
  for (const [i, value] of values.entries()) {
    const isShare = legend.kind === 'range'
    const at = isShare ? Math.round(value * (table.length - 1)) : value
    const [red, green, blue] = (Number.isNaN(value) ? absent : table[at]) ?? absent
    bytes[i * 4] = red
    bytes[i * 4 + 1] = green
    bytes[i * 4 + 2] = blue
    bytes[i * 4 + 3] = isShare || Number.isNaN(value) || visible[value] !== false ? 255 : 0
  }
  return bytes
}

const RAMP_STEPS = 64

function tableOf(legend: Legend): Rgb[] {
  if (legend.kind === 'none') return [rgbOf(PLAIN)]
  if (legend.kind === 'categories') return legend.categories.map(({ property }) => rgbOf(property))
  const stops = Array.from({ length: RAMP }, (_, i) => rgbOf(`--ramp-${i + 1}`))
  return Array.from({ length: RAMP_STEPS }, (_, i) => {
    const place = (i / (RAMP_STEPS - 1)) * (RAMP - 1)
    const from = stops[Math.floor(place)] ?? [0, 0, 0]
    const to = stops[Math.ceil(place)] ?? from
    const mix = (channel: 0 | 1 | 2): number =>
      Math.round(from[channel] + (to[channel] - from[channel]) * (place - Math.floor(place)))
    return [mix(0), mix(1), mix(2)]
  })
}

/** A custom property of the style sheet as numbers, whatever notation it is written in. */
export function rgbOf(property: string): Rgb {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  if (!context) return [128, 128, 128]
  context.fillStyle = colourOf(property)
  context.fillRect(0, 0, 1, 1)
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data
  return [red, green, blue]
}
