/** What a library gave, in plain JavaScript: whole numbers as numbers where they are exact. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value
  if (Array.isArray(value)) return value.some(needsCare) ? value.map(plainValue) : value
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Array.from(value, plainValue)
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) {
    return value
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainValue(inner)]))
}

const needsCare = (value: unknown): boolean => typeof value === 'bigint' || typeof value === 'object'

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
