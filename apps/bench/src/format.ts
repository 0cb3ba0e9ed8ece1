import type { Spread } from './measure/statistics.ts'

/** Figures as people read them; the same in the terminal and on the page. */

/** With thousands separated and as many decimals as the size deserves. */
export function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  const digits = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function recall(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(4)
}

export function ratio(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : `${value.toFixed(2)}×`
}

/** A ratio with the lowest and highest it was. */
export function ratioSpread(value: Spread | undefined): string {
  if (!value) return '–'
  if (value.low === value.high) return ratio(value.median)
  return `${ratio(value.median)} (${value.low.toFixed(2)}–${value.high.toFixed(2)})`
}

/** A share as whole percent. */
export function percent(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : `${(100 * value).toFixed(0)} %`
}

/** A number with half its range in percent. */
export function numberSpread(value: Spread | undefined): string {
  if (!value) return '–'
  const percent = (50 * (value.high - value.low)) / value.median
  return percent >= 0.5 ? `${number(value.median)} ±${percent.toFixed(0)} %` : number(value.median)
}
