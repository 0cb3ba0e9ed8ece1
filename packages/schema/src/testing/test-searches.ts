import { describe, expect } from 'vitest'
import { type DatabaseSubject, expectRefusal, FIELDS, idsOf, linedUp, testsOf } from './subject.ts'

const ORIGIN = [0, 0, 0]

/** Searches that are refused, for those who do not compile. */
const WRONG: readonly (readonly [name: string, query: object, code: string])[] = [
  ['without a vector', {}, 'invalid_argument'],
  ['with two vectors', { vector: { near: ORIGIN, image: [1, 1] } }, 'invalid_argument'],
  ['in a field that there is not', { vector: { naer: ORIGIN } }, 'unknown_field'],
  ['in a field of payload', { vector: { title: ORIGIN } }, 'unknown_field'],
  ['of another dimension', { vector: { near: [1, 2] } }, 'dimension_mismatch'],
  ['of another dimension, in floats', { vector: { near: Float32Array.of(1, 2) } }, 'dimension_mismatch'],
  ['for NaN', { vector: { near: Float32Array.of(Number.NaN, 0, 0) } }, 'not_finite'],
  ['for text', { vector: { near: ['0', '0', '0'] } }, 'invalid_argument'],
  ['without a direction', { vector: { image: [0, 0] } }, 'zero_vector'],
  ['for no hits', { vector: { near: ORIGIN }, limit: 0 }, 'invalid_argument'],
  ['for half a hit', { vector: { near: ORIGIN }, limit: 1.5 }, 'invalid_argument'],
  ['for text hits', { vector: { near: ORIGIN }, limit: '3' }, 'invalid_argument'],
  ['from before the first', { vector: { near: ORIGIN }, offset: -1 }, 'invalid_argument'],
  ['with a beam of none', { vector: { near: ORIGIN }, beam: 0 }, 'invalid_argument'],
  ['exactly maybe', { vector: { near: ORIGIN }, exact: 'yes' }, 'invalid_argument'],
  ['with a misspelt option', { vector: { near: ORIGIN }, limt: 3 }, 'invalid_argument'],
  ['for a field that there is not', { vector: { near: ORIGIN }, select: ['titel'] }, 'unknown_field'],
]

/** What `Reader` finds. */
export function testSearches(subject: DatabaseSubject): void {
  const test = testsOf(subject)

  describe('a search', () => {
    test('finds the nearest rows, closest first', async (db) => {
      const rows = await linedUp(db, 40)
      for (const query of [[3.2, 0, 0], Float32Array.of(3.2, 0, 0)]) {
        const { hits, explanation } = await rows.search({ vector: { near: query }, limit: 3 })
        expect(idsOf(hits)).toEqual(['r3', 'r4', 'r2'])
        expect(hits[0]).toMatchObject({ title: 'Row 3', lang: 'de', year: 2003 })
        expect(hits[0]?.distance).toBeCloseTo(0.04, 5)
        expect(hits[0]?.score).toBeCloseTo(1 / 1.04, 5)
        expect(explanation).toBeUndefined()
      }
      expect((await rows.search({ vector: { near: ORIGIN } })).hits).toHaveLength(10)
    })

    test('keeps to its settings', async (db) => {
      const rows = await linedUp(db, 40)
      const near = Float32Array.from(ORIGIN)
      const where = { lang: 'de', year: { $lt: 2020 } } as const
      const settings = { where, select: ['year'], limit: 3, offset: 1, beam: 20, exact: true } as const
      expect((await rows.search({ vector: { near }, ...settings })).hits).toEqual([
        { id: 'r3', year: 2003, distance: 9, score: 0.1 },
        { id: 'r5', year: 2005, distance: 25, score: 1 / 26 },
        { id: 'r7', year: 2007, distance: 49, score: 1 / 50 },
      ])
      const within = await rows.search({ vector: { near }, within: 4, limit: 100, select: ['near'] })
      expect(within.hits.map((hit) => hit.near)).toEqual([0, 1, 2].map((i) => Float32Array.of(i, 0, 0)))
      const everywhere = await rows.search({ vector: { near }, within: Infinity, limit: 100, select: [] })
      expect(everywhere.hits).toHaveLength(40)
      expect(Object.keys(everywhere.hits[0] ?? {}).sort()).toEqual(['distance', 'id', 'score'])
      // Too long for an address.
      const years = Array.from({ length: 1000 }, (_, i) => 2000 + i)
      const many = await rows.search({ vector: { near }, where: { year: { $in: years } }, limit: 50 })
      expect(many.hits).toHaveLength(40)
    })

    test('finds only rows that have the vector', async (db) => {
      const rows = await linedUp(db, 4)
      await rows.update([
        { id: 'r1', image: [0, 1] },
        { id: 'r2', image: [1, 0.1] },
      ])
      const { hits } = await rows.search({ vector: { image: [2, 0] } })
      expect(idsOf(hits)).toEqual(['r2', 'r1'])
      expect(hits[0]?.score).toBeGreaterThan(0.99)
    })

    test('explains itself when asked', async (db) => {
      const rows = await linedUp(db, 4)
      const { hits, explanation } = await rows.search({
        vector: { near: ORIGIN },
        where: { lang: 'en' },
        explain: true,
      })
      expect(idsOf(hits)).toEqual(['r0', 'r2'])
      expect(explanation?.timeMs).toBeGreaterThanOrEqual(0)
      expect(explanation?.segments[0]).toMatchObject({ rows: 4, matches: 2, strategy: 'scan' })
    })

    for (const [name, query, code] of WRONG) {
      test(`${name} is refused`, async (db) => {
        const rows = await linedUp(db, 2)
        await expectRefusal(() => rows.search(query as never), code)
      })
    }
  })

  describe('many searches at once', () => {
    test('give a result for each query, in their order', async (db) => {
      const rows = await linedUp(db, 40)
      const near = [[7, 0, 0], Float32Array.of(0, 0, 0), [39, 0, 0]]
      const results = await rows.searchMany({
        vector: { near },
        limit: 2,
        where: { lang: 'en' },
        select: ['since', 'year'],
      })
      expect(results.map(({ hits }) => idsOf(hits))).toEqual([
        ['r6', 'r8'],
        ['r0', 'r2'],
        ['r38', 'r36'],
      ])
      expect(results[0]?.hits[0]).toEqual({ id: 'r6', year: 2006, distance: 1, score: 0.5 })
      expect(await rows.searchMany({ vector: { near: [] } })).toEqual([])
      await expectRefusal(() => rows.searchMany({ vector: { near: [[1, 2]] } }), 'dimension_mismatch')
      await expectRefusal(() => rows.searchMany({ vector: { near: 5 as never } }), 'invalid_argument')
      await expectRefusal(
        () => rows.searchMany({ vector: { near: [] }, explain: true } as never),
        'invalid_argument',
      )
    })
  })

  describe('measured recall', () => {
    test('compares searches with the exact answer', async (db) => {
      const rows = await linedUp(db, 50)
      expect(await rows.measureRecall({ field: 'near', k: 3, samples: 10 })).toEqual({
        recall: 1,
        samples: 10,
      })
      await expectRefusal(() => rows.measureRecall(), 'invalid_argument', /near, image/)
      await expectRefusal(() => rows.measureRecall({ field: 'naer' as never }), 'unknown_field')
      await expectRefusal(() => rows.measureRecall({ field: 'near', k: 0 }), 'invalid_argument')
    })

    test('needs no field where there is one alone', async (db) => {
      const { near } = FIELDS
      const rows = await db.collection('rows', { near })
      await rows.upsert([{ id: 'a', near: ORIGIN }])
      expect(await rows.measureRecall()).toEqual({ recall: 1, samples: 1 })
    })
  })
}
