/**
 * A hash of a row number: murmur3's 32-bit finalizer. Its order is as good as random, and the same everywhere.
 *
 * @returns a whole number from 0 to 2^32 − 1
 */
export function rowHash(row: number): number {
  let hash = (row + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * What the hash of a row must be below for the row to be on layers 1, 2, …: each layer has an m-th of the rows of the
 * one below (Malkov & Yashunin 2018, section 4.1, with mL = 1 / ln m).
 */
export function levelThresholds(m: number): Uint32Array {
  const thresholds: number[] = []
  for (let threshold = 2 ** 32 / m; threshold >= 1; threshold /= m) thresholds.push(Math.floor(threshold))
  return Uint32Array.from(thresholds)
}

/**
 * The highest layer a row is on. A function of its number alone, so that builds are repeatable and a row number that is
 * used again finds its upper lists where they were.
 */
export function levelOf(row: number, thresholds: Uint32Array): number {
  const hash = rowHash(row)
  let level = 0
  while (level < thresholds.length && hash < (thresholds[level] as number)) level++
  return level
}
