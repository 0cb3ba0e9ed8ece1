import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pace } from './pace.ts'
import { sortInTurns } from './sort.ts'

test('sorts as the language does, over the ends of blocks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 0x7fffffff }),
      async (length, values, factor) => {
        const items = Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, factor) >>> 0).map(
          (x) => x % values,
        )
        const expected = items.slice().sort()
        await sortInTurns(items, (a, b) => a - b, new Pace(undefined))
        expect(items).toEqual(expected)
      },
    ),
    { numRuns: 50 },
  )
})
