import { describe, expect, test } from 'vitest'
import { Throttle } from './throttle.ts'

describe('what slows writers down', () => {
  test('lets them go on while little waits, or nobody knows how long linking takes', () => {
    const throttle = new Throttle()
    expect(throttle.wait(1000, 1)).toBe(0)
    throttle.linked(1000, 200)
    expect(throttle.wait(1000, 0)).toBe(0)
    expect(throttle.wait(1000, 0.75)).toBe(0)
  })

  test('makes them wait as long as linking takes where as much waits as may, and never many times longer', () => {
    const throttle = new Throttle()
    throttle.linked(1000, 200)
    expect(throttle.wait(500, 1)).toBeCloseTo(100)
    expect(throttle.wait(500, 0.875)).toBeCloseTo(50)
    expect(throttle.wait(500, 1.25)).toBeCloseTo(200)
    expect(throttle.wait(500, 100)).toBeCloseTo(400)
  })

  test('saves up waits that are too short', () => {
    const throttle = new Throttle()
    throttle.linked(1000, 1000)
    const waits = Array.from({ length: 12 }, () => throttle.wait(1, 1))
    expect(waits).toEqual([0, 0, 0, 0, 5, 0, 0, 0, 0, 5, 0, 0])
    expect(throttle.wait(1, 0.5)).toBe(0)
    expect(throttle.wait(1, 1)).toBe(0)
  })

  test('follows the speed of linking, the newest counting most', () => {
    const throttle = new Throttle()
    throttle.linked(1000, 1000)
    for (let i = 0; i < 20; i++) throttle.linked(1000, 3000)
    throttle.linked(0, 1000)
    expect(throttle.wait(10, 1)).toBeGreaterThan(29)
    expect(throttle.wait(10, 1)).toBeLessThan(30)
  })
})
