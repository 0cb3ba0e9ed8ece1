import { Bitset, NO_ROW, randomNumbers } from '@omen/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Segment } from '../segment/segment.ts'
import { nearest, ODD_IDS, type TestRow } from './segment-rows.ts'

/** A segment to be tried out, and what it must hold. */
export interface SegmentSubject {
  readonly segment: Segment
  /** Row i of the segment. */
  readonly rows: readonly TestRow[]
  /** The sequence of the record that wrote row i. */
  readonly versions: readonly number[]
}

/** Says of any segment whether it keeps what `Segment` promises. */
export function testSegment(name: string, make: () => Promise<SegmentSubject>): void {
  describe(name, () => {
    let subject: SegmentSubject
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(() => subject.segment.release())

    test('gives back ids, versions, expiry, payload and vectors, bit for bit', () => {
      const { segment, rows, versions } = subject
      expect(segment.rows).toBe(rows.length)
      for (const [i, row] of rows.entries()) {
        expect(segment.idOf(i)).toBe(row.id)
        expect(segment.versionOf(i)).toBe(versions[i])
        expect(segment.expiresAt(i)).toBe(row.$expiresAt ?? Infinity)
        expect(segment.payload.payload(i)).toEqual({ lang: row.lang, year: row.year })
        expect(segment.vector('embedding', i)).toEqual(row.embedding)
        expect(segment.vector('image', i)).toEqual(row.image)
      }
    })

    test('gives of several rows what it gives of each', () => {
      const { segment, rows } = subject
      const usual = Uint32Array.from({ length: rows.length - 30 }, (_, i) => rows.length - 1 - i)
      for (const asked of [usual, usual.subarray(0, 10), Uint32Array.from(rows.keys()), new Uint32Array()]) {
        const each = Array.from(asked, (row) => rows[row] as TestRow)
        // The second time, pages of stored payload were read before.
        for (const _ of [1, 2]) {
          expect(segment.idsOf(asked)).toEqual(each.map(({ id }) => id))
          expect(segment.payload.payloads(asked)).toEqual(each.map(({ lang, year }) => ({ lang, year })))
        }
      }
      expect(() => segment.idsOf(Uint32Array.of(0, segment.rows))).toThrow(/never given out/)
      expect(() => segment.payload.payloads(Uint32Array.of(0, segment.rows))).toThrow(/there is no row/)
    })

    test('finds rows by their ids, however odd, and no others', () => {
      const { segment, rows } = subject
      for (const [i, { id }] of rows.entries()) {
        expect(segment.findRow(id), JSON.stringify(id.slice(0, 20))).toBe(i)
        expect([...segment.rowsOf(id)]).toEqual([i])
      }
      for (const id of ['', 'row', 'row -1', `${ODD_IDS[15]}x`, 'prototype', 'hasOwnProperty', 'É']) {
        expect(segment.findRow(id)).toBe(NO_ROW)
        expect([...segment.rowsOf(id)]).toEqual([])
      }
      const some = Bitset.fromRows([2, 5], rows.length)
      expect(segment.findRow(rows[5]?.id ?? '', some)).toBe(5)
      expect(segment.findRow(rows[3]?.id ?? '', some)).toBe(NO_ROW)
    })

    test('knows which rows have expired', () => {
      const { segment, rows } = subject
      const now = 1_000_000 + rows.length / 2
      const gone = rows.flatMap((row, i) => ((row.$expiresAt ?? Infinity) <= now ? [i] : []))
      expect([...(segment.expired(now) ?? [])]).toEqual(gone)
    })

    test.each(['embedding', 'image'] as const)('searching a stored %s gives its row first', async (field) => {
      const { segment, rows } = subject
      for (let i = 0; i < rows.length; i += 97) {
        const query = rows[i]?.[field]
        if (!query) continue
        const hits = await segment.search(field, query, { k: 3 })
        const expected = nearest(rows, field, query)
        expect(hits.rows[0]).toBe(expected[0]?.row)
        expect(hits.distances[0]).toBeCloseTo(0, 5)
      }
    })

    test.each(['embedding', 'image'] as const)(
      'finds the nearest by %s, with exact distances',
      async (field) => {
        const { segment, rows } = subject
        let [found, wanted] = [0, 0]
        for (const query of queriesFor(rows, field)) {
          const hits = await segment.search(field, query, { k: 10 })
          const truth = nearest(rows, field, query)
          const distances = new Map(truth.map(({ row, distance }) => [row, distance]))
          expect(hits.rows).toHaveLength(Math.min(10, truth.length))
          expectSorted(hits)
          for (const [i, row] of hits.rows.entries()) {
            expect(Math.abs((hits.distances[i] ?? NaN) - (distances.get(row) ?? NaN))).toBeLessThanOrEqual(
              tolerance(field),
            )
          }
          const limit = (truth[9]?.distance ?? Infinity) + tolerance(field)
          found += hits.distances.filter((distance) => distance <= limit).length
          wanted += Math.min(10, truth.length)
        }
        expect(found / wanted).toBeGreaterThanOrEqual(0.95)
      },
    )

    test('a filter gives its rows alone, and as many as there are', async () => {
      const { segment, rows } = subject
      const random = randomNumbers(5)
      for (const share of [0.5, 0.1, 0.01, 0.002, 0]) {
        const accept = Bitset.fromRows(
          rows.flatMap((_, i) => (random() < share ? [i] : [])),
          rows.length,
        )
        for (const field of ['embedding', 'image'] as const) {
          for (const query of queriesFor(rows, field).slice(0, 4)) {
            const truth = nearest(rows, field, query, accept)
            const hits = await segment.search(field, query, { k: 10, accept })
            expect(hits.rows, `share ${share}`).toHaveLength(Math.min(10, truth.length))
            expect([...hits.rows].every((row) => accept.has(row))).toBe(true)
            expectSorted(hits)
          }
        }
      }
    })

    test('k beyond all rows gives all rows that have the vector, in exact order', async () => {
      const { segment, rows } = subject
      const query = queriesFor(rows, 'image')[0] as Float32Array
      const hits = await segment.search('image', query, { k: rows.length + 5 })
      expect([...hits.rows]).toEqual(nearest(rows, 'image', query).map(({ row }) => row))
    })

    test('a radius gives what lies within', async () => {
      const { segment, rows } = subject
      for (const query of queriesFor(rows, 'image').slice(0, 5)) {
        const truth = nearest(rows, 'image', query)
        for (const place of [0, 5, 80, 300]) {
          const radius = truth[Math.min(place, truth.length - 1)]?.distance ?? 0
          const within = truth.filter(({ distance }) => distance <= radius)
          const hits = await segment.search('image', query, { k: rows.length, radius })
          const recall = hits.rows.length / within.length
          expect(recall).toBeGreaterThan(0.97)
          expect([...hits.distances].every((distance) => distance <= radius)).toBe(true)
        }
        const none = await segment.search('image', query, { k: 3, radius: -1 })
        expect(none.rows).toHaveLength(0)
      }
    })

    test('a batch gives what single searches give', async () => {
      const { segment, rows } = subject
      for (const field of ['embedding', 'image'] as const) {
        const queries = queriesFor(rows, field).slice(0, 6)
        const block = Float32Array.from(queries.flatMap((query) => [...query]))
        for (const radius of [undefined, nearest(rows, field, queries[0] as Float32Array)[30]?.distance]) {
          const many = await segment.searchMany(field, block, { k: 5, radius })
          expect(many).toHaveLength(queries.length)
          for (const [i, query] of queries.entries()) {
            const { rows: single, distances } = await segment.search(field, query, { k: 5, radius })
            expect(many[i]?.rows).toEqual(single)
            expect(many[i]?.distances).toEqual(distances)
          }
        }
      }
    })

    test('a snapshot of fewer rows finds none of the later ones', async () => {
      const { segment, rows } = subject
      const known = Math.floor(rows.length / 3)
      for (const query of queriesFor(rows, 'embedding').slice(0, 5)) {
        const hits = await segment.search('embedding', query, { k: 10, rows: known })
        expect(hits.rows).toHaveLength(10)
        expect([...hits.rows].every((row) => row < known)).toBe(true)
      }
    })

    test('refuses what it cannot search for', async () => {
      const { segment } = subject
      const query = new Float32Array(24).fill(1)
      await expect(segment.search('nope', query, { k: 1 })).rejects.toMatchObject({ code: 'unknown_field' })
      await expect(segment.search('image', query, { k: 1 })).rejects.toMatchObject({
        code: 'dimension_mismatch',
      })
      await expect(segment.search('embedding', query, { k: 0 })).rejects.toMatchObject({
        code: 'invalid_argument',
      })
      await expect(
        segment.search(
          'embedding',
          query.map(() => 0),
          { k: 1 },
        ),
      ).rejects.toMatchObject({
        code: 'zero_vector',
      })
      await expect(
        segment.search(
          'embedding',
          query.map(() => NaN),
          { k: 1 },
        ),
      ).rejects.toMatchObject({
        code: 'not_finite',
      })
      await expect(
        segment.search('embedding', query, { k: 1, signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ code: 'aborted' })
      expect(() => segment.idOf(segment.rows)).toThrow(/never given out/)
      expect(() => segment.vector('nope', 0)).toThrow(/vector field/)
    })

    test('every byte is in one part of its size', () => {
      const { rows, bytes } = subject.segment.stats()
      const { total, ...parts } = bytes
      expect(Object.values(parts).reduce((sum, each) => sum + each, 0)).toBe(total)
      expect(bytes.vectors).toBeGreaterThanOrEqual(rows * 24 * 4)
    })
  })
}

/** Queries between the stored vectors. */
function queriesFor(rows: readonly TestRow[], field: 'embedding' | 'image'): Float32Array[] {
  const vectors = rows.flatMap((row) => row[field] ?? [])
  const random = randomNumbers(17)
  return Array.from({ length: 30 }, () => {
    const [a, b] = [
      vectors[Math.floor(random() * vectors.length)],
      vectors[Math.floor(random() * vectors.length)],
    ]
    return Float32Array.from(a ?? [], (x, i) => {
      const between = 0.8 * x + 0.2 * (b?.[i] ?? 0)
      // Distances of whole numbers are exact.
      return field === 'image' ? Math.round(between) : between
    })
  })
}

const tolerance = (field: 'embedding' | 'image'): number => (field === 'embedding' ? 1e-5 : 0)

function expectSorted({ rows, distances }: { rows: Uint32Array; distances: Float32Array }): void {
  for (let i = 1; i < rows.length; i++) {
    const [before, after] = [distances[i - 1] ?? NaN, distances[i] ?? NaN]
    expect(before < after || (before === after && (rows[i - 1] ?? 0) < (rows[i] ?? 0))).toBe(true)
  }
}
