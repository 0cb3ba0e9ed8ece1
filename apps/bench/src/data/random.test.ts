import { expect, test } from 'vitest'
import { Random } from './random.ts'

test('gives the same numbers for the same seed, forever', () => {
  const random = new Random(42)
  const first = Array.from({ length: 4 }, () => Math.floor(random.next() * 2 ** 32))
  expect(first).toEqual([2581720956, 1925393290, 3661312704, 2876485805])
})

test('draws samples without repeats from the whole range', () => {
  const sample = new Random(1).sample(1000, 1000)
  expect([...sample].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect([...sample]).not.toEqual([...sample].sort((a, b) => a - b))
})

test('draws normal numbers with mean 0 and deviation 1', () => {
  const random = new Random(5)
  const values = Array.from({ length: 20_000 }, () => random.normal())
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  expect(mean).toBeCloseTo(0, 1)
  expect(variance).toBeCloseTo(1, 1)
})
