import { TECHNIQUES } from '@omen/hnsw'
import { describe, expect, test } from 'vitest'
import { variantPoint } from '../../testing/results.ts'
import { ablationFactors, difference } from './factors.ts'
import type { VariantPoint, VariantResults } from './measure.ts'
import { planAblation } from './plan.ts'
import { byTurns, processorSeconds } from './turns.ts'

const best = { m: 32, buildBeam: 300, alpha: 1.1, quantizer: 'lvq4', keep: 'f16', rescore: 4 }

describe('the plan', () => {
  const { variants, rows } = planAblation(best, TECHNIQUES)
  const settingsOf = (id: string): unknown => variants.find((each) => each.id === id)?.settings

  test('leaves out one technique at a time, over the same graph', () => {
    const over = variants.filter(({ opens }) => opens !== undefined)
    expect(over.map(({ id }) => id)).toEqual(['again', ...TECHNIQUES.map((name) => `without-${name}`)])
    for (const { opens } of over) expect(opens).toBe('all')
    expect(settingsOf('without-hugePages')).toEqual({ ...best, techniques: { hugePages: false } })
  })

  test('builds a graph for what makes another one', () => {
    expect(settingsOf('alpha1')).toEqual({ ...best, alpha: 1 })
    expect(settingsOf('f32')).toEqual({ m: 32, buildBeam: 300, alpha: 1.1 })
    expect(settingsOf('sq8')).toEqual({ ...best, quantizer: 'sq8' })
    expect(settingsOf('m16')).toEqual({ ...best, m: 16, buildBeam: 200, alpha: 1 })
    expect(rows.find(({ name }) => name === 'lvq4 in place of sq8')).toMatchObject({
      with: 'all',
      without: 'sq8',
    })
  })

  test('compares variants that there are', () => {
    const ids = variants.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const row of rows) expect(ids).toEqual(expect.arrayContaining([row.with, row.without]))
  })

  test('has no row where the best setting leaves it out already', () => {
    const plain = planAblation({ m: 16, buildBeam: 200, quantizer: 'sq8' }, [])
    expect(plain.variants.map(({ id }) => id)).toEqual(['all', 'again', 'f32', 'lvq4'])
    expect(plain.rows.map((row) => [row.with, row.without])).toEqual([
      ['all', 'again'],
      ['all', 'f32'],
      ['lvq4', 'all'],
    ])
  })
})

describe('factors', () => {
  const row = { name: 'x', about: '', expected: {}, with: 'on', without: 'off' }
  const variant = (id: string, points: VariantPoint[], buildSeconds: number[] = []): VariantResults => ({
    id,
    settings: best,
    points,
    buildSeconds,
  })
  const on = variant('on', [variantPoint(16, 0.9, [200, 400]), variantPoint(32, 1, [50, 100])], [1, 2])

  test('are those at equal beams where answers are the same', () => {
    const off = variant('off', [variantPoint(16, 0.9, [100, 200]), variantPoint(32, 1, [25, 50])], [2, 4])
    const { speeds, distances, hops } = ablationFactors([on, off], row, 0.95)
    for (const each of Object.values(speeds)) {
      expect(each?.median).toBeCloseTo(2, 9)
      expect(each?.low).toBeCloseTo(2, 9)
    }
    expect([distances, hops]).toEqual([1, 1])
  })

  test('are taken at the recall where answers differ', () => {
    const off = variant('off', [variantPoint(64, 0.95, [50, 50])])
    const { speeds, distances } = ablationFactors([on, off], row, 0.95)
    expect(speeds.single?.low).toBeCloseTo(2, 9)
    expect(speeds.single?.high).toBeCloseTo(4, 9)
    expect(speeds.build).toBeUndefined()
    expect(distances).toBeCloseTo(Math.sqrt(16 * 32) / 64, 9)
  })

  test('are not there where the recall is not reached, or nothing was measured', () => {
    const { speeds, distances } = ablationFactors([on, variant('off', [])], row, 0.95)
    expect([speeds.single, speeds.batch, speeds.build, distances]).toEqual(Array(4).fill(undefined))
    expect(ablationFactors([], row, 0.95).hops).toBeUndefined()
  })

  test('differ from what is expected when their spread lies outside, as it is read', () => {
    const expected = { low: 1.1, high: 1.2, below: 'so', above: 'thus' }
    const factor = (low: number, high: number): unknown =>
      difference({ median: (low + high) / 2, low, high }, expected)
    expect(factor(1, 1.09)).toEqual({ side: 'below', why: 'so' })
    expect(factor(1.21, 1.3)).toEqual({ side: 'above', why: 'thus' })
    expect(factor(1, 1.096)).toBeUndefined()
    expect(factor(1.204, 2)).toBeUndefined()
    expect(factor(1, 2)).toBeUndefined()
    expect(difference(undefined, expected)).toBeUndefined()
  })
})

describe('turns', () => {
  test('ask everybody every time, in an order that changes', async () => {
    const asked: string[][] = []
    await byTurns(['a', 'b', 'c', 'd'], 5, 42, async (one, time) => {
      asked[time] = [...(asked[time] ?? []), one]
    })
    expect(asked).toHaveLength(5)
    for (const turn of asked) expect([...turn].sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(new Set(asked.map(String)).size).toBeGreaterThan(1)
  })

  test('count the time of the processor, not that of waiting', async () => {
    const waited = await processorSeconds(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(waited).toBeLessThan(0.25)
    const worked = await processorSeconds(async () => {
      for (const until = performance.now() + 20; performance.now() < until; );
    })
    expect(worked).toBeGreaterThan(0)
  })
})
