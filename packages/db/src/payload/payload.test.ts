import type { JsonObject } from '@omen/core'
import { boolean, integer, keyword } from '@omen/schema'
import { type CheckedSchema, checkFilter, checkSchema, matches } from '@omen/schema/check'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { rowBlock } from '../rows/row-block.ts'
import { filters, rowsToFilter, filterSchema as schema } from '../testing/filters.ts'
import { fileBytes, openBytes } from '../testing/images.ts'
import { ActivePayload } from './active-payload.ts'
import { payloadIndexContents } from './build-index.ts'
import type { PayloadReader } from './payload.ts'
import { indexFits, SealedPayload } from './sealed-payload.ts'
import { PayloadStore, payloadStoreSections } from './store.ts'

async function activeOf(fields: CheckedSchema, payloads: readonly JsonObject[]): Promise<ActivePayload> {
  const active = new ActivePayload(fields)
  active.append(payloads)
  return active
}

async function storeOf(source: ActivePayload, mapped = true): Promise<PayloadStore> {
  const bytes = await fileBytes({ metadata: {}, sections: await payloadStoreSections(source) })
  return PayloadStore.open(await openBytes(bytes, mapped), source.rows)
}

/** The index is made from the columns of the active segment, or from what was stored: that must be the same. */
async function seal(fields: CheckedSchema, source: ActivePayload, mapped = true): Promise<SealedPayload> {
  const store = await storeOf(source, mapped)
  const index = await fileBytes(await payloadIndexContents(fields, store))
  expect(await fileBytes(await payloadIndexContents(fields, source))).toEqual(index)
  return SealedPayload.open(fields, store, await openBytes(index, mapped))
}

test('a sealed segment finds what the filter means, whatever rows and filters, also the second time', async () => {
  await fc.assert(
    fc.asyncProperty(
      rowsToFilter,
      fc.array(filters, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      async (given, asked, mapped) => {
        const { ids, payloads } = rowBlock(schema, given)
        const sealed = await seal(schema, await activeOf(schema, payloads), mapped)
        expect(Array.from(payloads, (_, row) => sealed.payload(row))).toEqual(payloads)
        for (const filter of [...asked, ...asked]) {
          const checked = checkFilter(schema, filter)
          const expected = ids.flatMap((id, row) => (matches(checked, id, payloads[row] ?? {}) ? [row] : []))
          const found = sealed.match(checked, (id) => (Number(id) < ids.length ? [Number(id)] : []))
          expect([...found]).toEqual(expected)
          // What was handed out belongs to whoever asked.
          found.not()
        }
      },
    ),
    { numRuns: 100 },
  )
})

describe('rows in every density and order', () => {
  const fields = checkSchema({
    half: boolean(),
    most: boolean({ optional: true }),
    some: integer(),
    sorted: integer(),
    own: integer(),
    word: keyword(),
    rare: keyword({ optional: true, many: true }),
  })
  const payloads = Array.from({ length: 5000 }, (_, i) => ({
    half: (i * 7919) % 13 < 6,
    ...(i % 100 !== 0 && { most: i % 9 > 0 }),
    some: (i * 7919) % 40,
    sorted: Math.floor(i / 1000),
    own: (i * 7919) % 5003,
    word: `w${(i * 31) % 700}`,
    ...(i % 250 === 3 && { rare: ['a', `b${i % 4}`] }),
  }))
  const asked: unknown[] = [
    { half: true },
    { half: { $ne: true } },
    { most: true },
    { most: { $exists: false } },
    { most: { $exists: true } },
    { some: { $in: [3, 5, 39, 77] } },
    { some: { $gte: 10, $lt: 12 } },
    { sorted: 2 },
    { sorted: { $gt: 0, $lte: 3 } },
    { own: { $gte: 100, $lt: 900 } },
    { own: 17 },
    { own: { $gt: 900, $lt: 100 } },
    { word: { $gte: 'w3', $lt: 'w4' } },
    { word: 'w699' },
    { rare: { $all: ['a', 'b1'] } },
    { rare: { $exists: true }, sorted: { $lt: 3 } },
    { $nor: [{ half: true }, { sorted: 1 }] },
  ]

  const readers: PayloadReader[] = []
  beforeAll(async () => {
    const active = await activeOf(fields, payloads)
    readers.push(active, await seal(fields, active), await seal(fields, active, false))
  })

  test.each(asked.map((filter) => [JSON.stringify(filter), filter]))('are found by %s', (_, filter) => {
    const checked = checkFilter(fields, filter)
    const expected = payloads.flatMap((payload, row) => (matches(checked, '', payload) ? [row] : []))
    expect(readers).toHaveLength(3)
    for (const reader of readers) expect([...reader.match(checked, () => [])]).toEqual(expected)
  })

  test('take less than a list of them would', async () => {
    const sealed = await seal(fields, await activeOf(fields, payloads))
    const lists = payloads.reduce((sum, payload) => sum + 4 * Object.keys(payload).length * 2, 0)
    expect(sealed.bytes.index).toBeLessThan(lists)
  })
})

describe('an index', () => {
  const before = checkSchema({ lang: keyword({ index: false }), year: integer() })
  const payloads = [
    { lang: 'en', year: 1 },
    { lang: 'de', year: 2 },
  ]

  test('of before a field was added has no row with it', async () => {
    const after = checkSchema({ ...Object.fromEntries(before.fields), open: boolean({ optional: true }) })
    const store = await storeOf(await activeOf(before, payloads))
    const image = await openBytes(await fileBytes(await payloadIndexContents(before, store)), true)
    expect(indexFits(after, image)).toBe(true)
    const sealed = await SealedPayload.open(after, store, image)
    expect(sealed.match(checkFilter(after, { open: { $exists: true } }), () => []).count()).toBe(0)
    expect([...sealed.match(checkFilter(after, { open: { $ne: true }, year: 2 }), () => [])]).toEqual([1])
  })

  test('of before a field had an index does not fit, and is made again from the store', async () => {
    const after = checkSchema({ lang: keyword(), year: integer({ index: false }) })
    const store = await storeOf(await activeOf(before, payloads))
    const image = await openBytes(await fileBytes(await payloadIndexContents(before, store)), true)
    expect(indexFits(after, image)).toBe(false)
    await expect(SealedPayload.open(after, store, image)).rejects.toThrow(
      expect.objectContaining({ code: 'corrupt_index' }),
    )
    const again = await openBytes(await fileBytes(await payloadIndexContents(after, store)), true)
    const sealed = await SealedPayload.open(after, store, again)
    expect([...sealed.match(checkFilter(after, { lang: 'de' }), () => [])]).toEqual([1])
  })

  test('of other rows is refused', async () => {
    const store = await storeOf(await activeOf(before, payloads))
    const other = await storeOf(await activeOf(before, payloads.slice(1)))
    const image = await openBytes(await fileBytes(await payloadIndexContents(before, other)), true)
    await expect(SealedPayload.open(before, store, image)).rejects.toThrow(/has 1 rows, the store 2/)
  })

  test.each([true, false])('with any bit flipped is refused (mapped: %s)', async (mapped) => {
    const store = await storeOf(await activeOf(before, payloads))
    const good = await fileBytes(await payloadIndexContents(before, store))
    for (let at = 0; at < good.length; at++) {
      const bytes = Uint8Array.from(good)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      const opening = openBytes(bytes, mapped).then((image) => SealedPayload.open(before, store, image))
      await expect(opening, `byte ${at}`).rejects.toThrow(/./)
    }
  })

  test('is not made when it was aborted', async () => {
    const many = await activeOf(before, payloads)
    const signal = AbortSignal.abort()
    await expect(payloadIndexContents(before, many, { signal })).rejects.toThrow(
      expect.objectContaining({ code: 'aborted' }),
    )
  })
})

describe('the store', () => {
  test('holds no row, or an empty payload', async () => {
    const empty = checkSchema({})
    expect(
      (await seal(empty, await activeOf(empty, []))).match(checkFilter(empty, {}), () => []).length,
    ).toBe(0)
    const sealed = await seal(empty, await activeOf(empty, [{}, {}]))
    expect(sealed.payload(1)).toEqual({})
    expect([...sealed.match(checkFilter(empty, {}), () => [])]).toEqual([0, 1])
    expect(() => sealed.payload(2)).toThrow(expect.objectContaining({ code: 'unknown_row' }))
  })

  test('says so when what it holds is damaged', async () => {
    const fields = checkSchema({ year: integer() })
    const active = await activeOf(fields, [{ year: 1 }, { year: 2 }])
    const [texts, ends] = await payloadStoreSections(active)
    for (const [name, broken] of [
      ['payload', Buffer.from('{"year":1}{"year":!}')],
      ['payload', Buffer.from('{"year":1}[[[[[[[[]]')],
      ['payload.ends', new Uint8Array(Uint32Array.of(10, 0, 2, 0).buffer)],
      ['payload.ends', new Uint8Array(Uint32Array.of(10, 0, 20, 1).buffer)],
    ] as const) {
      const sections = [texts, ends].flatMap((section) => section ?? [])
      const damaged = sections.map((section) =>
        section.name === name ? { name, sizeBytes: broken.length, parts: () => [broken] } : section,
      )
      const store = await PayloadStore.open(
        await openBytes(await fileBytes({ metadata: {}, sections: damaged }), true),
        2,
      )
      expect(store.payload(0)).toEqual({ year: 1 })
      expect(() => store.payload(1)).toThrow(expect.objectContaining({ code: 'corrupt_index' }))
    }
  })

  test('is read from no page that was not checked, wherever a bit of a mapped file has flipped', async () => {
    const fields = checkSchema({ year: integer(), lang: keyword() })
    const payloads = Array.from({ length: 400 }, (_, year) => ({ year, lang: 'x'.repeat(year % 90) }))
    const sections = await payloadStoreSections(await activeOf(fields, payloads))
    const bytes = await fileBytes({ metadata: {}, sections })
    const texts = sections[0]?.sizeBytes ?? 0
    const begins = Buffer.from(bytes).indexOf('{"year":0')
    expect(texts).toBeGreaterThan(3 * 4096)
    let refused = 0
    for (let at = 0; at < texts; at += 389) {
      const damaged = Uint8Array.from(bytes)
      damaged[begins + at] = (damaged[begins + at] as number) ^ (1 << (at % 8))
      // Nobody verifies the section: that is for later, in the background.
      const store = await PayloadStore.open(await openBytes(damaged, true), payloads.length)
      const wrong = payloads.filter((payload, row) => {
        try {
          return JSON.stringify(store.payload(row)) !== JSON.stringify(payload)
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt_index' })
          refused++
          return false
        }
      })
      expect(wrong, `byte ${at}`).toEqual([])
    }
    expect(refused).toBeGreaterThan(0)
  })
})
