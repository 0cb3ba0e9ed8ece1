import { describe, expect, test } from 'vitest'
import {
  chooseMerge,
  MERGE_DEFAULTS,
  type MergeOptions,
  mergeEverything,
  mergeNothing,
  type SegmentFacts,
} from './merge-policy.ts'

const OPTIONS: MergeOptions = {
  fanIn: 4,
  maxRows: 6000,
  maxBytes: Infinity,
  maxDeletedShare: 0.25,
  smallRows: 100,
}

const facts = (...rows: number[]): SegmentFacts[] =>
  rows.map((live, id) => ({ id, rows: live, live, stale: false, bytes: live }))

describe('the policy of merges', () => {
  test('waits until there are enough of one size', () => {
    expect(chooseMerge([], OPTIONS)).toEqual([])
    expect(chooseMerge(facts(100, 90, 100), OPTIONS)).toEqual([])
    expect(chooseMerge(facts(400, 100, 100, 100), OPTIONS)).toEqual([])
    expect(chooseMerge(facts(100, 90, 3, 100), OPTIONS)).toEqual([0, 1, 2, 3])
    expect(chooseMerge(facts(400, 100, 90, 3, 100), OPTIONS)).toEqual([1, 2, 3, 4])
    expect(chooseMerge(facts(400, 1600, 390, 400, 380), OPTIONS)).toEqual([0, 2, 3, 4])
  })

  test('takes the smallest first, and not more than may be in one', () => {
    expect(chooseMerge(facts(100, 20, 30, 40, 50), OPTIONS)).toEqual([1, 2, 3, 4])
    expect(chooseMerge(facts(1600, 1600, 1600, 1600), OPTIONS)).toEqual([0, 1, 2])
    expect(chooseMerge(facts(3100, 3100, 3100, 3100), OPTIONS)).toEqual([])
  })

  test('takes not more together than there is memory for, but every one alone', () => {
    const options = { ...OPTIONS, maxBytes: 250 }
    expect(chooseMerge(facts(100, 90, 100, 50), options)).toEqual([0, 1, 3])
    expect(chooseMerge(facts(400, 400, 400, 400), options)).toEqual([])
    const large = { id: 4, rows: 1000, live: 500, stale: false, bytes: 1000 }
    expect(chooseMerge([...facts(400, 400, 400, 400), large], options)).toEqual([4])
  })

  test('rids a segment of many deleted rows, the worst first', () => {
    const segments = facts(1000, 1000)
    const lose = (id: number, live: number): SegmentFacts => ({
      id,
      rows: 1000,
      live,
      stale: false,
      bytes: live,
    })
    expect(chooseMerge([...segments, lose(7, 750)], OPTIONS)).toEqual([])
    expect(chooseMerge([...segments, lose(7, 749), lose(8, 0), lose(9, 500)], OPTIONS)).toEqual([8])
  })

  test('makes what is stale again before all else', () => {
    const stale = { id: 9, rows: 10, live: 10, stale: true, bytes: 10 }
    expect(chooseMerge([...facts(100, 100, 100, 100), stale], OPTIONS)).toEqual([9])
  })

  test('comes to an end, with few segments and each row written once a tier', () => {
    let segments: SegmentFacts[] = []
    let [next, written] = [0, 0]
    for (let sealed = 0; sealed < 100; sealed++) {
      segments.push({ id: next++, rows: 131_072, live: 131_072, stale: false, bytes: 0 })
      for (;;) {
        const ids = chooseMerge(segments, MERGE_DEFAULTS)
        if (ids.length === 0) break
        const live = segments.filter(({ id }) => ids.includes(id)).reduce((sum, each) => sum + each.live, 0)
        written += live
        segments = segments.filter(({ id }) => !ids.includes(id))
        segments.push({ id: next++, rows: live, live, stale: false, bytes: 0 })
      }
    }
    expect(segments.reduce((sum, { live }) => sum + live, 0)).toBe(100 * 131_072)
    expect(segments.length).toBeLessThanOrEqual(10)
    expect(written / (100 * 131_072)).toBeLessThanOrEqual(3)
  })

  test('has doubles that never merge and always do', () => {
    expect(mergeNothing(facts(1, 1, 1, 1, 1, 1), OPTIONS)).toEqual([])
    expect(mergeEverything(facts(1, 5), OPTIONS)).toEqual([0, 1])
    expect(mergeEverything(facts(5), OPTIONS)).toEqual([])
    expect(mergeEverything([{ id: 3, rows: 5, live: 4, stale: false, bytes: 4 }], OPTIONS)).toEqual([3])
  })
})
