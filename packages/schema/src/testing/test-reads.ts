import { describe, expect } from 'vitest'
import type { InputRow } from '../schema/infer.ts'
import {
  collected,
  type DatabaseSubject,
  expectRefusal,
  FIELDS,
  type Fields,
  idsOf,
  linedUp,
  lineOf,
  type Rows,
  testsOf,
} from './subject.ts'

const SINCE = new Date('2024-02-29T12:34:56.789Z')

/** A value of every kind, with what encodings like to spoil. */
const GIVEN: InputRow<Fields> = {
  id: 'full',
  title: 'Eule \u{1f989} \u0000 "\\" \u2028',
  lang: '',
  tags: ['b', 'a', 'b'],
  source: 'x',
  year: -(2 ** 53 - 1),
  price: 5e-324,
  open: false,
  since: SINCE,
  days: [new Date(0), new Date(-8.64e15), new Date(253402300800000)],
  more: { at: '2024-02-29', list: [1, [2.5, null], {}], '': true, 'a b': { deep: ['ü'] } },
  near: Float32Array.of(-0, 1e-40, 0.1),
  image: Float32Array.of(3, 4),
}

const FILTERS: readonly (readonly [filter: object, ids: string])[] = [
  [{}, 'abcd'],
  [{ lang: 'en' }, 'a'],
  [{ lang: { $ne: 'en' } }, 'bcd'],
  [{ lang: { $in: ['en', 'de'] } }, 'ab'],
  [{ lang: { $nin: ['en', 'de'] } }, 'cd'],
  [{ year: { $gte: 2020, $lt: 2021 } }, 'a'],
  [{ year: { $gt: 2020 } }, 'b'],
  [{ price: { $lte: 0.1 } }, 'a'],
  [{ tags: { $all: ['x', 'y'] } }, 'a'],
  [{ tags: 'x' }, 'ab'],
  [{ open: true }, 'a'],
  [{ since: { $gte: SINCE } }, 'ab'],
  [{ since: { $gt: SINCE.toISOString() } }, 'b'],
  [{ since: SINCE.getTime() }, 'a'],
  [{ since: { $in: [SINCE, '1970-01-01'] } }, 'a'],
  [{ title: { $exists: true }, year: { $exists: false } }, 'cd'],
  [{ year: { $not: { $gt: 2020 } } }, 'acd'],
  [{ id: { $in: ['a', 'd', 'nobody'] } }, 'ad'],
  [{ $or: [{ id: 'c' }, { year: 2020 }] }, 'ac'],
  [{ $nor: [{ id: 'c' }, { year: 2020 }] }, 'bd'],
  [{ $and: [{ lang: 'en' }, { $not: { open: true } }] }, ''],
]

const WRONG_FILTERS: readonly (readonly [filter: unknown, code: string])[] = [
  [null, 'invalid_argument'],
  [5, 'invalid_argument'],
  [{ lagn: 'en' }, 'unknown_field'],
  [{ constructor: 'en' }, 'unknown_field'],
  [{ near: [1, 2, 3] }, 'invalid_argument'],
  [{ year: '2020' }, 'invalid_argument'],
  [{ year: { $gtr: 1 } }, 'invalid_argument'],
  [{ year: null }, 'invalid_argument'],
  [{ $xor: [] }, 'invalid_argument'],
  [{ $or: [] }, 'invalid_argument'],
  [{ title: 'T' }, 'unsupported'],
  [{ source: 'x' }, 'unsupported'],
]

async function filterable(rows: Rows): Promise<void> {
  const near = [0, 0, 0]
  const later = new Date(SINCE.getTime() + 1)
  await rows.upsert([
    {
      id: 'a',
      title: '',
      lang: 'en',
      tags: ['x', 'y'],
      year: 2020,
      price: 0.1,
      open: true,
      since: SINCE,
      near,
    },
    { id: 'b', title: '', lang: 'de', tags: ['x'], year: 2021, price: 9, open: false, since: later, near },
    { id: 'c', title: '', lang: '', near },
    { id: 'd', title: '', lang: '\u{1f989}', near },
  ])
}

/** What `Reader` says of rows. */
export function testReads(subject: DatabaseSubject): void {
  const test = testsOf(subject)
  const { exceptions = {} } = subject

  describe('rows', () => {
    test('come back as they were given, bit for bit', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const minusZero = exceptions['the sign of zero'] === undefined ? -0 : 0
      const full = { ...GIVEN, near: Float32Array.of(minusZero, 1e-40, 0.1) }
      await rows.upsert([GIVEN])
      const select = Object.keys(FIELDS) as (keyof Fields)[]
      const row = await rows.get('full', { select })
      expect(row).toEqual(full)
      expect(row?.near[0]).toBe(minusZero)
      const { near: _, image: __, ...payload } = full
      expect(await rows.get('full')).toEqual(payload)
      expect(await collected(rows.scan({ select }))).toEqual([full])
      const { hits } = await rows.search({ vector: { near: [0, 0, 0] }, select })
      expect(hits).toEqual([{ ...full, score: expect.any(Number), distance: expect.any(Number) }])
    })

    test('take dates in every form, and give them as Date', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const [row] = lineOf(1) as [InputRow<Fields>]
      for (const since of [SINCE, SINCE.toISOString(), SINCE.getTime(), '2024-02-29T13:34:56.789+01:00']) {
        await rows.upsert([{ ...row, since }])
        expect((await rows.get('r0'))?.since).toEqual(SINCE)
      }
    })

    test('are found by their ids, whatever these are', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const ids = [
        'a/b',
        '..',
        '.',
        ' ',
        '%2F',
        '?a=b#c',
        'ö\u{1f989}',
        '__proto__',
        'constructor',
        '\n',
        'i'.repeat(500),
      ]
      const [row] = lineOf(1) as [InputRow<Fields>]
      await rows.upsert(ids.map((id) => ({ ...row, id })))
      expect(idsOf((await rows.get(ids)) as { id: string }[])).toEqual(ids)
      for (const id of ids) {
        expect(await rows.get(id)).toMatchObject({ id, title: 'Row 0' })
        expect(await rows.has(id)).toBe(true)
        expect(await rows.version(id)).toBeGreaterThan(0)
      }
      expect(await rows.delete({ ids })).toMatchObject({ removed: ids.length })
      expect(await rows.has('..')).toBe(false)
      expect(await rows.get(['..', 'a/b'])).toEqual([undefined, undefined])
      expect(await rows.get('..')).toBeUndefined()
      expect(await rows.get([])).toEqual([])
      for (const call of [() => rows.get(''), () => rows.has(5 as never), () => rows.version('\ud800')]) {
        await expectRefusal(call, 'invalid_argument')
      }
    })

    test('show the fields that are asked for', async (db) => {
      const rows = await linedUp(db, 1)
      expect(await rows.get('r0', { select: ['near', 'title'] })).toEqual({
        ...{ id: 'r0', title: 'Row 0', near: Float32Array.of(0, 0, 0) },
      })
      expect(await rows.get('r0', { select: [] })).toEqual({ id: 'r0' })
      await expectRefusal(() => rows.get('r0', { select: ['titel' as never] }), 'unknown_field')
      await expectRefusal(() => rows.get('r0', { selected: [] } as never), 'invalid_argument')
    })
  })

  describe('a filter', () => {
    test('means the same in every call', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      await filterable(rows)
      for (const [filter, ids] of FILTERS) {
        const found = idsOf(await collected(rows.scan({ where: filter })))
        expect(found.sort().join(''), JSON.stringify(filter)).toBe(ids)
        expect(await rows.count(filter)).toBe(ids.length)
        const { hits } = await rows.search({ vector: { near: [0, 0, 0] }, where: filter })
        expect(idsOf(hits).sort().join(''), JSON.stringify(filter)).toBe(ids)
      }
    })

    test('that is wrong is refused in every call', async (db) => {
      const rows = await linedUp(db, 1)
      for (const [wrong, code] of WRONG_FILTERS) {
        const where = wrong as never
        await expectRefusal(() => rows.count(where), code)
        await expectRefusal(() => collected(rows.scan({ where })), code)
        await expectRefusal(() => rows.search({ vector: { near: [0, 0, 0] }, where }), code)
        await expectRefusal(() => rows.delete({ where }), code)
      }
      expect(await rows.count()).toBe(1)
    })
  })

  describe('a scan', () => {
    test('shows the rows of one moment', async (db) => {
      const rows = await linedUp(db, 2000)
      const scan = rows.scan({ select: ['year'] })
      const { value } = await scan.next()
      await rows.delete({ where: {} })
      expect(await rows.count()).toBe(0)
      const others = await collected(scan)
      expect(new Set([value as { id: string }, ...others].map(({ id }) => id)).size).toBe(2000)
      expect(others[0]).toEqual({ id: expect.any(String), year: expect.any(Number) })
    })

    test('can be left in the middle, and refuses what is wrong', async (db) => {
      const rows = await linedUp(db, 3000)
      for await (const { id } of rows.scan()) {
        expect(id).toMatch(/^r\d+$/)
        break
      }
      expect(await collected(rows.scan({ where: { year: 2005 } }))).toMatchObject([{ id: 'r5' }])
      await expectRefusal(() => collected(rows.scan({ filter: {} } as never)), 'invalid_argument')
      await expectRefusal(() => collected(rows.scan({ select: ['titel' as never] })), 'unknown_field')
    })
  })
}
