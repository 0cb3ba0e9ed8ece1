import { describe, expect, test } from 'vitest'
import { engineResults, point, runResults } from '../testing/results.ts'
import type { ClaimFigure } from '../workload.ts'
import { type ClaimResult, checkClaims } from './claims.ts'
import { compareResults, DEFAULT_TOLERANCE } from './compare.ts'
import { frontier, qpsAtRecall, valueAtRecall } from './curve.ts'
import { ENGINE_METRICS, middleOf, POINT_METRICS, pointReaching, ratios, speedAtRecall } from './metrics.ts'
import { median, medianInterval, quantile, spread } from './statistics.ts'

describe('quantiles', () => {
  test('interpolate between neighbours and leave the values as they are', () => {
    const values = [4, 1, 3, 2]
    expect(median(values)).toBe(2.5)
    expect(quantile(values, 0)).toBe(1)
    expect(quantile(values, 1)).toBe(4)
    expect(quantile(values, 0.9)).toBeCloseTo(3.7, 12)
    expect(values).toEqual([4, 1, 3, 2])
    expect(quantile([7], 0.99)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
    expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 })
  })

  test('say how well a median is known: of few values hardly, of many well', () => {
    expect(medianInterval([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 })
    const many = Array.from({ length: 101 }, (_, i) => 101 - i)
    expect(medianInterval(many)).toEqual({ median: 51, low: 41, high: 61 })
    expect(medianInterval([]).low).toBeNaN()
  })
})

describe('the speed at a recall', () => {
  const places = [
    { recall: 0.8, value: 1000 },
    { recall: 0.9, value: 100 },
    { recall: 0.85, value: 50 },
  ]

  test('is interpolated in the logarithm, along the best settings', () => {
    expect(valueAtRecall(places, 0.85)).toBeCloseTo(Math.sqrt(1000 * 100), 9)
    expect(valueAtRecall(places, 0.9)).toBe(100)
    expect(frontier(places).map(({ recall }) => recall)).toEqual([0.8, 0.9])
  })

  test('is never extrapolated', () => {
    expect(valueAtRecall(places, 0.91)).toBeUndefined()
    expect(valueAtRecall(places, 0.79)).toBeUndefined()
    expect(valueAtRecall([], 0.5)).toBeUndefined()
  })

  test('below the best setting is that of the best setting', () => {
    const odd = [
      { recall: 0.8, value: 10 },
      { recall: 0.9, value: 100 },
    ]
    expect(valueAtRecall(odd, 0.85)).toBe(100)
  })

  test('is taken round by round', () => {
    const points = [point(16, 0.8, [1000, 2000]), point(32, 1, [10, 20])]
    expect(qpsAtRecall(points, 0.9)?.map(Math.round)).toEqual([100, 200])
    expect(qpsAtRecall(points, 0.7)).toBeUndefined()
    expect(qpsAtRecall([], 0.7)).toBeUndefined()
  })
})

describe('metrics', () => {
  test('are the middle of the rounds', () => {
    const some = { ...point(16, 0.9, [10, 30, 20]), promiseLatency: [{ p50: 1e5, p95: 0, p99: 0 }] }
    expect(middleOf(POINT_METRICS.qps, some)).toBe(20)
    expect(middleOf(POINT_METRICS.qpsAllThreads, some)).toBeUndefined()
    expect(middleOf(POINT_METRICS.promiseExtra, some)).toBe(0)
    expect(middleOf(ENGINE_METRICS.buildSeconds, engineResults('a', { buildSeconds: [3, 1, 2] }))).toBe(2)
    expect(middleOf(ENGINE_METRICS.peakOverIndex, engineResults('a'))).toBe(1)
  })

  test('ratios are taken round by round, or of the medians when rounds differ in number', () => {
    expect(ratios([2, 8], [1, 2])).toEqual([2, 4])
    expect(ratios([2, 4, 6], [2])).toEqual([2])
  })

  test('the setting for a recall is the cheapest that reaches it', () => {
    expect(pointReaching(engineResults('a'), 0.85)?.beam).toBe(32)
    expect(pointReaching(engineResults('a'), 0.999)).toBeUndefined()
  })

  test('a noisy round moves its own ratio, not that of the others', () => {
    const yardstick = engineResults('y', { points: [point(16, 0.9, [100, 50, 100])] })
    const fast = engineResults('f', { points: [point(16, 0.9, [300, 150, 300])] })
    expect(speedAtRecall(fast, yardstick, 0.9)?.ratio).toEqual({ median: 3, low: 3, high: 3 })
  })
})

describe('claims', () => {
  const fast = engineResults('fast', {
    points: [point(16, 0.8, 3000), point(32, 0.9, 1500), point(64, 0.98, 750)],
    buildSeconds: [5],
  })
  const [dataset] = runResults([engineResults('slow'), fast]).datasets

  test.each([
    [{ figure: 'qpsAtRecall', at: 0.9, of: 'fast', over: 'slow', atLeast: 2 }, 3, true],
    [{ figure: 'qpsAtRecall', at: 0.9, of: 'fast', over: 'slow', atLeast: 4 }, 3, false],
    [{ figure: 'buildSeconds', of: 'fast', over: 'slow', atMost: 0.5 }, 0.5, true],
    [{ figure: 'peakOverIndex', of: 'fast', atMost: 0.9 }, 1, false],
    [{ figure: 'recallAtBeam', at: 64, of: 'fast', over: 'slow' }, -0.01, undefined],
    [{ figure: 'indexBytes', of: 'fast' }, 2e6, undefined],
    [{ figure: 'promiseExtraMicros', at: 64, of: 'fast', atMost: 5 }, undefined, false],
    [{ figure: 'qpsAtRecall', at: 0.9, of: 'missing', atLeast: 1 }, undefined, false],
    [{ figure: 'qpsAtRecall', at: 0.999, of: 'fast' }, undefined, undefined],
  ] as const)('%j', (claim, value, holds) => {
    const [result] = checkClaims([claim], dataset ?? expect.fail())
    if (value === undefined) expect(result?.value).toBeUndefined()
    else expect(result?.value?.median).toBeCloseTo(value, 9)
    expect(result?.holds).toBe(holds)
  })
})

describe('a comparison of runs', () => {
  const yardstick = (speed: number): ReturnType<typeof engineResults> =>
    engineResults('y', {
      points: [point(16, 0.8, 1000 * speed), point(64, 0.99, 250 * speed)],
      buildSeconds: [10 / speed],
    })
  const omen = (speed: number, more: object = {}): ReturnType<typeof engineResults> =>
    engineResults('omen', {
      points: [point(16, 0.8, 2000 * speed), point(64, 0.99, 500 * speed)],
      buildSeconds: [5 / speed],
      ...more,
    })
  const worse = (base: ReturnType<typeof runResults>, head: ReturnType<typeof runResults>): string[] =>
    compareResults(base, head, DEFAULT_TOLERANCE)
      .filter(({ regressed }) => regressed)
      .map(({ figure }) => figure)
  const base = runResults([yardstick(1), omen(1)])

  test('forgives a slower machine', () => {
    expect(worse(base, runResults([yardstick(0.3), omen(0.3)]))).toEqual([])
  })

  test('sees a slower search, against the yardstick of the same run', () => {
    const speeds = ['speed ratio at recall 0.9', 'speed ratio at recall 0.95']
    expect(worse(base, runResults([yardstick(1), omen(0.7, { buildSeconds: [5] })]))).toEqual(speeds)
    expect(worse(base, runResults([yardstick(2), omen(1, { buildSeconds: [2.5] })]))).toEqual(speeds)
    expect(worse(base, runResults([yardstick(1), omen(0.9)]))).toEqual([])
  })

  test('sees a slower build, more memory and less recall', () => {
    expect(worse(base, runResults([yardstick(1), omen(1, { buildSeconds: [7] })]))).toEqual([
      'build time ratio',
    ])
    const build = { wallSeconds: 5, cpuSeconds: 9, peakBytes: 9e6, indexBytes: 3e6, inputBytes: 1e6 }
    expect(worse(base, runResults([yardstick(1), omen(1, { build })]))).toEqual(['bytes per vector'])
    const points = [point(16, 0.79, 2000), point(64, 0.99, 500)]
    expect(worse(base, runResults([yardstick(1), omen(1, { points })]))).toEqual(['recall at beam 16'])
  })

  test('counts an engine that is gone as worse', () => {
    expect(worse(base, runResults([yardstick(1)])).length).toBeGreaterThan(0)
  })

  test('needs the same yardstick, measured in both runs', () => {
    expect(() => worse(base, runResults([yardstick(1), omen(1)], { yardstick: 'omen' }))).toThrow(
      /different yardsticks/,
    )
    expect(() => worse(base, runResults([omen(1)], { yardstick: 'y' }))).toThrow(/was not measured/)
    expect(() => worse(base, { ...base, datasets: [] })).toThrow(/nothing in common/)
  })
})

describe('figures of work and threads', () => {
  const points = [
    {
      ...point(16, 0.8, 1000),
      qpsBatch: [1000, 2000],
      qpsAllThreads: [2000, 3000],
      work: { distances: 400, hops: 20, rescored: 0, bytes: 1 },
    },
    {
      ...point(64, 0.9, 500),
      qpsBatch: [500, 600],
      qpsAllThreads: [900, 1200],
      work: { distances: 1600, hops: 80, rescored: 0, bytes: 1 },
    },
  ]
  const results =
    runResults([engineResults('a', { points }), engineResults('b')]).datasets[0] ?? expect.fail()
  const claim = (figure: ClaimFigure, at: number, more = {}): ClaimResult | undefined =>
    checkClaims([{ figure, of: 'a', at, ...more }], results)[0]

  test('are taken at a recall', () => {
    expect(claim('distancesAtRecall', 0.9)?.value?.median).toBeCloseTo(1600, 9)
    expect(claim('distancesAtRecall', 0.85)?.value?.median).toBeCloseTo(800, 9)
    expect(claim('threadScalingAtRecall', 0.9)?.value).toMatchObject({ low: 1.8, high: 2 })
    expect(claim('batchQpsAtRecall', 0.9)?.value?.median).toBe(550)
    expect(claim('allThreadsQpsAtRecall', 0.9)?.value?.median).toBe(1050)
    expect(claim('distancesAtRecall', 0.95)?.value).toBeUndefined()
    expect(claim('threadScalingAtRecall', 0.9, { of: 'b' })?.value).toBeUndefined()
  })

  test('are claimed of some data sets alone', () => {
    expect(claim('batchQpsAtRecall', 0.9, { on: ['other'] })).toBeUndefined()
    expect(claim('batchQpsAtRecall', 0.9, { on: ['made-up-data'] })).toBeDefined()
  })
})
