import type { Bound, IndexValue, Range } from './filter.ts'

/**
 * The order of values of one field: numbers by size, strings by code points, which is the order of their UTF-8 bytes.
 *
 * @returns below 0 when a comes first, above 0 when b does, 0 when they are equal
 */
export function compareValues(a: IndexValue, b: IndexValue): number {
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : Number(a) - Number(b)
}

function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    // A surrogate is half of a code point above all that take one unit, though some of those are larger units.
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

/** Whether values lie between the bounds, as a function that is quick for numbers. */
export function rangeTest(range: Range): (value: IndexValue) => boolean {
  const { low, high } = range
  if (typeof low?.value === 'string' || typeof high?.value === 'string')
    return (value) => inRange(value, range)
  const [from, to] = [low?.value ?? -Infinity, high?.value ?? Infinity]
  const [fromOpen, toOpen] = [low?.inclusive === false, high?.inclusive === false]
  return (value) =>
    (fromOpen ? Number(value) > from : Number(value) >= from) &&
    (toOpen ? Number(value) < to : Number(value) <= to)
}

/** Whether a value lies between the bounds. */
export function inRange(value: IndexValue, { low, high }: Range): boolean {
  return isAbove(value, low) && isBelow(value, high)
}

function isAbove(value: IndexValue, low: Bound | undefined): boolean {
  if (!low) return true
  const order = compareValues(value, low.value)
  return low.inclusive ? order >= 0 : order > 0
}

function isBelow(value: IndexValue, high: Bound | undefined): boolean {
  if (!high) return true
  const order = compareValues(value, high.value)
  return high.inclusive ? order <= 0 : order < 0
}
