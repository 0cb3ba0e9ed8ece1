import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pool } from './pool.ts'
import { Visited } from './visited.ts'

type Candidate = readonly [distance: number, row: number]

const inOrder = (a: Candidate, b: Candidate): number => a[0] - b[0] || a[1] - b[1]

/** Few distances, so that there are ties; each row once, as in a search. */
const candidates = fc
  .uniqueArray(fc.nat(2 ** 32 - 2), { maxLength: 80 })
  .chain((rows) =>
    fc.tuple(...rows.map((row) => fc.tuple(fc.integer({ min: -4, max: 4 }), fc.constant(row)))),
  )

const listed = (pool: Pool): Candidate[] =>
  Array.from({ length: pool.size }, (_, i) => [pool.distances[i]!, pool.rows[i]!] as const)

describe('Pool', () => {
  test('keeps the closest, sorted, ties by row', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 1, max: 30 }), (all, capacity) => {
        const pool = new Pool()
        pool.reset(capacity)
        for (const [distance, row] of all) pool.insert(distance, row)
        expect(listed(pool)).toEqual([...all].sort(inOrder).slice(0, capacity))
        expect(pool.full).toBe(all.length >= capacity)
      }),
    )
  })

  test('keeps nothing farther than some times the distance of one of the closest', () => {
    const factors = fc.constantFrom(1, 1.5, 2, 4)
    const places = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 30 }),
        places,
        factors,
        (all, capacity, place, factor) => {
          const pool = new Pool()
          pool.reset(capacity)
          pool.within(place, factor)
          for (const [distance, row] of all) pool.insert(distance, row)
          const kept = [...all].sort(inOrder).slice(0, capacity)
          const farthest = Math.max(0, kept[place - 1]?.[0] ?? Infinity) * factor
          expect(listed(pool)).toEqual(kept.filter(([distance], i) => i < place || distance <= farthest))
          pool.reset(capacity)
          for (const [distance, row] of all) pool.insert(distance, row)
          expect(pool.size).toBe(Math.min(capacity, all.length))
        },
      ),
    )
  })

  test('expands each candidate once, the closest of those unexpanded first', () => {
    fc.assert(
      fc.property(candidates, candidates, (first, second) => {
        const pool = new Pool()
        pool.reset(200)
        const expanded: number[] = []
        const expand = (): boolean => {
          const next = pool.expandNext()
          if (next < 0) return false
          const row = pool.rows[next]!
          const closer = listed(pool).slice(0, next)
          expect(closer.every(([, other]) => expanded.includes(other))).toBe(true)
          expanded.push(row)
          return true
        }
        const seen = new Set(first.map(([, row]) => row))
        for (const [distance, row] of first) pool.insert(distance, row)
        expand()
        for (const [distance, row] of second) if (!seen.has(row)) pool.insert(distance, row)
        while (expand());
        expect(new Set(expanded).size).toBe(expanded.length)
        expect(expanded.length).toBe(pool.size)
      }),
    )
  })

  test('keeps what passes a test, and stays full where it was', () => {
    fc.assert(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (all, capacity, most) => {
          const pool = new Pool()
          pool.reset(capacity)
          for (const [distance, row] of all) pool.insert(distance, row)
          const passing = listed(pool).filter(([, row]) => row % 2 === 0)
          const wasFull = pool.full
          pool.keep((row) => row % 2 === 0, most)
          expect(listed(pool)).toEqual(passing.slice(0, most))
          expect(pool.full).toBe(wasFull || passing.length >= most)
        },
      ),
    )
  })

  test('remembers nothing of the search before', () => {
    const pool = new Pool()
    pool.reset(3)
    pool.insert(1, 1)
    pool.expandNext()
    pool.reset(2)
    expect(pool.size).toBe(0)
    expect(pool.expandNext()).toBe(-1)
    pool.insert(5, 1)
    expect(pool.expandNext()).toBe(0)
  })
})

describe('Visited', () => {
  test('forgets at every reset, also after more resets than it has marks', () => {
    const visited = new Visited()
    for (let search = 0; search < 70_000; search++) {
      visited.reset(10)
      const row = search % 10
      if (!visited.add(row) || visited.add(row)) expect.fail(`row ${row} in search ${search}`)
    }
    visited.reset(1000)
    expect(visited.has(999)).toBe(false)
    expect(visited.add(999)).toBe(true)
    expect(visited.has(999)).toBe(true)
    expect(visited.add(999)).toBe(false)
  })
})
