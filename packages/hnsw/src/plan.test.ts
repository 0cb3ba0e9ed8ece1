import { Bitset, type SearchStrategy } from '@omen/core'
import { describe, expect, test } from 'vitest'
import type { Parts } from './parts.ts'
import { planSearch } from './plan.ts'

/** What a plan looks at of an index of full rows. */
function parts(rows: number, alive = rows, m = 16, bytesPerRow = 400): Parts {
  return { graph: { rows, alive, m }, codes: { codec: { bytesPerRow } } } as unknown as Parts
}

function everyNth(n: number, rows: number): Bitset {
  const set = new Bitset(rows)
  for (let row = 0; row < rows; row += n) set.set(row)
  return set
}

describe('a plan', () => {
  const ROWS = 400_000

  test.each<readonly [number, SearchStrategy]>([
    [1, 'plain'],
    [2, 'plain'],
    [5, 'filtered'],
    [10, 'filtered'],
    [100, 'scan'],
    [1000, 'scan'],
    [ROWS, 'scan'],
  ])('for one row in %d is a %s search', (n, strategy) => {
    const accept = everyNth(n, ROWS)
    expect(
      planSearch(parts(ROWS), { accept, strategy: undefined, settles: false, epsilon: Infinity }, 144),
    ).toMatchObject({
      strategy,
      matches: ROWS / n,
    })
  })

  test('scans small indexes, whatever matches', () => {
    for (const n of [2, 5, 50]) {
      const accept = everyNth(n, 2000)
      expect(
        planSearch(parts(2000), { accept, strategy: undefined, settles: false, epsilon: Infinity }, 144)
          .strategy,
      ).toBe('scan')
    }
  })

  test('is what the caller wants, and then walks to the end', () => {
    const accept = everyNth(100, ROWS)
    const forced = planSearch(
      parts(ROWS),
      { accept, strategy: 'filtered', settles: false, epsilon: Infinity },
      144,
    )
    expect(forced).toMatchObject({ strategy: 'filtered', patience: 0xffffffff })
    expect(forced.sparseWidening).toBeGreaterThan(1)
    expect(
      planSearch(parts(ROWS), { accept, strategy: undefined, settles: false, epsilon: Infinity }, 144)
        .patience,
    ).toBeLessThan(ROWS)
  })

  test('takes a walk that ends when it has settled for half of one that has its whole beam', () => {
    const accept = everyNth(10, ROWS)
    const [whole, settling] = [false, true].map((settles) =>
      planSearch(parts(ROWS), { accept, strategy: 'filtered', settles, epsilon: Infinity }, 288),
    )
    expect(settling?.distances).toBeCloseTo((whole?.distances ?? 0) / 2, -1)
  })

  test('walks past the removed rows of an index', () => {
    const plan = planSearch(
      parts(ROWS, ROWS * 0.8),
      { accept: undefined, strategy: undefined, settles: false, epsilon: Infinity },
      64,
    )
    expect(plan).toMatchObject({ strategy: 'plain', widening: 1.25, matches: ROWS * 0.8 })
  })

  test('never has more candidates than there are rows', () => {
    const plan = planSearch(
      parts(100),
      { accept: everyNth(100, 100), strategy: 'plain', settles: false, epsilon: Infinity },
      64,
    )
    expect(plan.widening * 64).toBeLessThanOrEqual(100)
  })
})
