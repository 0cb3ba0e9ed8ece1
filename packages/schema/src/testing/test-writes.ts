import { describe, expect } from 'vitest'
import {
  collected,
  type DatabaseSubject,
  expectRefusal,
  FIELDS,
  idsOf,
  linedUp,
  lineOf,
  testsOf,
} from './subject.ts'

const GOOD = { id: 'x', title: 'T', lang: 'en', near: [1, 2, 3] }

/** Rows that are refused, for those who do not compile. */
const WRONG: readonly (readonly [name: string, row: unknown, code: string])[] = [
  ['no object', 5, 'invalid_argument'],
  ['without an id', { ...GOOD, id: undefined }, 'invalid_argument'],
  ['with an empty id', { ...GOOD, id: '' }, 'invalid_argument'],
  ['with a number as id', { ...GOOD, id: 5 }, 'invalid_argument'],
  ['with half a surrogate pair in its id', { ...GOOD, id: '\ud800' }, 'invalid_argument'],
  ['with a field too many', { ...GOOD, titel: 'T' }, 'unknown_field'],
  ['with what objects inherit', { ...GOOD, constructor: 'T' }, 'unknown_field'],
  ['without a field that it needs', { ...GOOD, title: undefined }, 'invalid_argument'],
  ['with null for a field that it needs', { ...GOOD, title: null }, 'invalid_argument'],
  ['with another type', { ...GOOD, year: '2020' }, 'invalid_argument'],
  ['with a fraction', { ...GOOD, year: 1.5 }, 'invalid_argument'],
  ['with a whole number that is too large', { ...GOOD, year: 2 ** 53 }, 'invalid_argument'],
  ['with one value for many', { ...GOOD, tags: 'a' }, 'invalid_argument'],
  ['with a date that is none', { ...GOOD, since: 'yesterday' }, 'invalid_argument'],
  ['with half a surrogate pair', { ...GOOD, title: 'a\udfff' }, 'invalid_argument'],
  ['with a vector of another dimension', { ...GOOD, near: [1, 2] }, 'dimension_mismatch'],
  ['with a vector of text', { ...GOOD, near: ['1', '2', '3'] }, 'invalid_argument'],
  ['with a vector that is none', { ...GOOD, near: 'abc' }, 'invalid_argument'],
  ['with a component that is too large', { ...GOOD, near: Float32Array.of(3e38, 3e38, 0) }, 'not_finite'],
  ['with a direction that is none', { ...GOOD, image: [0, 0] }, 'zero_vector'],
  ['with two expiries', { ...GOOD, $ttlMs: 1000, $expiresAt: 5 }, 'invalid_argument'],
  ['with no time to live', { ...GOOD, $ttlMs: 0 }, 'invalid_argument'],
]

/** What `Collection` does to rows. */
export function testWrites(subject: DatabaseSubject): void {
  const test = testsOf(subject)

  describe('writes', () => {
    test('say what they did', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const first = await rows.upsert(lineOf(5))
      expect(first).toEqual({ version: expect.any(Number), written: 5, removed: 0 })
      const second = await rows.upsert(lineOf(4, 3))
      expect(second).toEqual({ version: expect.any(Number), written: 4, removed: 2 })
      expect(second.version).toBeGreaterThan(first.version)
      expect(await rows.update([{ id: 'r0', title: 'New', near: Float32Array.of(9, 9, 9) }])).toMatchObject({
        ...{ written: 1, removed: 1 },
      })
      expect(await rows.get('r0', { select: ['title', 'lang', 'near'] })).toEqual({
        ...{ id: 'r0', title: 'New', lang: 'en', near: Float32Array.of(9, 9, 9) },
      })
      expect(await rows.delete({ ids: ['r0', 'nobody'] })).toMatchObject({ written: 0, removed: 1 })
      expect(await rows.delete({ where: { lang: 'de' } })).toMatchObject({ written: 0, removed: 3 })
      const replaced = await rows.replace({ where: { year: { $gte: 2004 } }, rows: lineOf(1, 50) })
      expect(replaced).toMatchObject({ written: 1, removed: 2 })
      expect(idsOf(await collected(rows.scan())).sort()).toEqual(['r2', 'r50'])
      expect(await rows.delete({ where: {} })).toMatchObject({ removed: 2 })
      expect(await rows.count()).toBe(0)
    })

    test('remove values by null, and only those that may be missing', async (db) => {
      const rows = await linedUp(db, 1)
      await rows.update([{ id: 'r0', year: null, price: 2.5 }])
      expect(await rows.get('r0')).toEqual({ id: 'r0', title: 'Row 0', lang: 'en', price: 2.5 })
      await expectRefusal(
        () => rows.update([{ id: 'r0', title: null as never }]),
        'invalid_argument',
        /title/,
      )
    })

    test('happen only where nobody wrote in between', async (db) => {
      const rows = await linedUp(db, 2)
      const version = await rows.version('r0')
      expect(version).toBeGreaterThan(0)
      expect(await rows.version('nobody')).toBe(0)
      await rows.update([{ id: 'r0', year: 1 }], { ifVersion: version })
      await expectRefusal(() => rows.update([{ id: 'r0', year: 2 }], { ifVersion: version }), 'conflict')
      await rows.upsert(lineOf(1, 7), { ifVersion: 0 })
      await expectRefusal(() => rows.upsert(lineOf(1, 7), { ifVersion: 0 }), 'conflict')
      const versions = { r0: await rows.version('r0'), r1: version }
      expect(await rows.upsert(lineOf(2), { ifVersion: versions })).toMatchObject({ written: 2 })
      await expectRefusal(() => rows.delete({ ids: ['r0'] }, { ifVersion: version }), 'conflict')
      await expectRefusal(() => rows.upsert(lineOf(1), { ifVersion: -1 }), 'invalid_argument')
      expect(await rows.get('r0')).toMatchObject({ year: 2000 })
    })

    test('let rows expire', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const [a, b, c, d] = lineOf(4) as [object, object, object, object]
      const given = [{ ...a, $expiresAt: 1000 }, { ...b, $ttlMs: 3_600_000 }, { ...c, $expiresAt: null }, d]
      await rows.upsert(given as never)
      expect(idsOf(await collected(rows.scan())).sort()).toEqual(['r1', 'r2', 'r3'])
      await rows.update([{ id: 'r3', $expiresAt: new Date(5) }])
      expect(await rows.get(['r0', 'r1', 'r3'])).toEqual([undefined, expect.anything(), undefined])
      expect(await collected(rows.scan({ select: [], expiry: true }))).toEqual([
        { id: 'r1', $expiresAt: expect.any(Date) },
        { id: 'r2' },
      ])
      const at = new Date('2999-12-31T23:59:59.999Z')
      await rows.update([{ id: 'r1', $expiresAt: at }])
      expect(await collected(rows.scan({ where: { id: 'r1' }, select: ['title'], expiry: true }))).toEqual([
        { id: 'r1', title: 'Row 1', $expiresAt: at },
      ])
      expect(await collected(rows.scan({ where: { id: 'r1' }, select: [] }))).toEqual([{ id: 'r1' }])
      await expectRefusal(() => collected(rows.scan({ expiry: 'yes' as never })), 'invalid_argument')
    })

    test('take every durability by name', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      for (const durability of ['synced', 'buffered', 'memory'] as const) {
        expect(await rows.upsert(lineOf(1), { durability })).toMatchObject({ written: 1 })
      }
      await expectRefusal(() => rows.upsert(lineOf(1), { durability: 'most' as never }), 'invalid_argument')
    })
  })

  describe('a write that is refused writes nothing:', () => {
    for (const [name, row, code] of WRONG) {
      test(`a row ${name}`, async (db) => {
        const rows = await linedUp(db, 1)
        await expectRefusal(() => rows.upsert([...lineOf(1, 5), row] as never), code)
        await expectRefusal(() => rows.replace({ where: {}, rows: [row] as never }), code)
        expect(idsOf(await collected(rows.scan()))).toEqual(['r0'])
      })
    }

    test('calls that make no sense', async (db) => {
      const rows = await linedUp(db, 1)
      const wrong: [() => Promise<unknown>, string][] = [
        [() => rows.upsert([...lineOf(1, 5), ...lineOf(1, 5)]), 'invalid_argument'],
        [() => rows.upsert({} as never), 'invalid_argument'],
        [() => rows.upsert(lineOf(1, 5), { durable: true } as never), 'invalid_argument'],
        [() => rows.update([{ id: 'nobody', year: 1 }]), 'not_found'],
        [() => rows.update([{ id: 'r0', tilte: 'T' } as never]), 'unknown_field'],
        [() => rows.delete({} as never), 'invalid_argument'],
        [() => rows.delete({ ids: ['r0'], where: {} } as never), 'invalid_argument'],
        [() => rows.delete({ ids: 'r0' } as never), 'invalid_argument'],
        [() => rows.delete({ where: { lagn: 'en' } } as never), 'unknown_field'],
        [() => rows.replace({ rows: lineOf(1) } as never), 'invalid_argument'],
      ]
      for (const [call, code] of wrong) await expectRefusal(call, code)
      expect(await collected(rows.scan())).toEqual([{ id: 'r0', title: 'Row 0', lang: 'en', year: 2000 }])
    })
  })
}
