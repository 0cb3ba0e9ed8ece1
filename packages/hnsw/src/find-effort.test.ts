import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findEfforts } from './find-effort.ts'
import type { Effort } from './tuned.ts'

/** Recall as it goes: it grows with the beam and with epsilon, and is lost where too few are rescored. */
const model =
  (hardness: number, loss: number) =>
  async ({ beam, epsilon = Infinity, rescore }: Effort): Promise<number> =>
    (1 - Math.exp(-Math.min(beam, epsilon * 1000) / hardness)) * (1 - loss * Math.exp(-rescore / 10))

test('every effort found reaches the recall, and the one that rescores all has the least beam', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      fc.double({ min: 0.3, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      async (hardness, loss, target, k) => {
        const measure = model(hardness, loss)
        const found = await findEfforts(measure, target, {
          k,
          maxBeam: 8192,
          rescores: true,
          hasOrigin: false,
        })
        const [all, ...others] = found as [Effort, ...Effort[]]
        expect(all.rescore).toBe(all.beam)
        for (const effort of found) expect(await measure(effort)).toBeGreaterThanOrEqual(target)
        const less = Math.floor(all.beam * (1 - 1 / 16)) - 1
        if (less >= k) expect(await measure({ beam: less, rescore: less })).toBeLessThan(target)
        for (const { beam, rescore } of others) {
          expect(rescore).toBeLessThan(all.beam)
          expect(rescore).toBeGreaterThanOrEqual(k)
          expect(beam).toBeGreaterThanOrEqual(all.beam)
        }
      },
    ),
  )
})

test('fewer are rescored where that is enough, for a wider beam', async () => {
  const found = await findEfforts(model(40, 0.5), 0.95, {
    k: 10,
    maxBeam: 8192,
    rescores: true,
    hasOrigin: false,
  })
  expect(found.length).toBeGreaterThan(2)
  expect(Math.min(...found.map(({ rescore }) => rescore))).toBeLessThan((found[0]?.beam ?? 0) / 2)
})

test('nothing is rescored where there is nothing finer', async () => {
  const limits = { k: 10, maxBeam: 8192, rescores: false, hasOrigin: false }
  const found = await findEfforts(model(40, 0), 0.95, limits)
  expect(found.map(({ rescore }) => rescore)).toEqual([10])
})

test('the beam is no larger than it may be, and none is found that reaches more than there is', async () => {
  const limits = { k: 10, maxBeam: 100, rescores: true, hasOrigin: false }
  expect(await findEfforts(model(60, 0), 0.95, limits)).toEqual([])
  expect((await findEfforts(model(33, 0), 0.95, limits))[0]?.beam).toBeLessThanOrEqual(100)
  expect(
    await findEfforts(async () => 1, 1, { k: 300, maxBeam: 100, rescores: false, hasOrigin: false }),
  ).toEqual([{ beam: 100, rescore: 300 }])
})

test('the least epsilon is found beside the least beam, with room for twice as many', async () => {
  const limits = { k: 10, maxBeam: 8192, rescores: true, hasOrigin: true }
  const measure = model(40, 0.5)
  const found = await findEfforts(measure, 0.95, limits)
  const byBeam = found.filter(({ epsilon }) => epsilon === undefined)
  const byEpsilon = found.filter(({ epsilon }) => epsilon !== undefined)
  expect(byBeam).toEqual(await findEfforts(measure, 0.95, { ...limits, hasOrigin: false }))
  expect(byEpsilon.length).toBeGreaterThan(2)
  const [all] = byEpsilon as [Effort]
  expect(all.beam).toBe(2 * (byBeam[0] as Effort).beam)
  for (const effort of byEpsilon) expect(await measure(effort)).toBeGreaterThanOrEqual(0.95)
  const less = { ...all, epsilon: (all.epsilon as number) * (1 - 1 / 8) }
  expect(await measure(less)).toBeLessThan(0.95)
})

test('an epsilon that no walk reaches the recall by is left out', async () => {
  const limits = { k: 10, maxBeam: 8192, rescores: false, hasOrigin: true }
  const measure = async ({ epsilon }: Effort): Promise<number> => (epsilon === undefined ? 1 : 0.9)
  expect(await findEfforts(measure, 0.95, limits)).toEqual([{ beam: 10, rescore: 10 }])
})
