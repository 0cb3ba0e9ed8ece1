import { describe, expect } from 'vitest'
import { integer, keyword, vector } from '../schema/builders.ts'
import type { Schema } from '../schema/field.ts'
import { type DatabaseSubject, expectRefusal, FIELDS, linedUp, testsOf } from './subject.ts'

/** What `Database` does with collections. */
export function testCollections(subject: DatabaseSubject): void {
  const test = testsOf(subject)
  const { exceptions = {} } = subject

  describe('collections', () => {
    test('are made, found again, listed and dropped', async (db) => {
      expect(await db.collections()).toEqual([])
      const rows = await linedUp(db, 3)
      expect(rows.name).toBe('rows')
      expect(rows.schema).toBe(FIELDS)
      expect(await (await db.collection('rows', FIELDS)).count()).toBe(3)
      await db.collection('more', { v: vector(2) })
      expect((await db.collections()).map(({ name, rows: count }) => [name, count])).toEqual([
        ['rows', 3],
        ['more', 0],
      ])
      expect(await db.drop('rows')).toBe(true)
      expect(await db.drop('rows')).toBe(false)
      await expectRefusal(() => rows.count(), 'not_found')
      await expectRefusal(() => rows.upsert([{ id: 'a', title: '', lang: '', near: [1, 2, 3] }]), 'not_found')
      expect((await db.collections()).map(({ name }) => name)).toEqual(['more'])
    })

    test('open with the schema that is stored', async (db) => {
      await linedUp(db, 2)
      const rows = await db.collection('rows')
      const { near, image, tags } = rows.schema
      expect(near).toMatchObject({
        kind: 'vector',
        dimension: 3,
        metric: 'l2',
        quantizer: { name: 'none/1' },
      })
      expect(image).toMatchObject({ optional: true, quantizer: { name: 'sq8/1' }, m: 16, keep: 'codes' })
      expect(tags).toEqual(FIELDS.tags)
      expect(Object.keys(rows.schema)).toEqual(Object.keys(FIELDS))
      expect(await rows.get('r1')).toEqual({ id: 'r1', title: 'Row 1', lang: 'de', year: 2001 })
      const [info] = await db.collections()
      expect(info?.schema.near).toMatchObject({ dimension: 3 })
      await expectRefusal(() => db.collection('others'), 'not_found')
    })

    test('take a schema that their rows can follow, and no other', async (db) => {
      const old = { n: integer(), near: vector(2) }
      const rows = await db.collection('rows', old)
      await rows.upsert([{ id: 'a', n: 1, near: [1, 1] }])
      const wider = await db.collection('rows', { ...old, lang: keyword({ optional: true }) })
      await wider.upsert([{ id: 'b', n: 2, near: [1, 0], lang: 'en' }])
      expect(await wider.count({ lang: 'en' })).toBe(1)
      expect((await db.collection('rows')).schema.lang).toEqual(keyword({ optional: true }))
      await expectRefusal(
        () => db.collection('rows', { ...old, lang: keyword() }),
        'schema_mismatch',
        /field lang/,
      )
      await expectRefusal(() => db.collection('rows', { near: vector(2) }), 'schema_mismatch')
    })

    test('are refused with a schema that is none', async (db) => {
      const wrong: [Schema, string, RegExp][] = [
        [{ v: vector(0) }, 'invalid_argument', /field v: dimension/],
        [{ id: keyword() }, 'invalid_argument', /cannot be called id/],
        [{ v: vector(4, { quantizer: 'sq9' }) }, 'unknown_quantizer', /sq9/],
        [{ v: vector(4, { m: 3 }) }, 'invalid_argument', /field v: m must/],
      ]
      for (const [schema, code, message] of wrong) {
        await expectRefusal(() => db.collection('rows', schema), code, message)
      }
      expect(await db.collections()).toEqual([])
    })

    const odd = [
      'a/b',
      '../up',
      'ö ?#%2F&=',
      ' ',
      '%',
      '__proto__',
      'constructor',
      '\u{1f989}',
      'a'.repeat(255),
    ]
    const names = exceptions['names of dots'] ? odd : [...odd, '.', '..']
    test('have any name', async (db) => {
      for (const [i, name] of names.entries()) {
        const rows = await db.collection(name, { v: vector(1, { metric: 'l2' }) })
        await rows.upsert([{ id: name, v: [i] }])
        expect(await (await db.collection(name)).get(name)).toEqual({ id: name })
      }
      expect((await db.collections()).map(({ name }) => name)).toEqual(names)
      for (const name of names) expect(await db.drop(name)).toBe(true)
    })

    test('have a name', async (db) => {
      for (const name of ['', 'a'.repeat(256), '\ud800', 5 as unknown as string]) {
        await expectRefusal(() => db.collection(name, { v: vector(1) }), 'invalid_argument')
        await expectRefusal(() => db.drop(name), 'invalid_argument')
      }
    })
  })
}
