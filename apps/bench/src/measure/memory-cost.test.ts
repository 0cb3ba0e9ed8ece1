import { expect, test } from 'vitest'
import type { MemoryCost } from '../results.ts'
import { engineResults, point } from '../testing/results.ts'
import { floorMicros, measureMemoryCost, middleCost, nanosecondsToRead } from './memory-cost.ts'
import { workOf } from './metrics.ts'

const cost: MemoryCost = { spreadBytes: 1e8, blockBytes: [64, 128, 256], nanoseconds: [5, 7, 11] }
const work = { distances: 900, hops: 60, rescored: 40, bytes: 128_000 }

test('reading costs what was measured, and what lies between', () => {
  const at = [8, 64, 96, 128, 192, 256, 512].map((bytes) => nanosecondsToRead(bytes, cost))
  expect(at).toEqual([5, 5, 6, 7, 9, 11, 22])
})

test('the least time of a search is that of its blocks', () => {
  expect(floorMicros(work, cost)).toBeCloseTo(7, 12)
  expect(floorMicros({ distances: 0, hops: 0, rescored: 0, bytes: 0 }, cost)).toBe(0)
  const engine = engineResults('a', { memoryCost: cost })
  const figures = workOf(engine, { ...point(16, 0.9, [50_000, 100_000, 60_000]), work })
  expect(figures?.micros).toBeCloseTo(1e6 / 60_000, 9)
  expect(figures?.reached).toBeCloseTo(0.42, 9)
  expect(workOf(engine, point(16, 0.9, 1000))).toBeUndefined()
  expect(workOf(engineResults('b'), { ...point(16, 0.9, 1000), work })).not.toHaveProperty('reached')
})

test('the middle of several measurements is taken size by size', () => {
  const others = [
    [6, 6, 12],
    [4, 9, 13],
  ].map((nanoseconds) => ({ ...cost, nanoseconds }))
  expect(middleCost([cost, ...others])?.nanoseconds).toEqual([5, 7, 12])
  expect(middleCost([])).toBeUndefined()
})

test('this machine reads larger blocks more slowly', async ({ skip }) => {
  const measured = await measureMemoryCost(1e6)
  if (!measured) return skip('there is no C++ compiler here')
  expect(measured.spreadBytes).toBe(4 << 20)
  expect(measured.nanoseconds).toHaveLength(measured.blockBytes.length)
  expect(measured.nanoseconds.at(-1)).toBeGreaterThan(measured.nanoseconds[0] ?? Number.NaN)
})
