import { describe, expect, test } from 'vitest'
import { levelOf, levelThresholds, rowHash } from './levels.ts'

describe('rowHash', () => {
  test('is the finalizer of murmur3, the same on every machine', () => {
    expect([0, 1, 2, 1000, 2 ** 31, 2 ** 32 - 2].map(rowHash)).toEqual([
      2462723854, 2527132011, 3024231355, 661457464, 3172115818, 4051782527,
    ])
  })
})

describe('levels', () => {
  test('have an m-th of the rows of the one below', () => {
    expect([...levelThresholds(16)]).toEqual([2 ** 28, 2 ** 24, 2 ** 20, 2 ** 16, 2 ** 12, 256, 16, 1])
    expect([...levelThresholds(100)]).toEqual([42949672, 429496, 4294, 42])
    const thresholds = levelThresholds(8)
    const counts = [0, 0, 0]
    for (let row = 0; row < 64_000; row++) {
      const level = levelOf(row, thresholds)
      for (let layer = 1; layer <= Math.min(level, 2); layer++) counts[layer]!++
    }
    expect(counts[1]).toBeGreaterThan(7600)
    expect(counts[1]).toBeLessThan(8400)
    expect(counts[2]).toBeGreaterThan(900)
    expect(counts[2]).toBeLessThan(1100)
  })
})
