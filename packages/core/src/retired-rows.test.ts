import { expect, test } from 'vitest'
import { RetiredRows } from './retired-rows.ts'

test('retired rows are kept back from the searches that began before', () => {
  const retired = new RetiredRows()
  const first = retired.enter()
  retired.retire([1, 2])
  const second = retired.enter()
  const third = retired.enter()
  retired.retire([3])
  retired.retire([])
  expect(retired.size).toBe(3)
  expect(retired.reclaim()).toEqual([])
  retired.leave(first)
  expect(retired.reclaim()).toEqual([1, 2])
  retired.leave(third)
  expect(retired.reclaim()).toEqual([])
  retired.leave(second)
  expect(retired.reclaim()).toEqual([3])
  expect(retired.size).toBe(0)
})

test('retired rows come free though searches never cease', () => {
  const retired = new RetiredRows()
  let last = retired.enter()
  let reclaimed = 0
  for (let row = 0; row < 100; row++) {
    retired.retire([row])
    const next = retired.enter()
    retired.leave(last)
    last = next
    reclaimed += retired.reclaim().length
  }
  expect(reclaimed).toBe(100)
})
