const COUNT: Intl.NumberFormat = new Intl.NumberFormat('en')
const SHORT: Intl.NumberFormat = new Intl.NumberFormat('en', {
  notation: 'compact',
  maximumFractionDigits: 1,
})
const UNITS: readonly string[] = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** 12,345 */
export const count = (value: number): string => COUNT.format(value)

/** 12.3K */
export const short = (value: number): string => SHORT.format(value)

/** A number of bytes with its unit apart, so that they can be set apart. */
export function bytesParts(value: number): [amount: string, unit: string] {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  const amount = value / 1024 ** power
  return [amount >= 100 || power === 0 ? amount.toFixed(0) : amount.toFixed(1), UNITS[power] ?? '']
}

/** 12.3 MiB */
export const bytes = (value: number): string => bytesParts(value).join(' ')

/** 99.5 %, and 100 % for all of it alone. */
export function percent(share: number): string {
  if (share === 1 || share === 0) return `${share * 100} %`
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)} %`
}

/** 3 rows, 1 row. */
export const plural = (n: number, one: string, many: string = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`

/** Seconds or milliseconds, whichever reads better. */
export function duration(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms >= 10_000) return `${(ms / 1000).toFixed(0)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`
}

/** 21 Nov 2026, 18:40 */
export const moment = (date: string | Date): string =>
  new Date(date).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** A value of a field in one line. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)))
  if (value instanceof Date) return moment(value)
  if (value instanceof Float32Array) return `${value.length} components`
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
