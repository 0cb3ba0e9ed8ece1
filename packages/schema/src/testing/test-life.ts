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

/** What `Database` does beside reading and writing, and how calls and it itself end. */
export function testLife(subject: DatabaseSubject): void {
  const test = testsOf(subject)
  const { exceptions = {} } = subject
  testMoments(subject)

  describe('a database', () => {
    test('says what there is, and what it takes', async (db) => {
      const rows = await linedUp(db, 20)
      await rows.delete({ ids: ['r1'] })
      const stats = await rows.stats()
      expect(stats).toMatchObject({ name: 'rows', rows: 19, deleted: 1 })
      expect(stats.segments[0]).toMatchObject({
        state: 'active',
        rows: 19,
        fields: { near: { vectors: 20 } },
      })
      expect(stats.bytes.total).toBeGreaterThan(0)
      const all = await db.stats()
      expect(all.collections).toEqual([stats])
      expect(all.log.lastVersion).toBeGreaterThan(0)
      expect(all.troubles).toEqual([])
      expect(await db.verify()).toEqual({ problems: [], rows: 19 })
    })

    test('takes its rows to disk without those that were deleted', async (db) => {
      const rows = await linedUp(db, 300)
      await rows.delete({ where: { lang: 'de' } })
      const progress: { done: number; total: number }[] = []
      await rows.optimize({ onProgress: (each) => progress.push(each) })
      const { segments, deleted } = await rows.stats()
      expect(deleted).toBe(0)
      expect(segments.filter(({ rows: count }) => count > 0)).toMatchObject([{ state: 'sealed', rows: 150 }])
      for (const { done, total } of progress) expect(done).toBeLessThanOrEqual(total)
      expect(idsOf((await rows.search({ vector: { near: [9, 0, 0] }, limit: 2 })).hits).sort()).toEqual([
        'r10',
        'r8',
      ])
      await expectRefusal(() => rows.optimize({ progress: true } as never), 'invalid_argument')
    })

    test('ends calls that are given up', async (db) => {
      const rows = await linedUp(db, 10)
      const signal = AbortSignal.abort(new Error('enough'))
      const near = Float32Array.of(0, 0, 0)
      const calls = [
        () => rows.upsert(lineOf(1, 50), { signal }),
        () => rows.search({ vector: { near }, signal }),
        () => rows.searchMany({ vector: { near: [near] }, signal }),
        () => collected(rows.scan({ signal })),
        () => collected(rows.watch({ signal })),
        () => rows.optimize({ signal }),
        () => rows.measureRecall({ field: 'near', signal }),
      ]
      for (const call of calls) await expectRefusal(call, 'aborted')
      await expectRefusal(() => rows.search({ vector: { near }, timeoutMs: 0 }), 'invalid_argument')
      await expectRefusal(() => rows.upsert(lineOf(1), { signal: 5 as never }), 'invalid_argument')
      expect(await rows.count()).toBe(10)
    })

    test('is closed once', async (db) => {
      const rows = await linedUp(db, 3)
      const snapshot = await rows.snapshot()
      await db.close()
      await db.close()
      const calls = [
        () => rows.count(),
        () => rows.get('r0'),
        () => rows.upsert(lineOf(1)),
        () => collected(rows.scan()),
        () => collected(rows.watch()),
        () => rows.snapshot(),
        () => db.collection('rows', FIELDS),
        () => db.collection('rows'),
        () => db.collections(),
        () => db.stats(),
        () => db.drop('rows'),
      ]
      for (const call of calls) await expectRefusal(call, 'closed')
      await snapshot.close().catch(() => undefined)
    })

    const elsewhere = exceptions['backup into any directory']
    if (elsewhere === undefined) {
      test('is backed up into a directory that has a name', async (db) => {
        await linedUp(db, 3)
        await expectRefusal(() => db.backup(''), 'invalid_argument')
      })
    }
  })
}

/** Snapshots and watches. */
function testMoments(subject: DatabaseSubject): void {
  const test = testsOf(subject)
  const { exceptions = {} } = subject

  describe('a snapshot', () => {
    test('shows the rows as they were, whatever is written', async (db) => {
      const rows = await linedUp(db, 5)
      const { version } = await rows.upsert(lineOf(1, 5))
      const snapshot = await rows.snapshot()
      expect(snapshot).toMatchObject({ name: 'rows', sequence: version, schema: FIELDS })
      await rows.delete({ ids: ['r0', 'r1'] })
      await rows.update([{ id: 'r2', title: 'Other' }])
      const near = Float32Array.of(0, 0, 0)
      expect(await snapshot.count()).toBe(6)
      expect(await snapshot.count({ lang: 'en' })).toBe(3)
      expect(await snapshot.get(['r0', 'r2', 'nobody'])).toMatchObject([
        { id: 'r0' },
        { title: 'Row 2' },
        undefined,
      ])
      expect(await snapshot.has('r1')).toBe(true)
      expect(await snapshot.version('r5')).toBe(version)
      expect(idsOf((await snapshot.search({ vector: { near }, limit: 2 })).hits)).toEqual(['r0', 'r1'])
      expect(
        idsOf((await snapshot.search({ vector: { near }, limit: 1, where: { year: 2001 } })).hits),
      ).toEqual(['r1'])
      expect((await snapshot.searchMany({ vector: { near: [near] } }))[0]?.hits).toHaveLength(6)
      expect(await snapshot.measureRecall({ field: 'near', k: 2, samples: 3 })).toMatchObject({ recall: 1 })
      expect(await collected(snapshot.scan())).toHaveLength(6)
      expect(await rows.count()).toBe(4)
      await snapshot.close()
      await snapshot.close()
      await expectRefusal(() => snapshot.count(), 'closed')
      await expectRefusal(() => collected(snapshot.scan()), 'closed')
    })

    test('ends with its block', async (db) => {
      const rows = await linedUp(db, 1)
      let kept: Awaited<ReturnType<typeof rows.snapshot>> | undefined
      {
        await using snapshot = await rows.snapshot()
        kept = snapshot
        expect(await snapshot.count()).toBe(1)
      }
      await expectRefusal(() => (kept as NonNullable<typeof kept>).count(), 'closed')
    })
  })

  describe('a watch', () => {
    test('tells every change, whole and in order', async (db) => {
      const rows = await db.collection('rows', FIELDS)
      const since = new Date(5)
      const { version } = await rows.upsert(lineOf(2))
      const written = await rows.upsert([{ ...lineOf(1, 2)[0], since } as never])
      const replaced = await rows.replace({ where: { year: 2000 }, rows: lineOf(1, 7) })
      const deleted = await rows.delete({ ids: ['r1', 'nobody'] })
      const changes: unknown[] = []
      for await (const change of rows.watch({ after: version, select: ['year', 'since', 'near'] })) {
        changes.push(change)
        if (changes.length === 3) break
      }
      const [two, seven] = [Float32Array.of(2, 0, 0), Float32Array.of(7, 0, 0)]
      expect(changes).toEqual([
        { version: written.version, deleted: [], written: [{ id: 'r2', year: 2002, since, near: two }] },
        { version: replaced.version, deleted: ['r0'], written: [{ id: 'r7', year: 2007, near: seven }] },
        { version: deleted.version, deleted: ['r1', 'nobody'], written: [] },
      ])
    })

    test('waits for changes that are yet to come', async (db) => {
      const rows = await linedUp(db, 1)
      const { lastVersion } = (await db.stats()).log
      const after = exceptions['watch from now on'] === undefined ? {} : { after: lastVersion }
      const watch = rows.watch(after)
      const first = watch.next()
      const { version } = await rows.upsert(lineOf(1, 1))
      expect(await first).toMatchObject({ value: { version, written: [{ id: 'r1', title: 'Row 1' }] } })
      const second = watch.next()
      await rows.delete({ ids: ['r1'] })
      expect(await second).toMatchObject({ value: { deleted: ['r1'] } })
      await watch.return()
    })

    test('ends when it is given up, when the collection goes, and when it is wrong', async (db) => {
      const rows = await linedUp(db, 1)
      const { lastVersion } = (await db.stats()).log
      const stop = new AbortController()
      const { signal } = stop
      const watched = expectRefusal(() => collected(rows.watch({ after: lastVersion, signal })), 'aborted')
      stop.abort()
      await watched
      await expectRefusal(() => collected(rows.watch({ after: lastVersion + 100 })), 'invalid_argument')
      await expectRefusal(
        () => collected(rows.watch({ after: lastVersion, select: ['titel' as never] })),
        'unknown_field',
      )
      await expectRefusal(() => collected(rows.watch({ from: 1 } as never)), 'invalid_argument')
      const last = expectRefusal(() => collected(rows.watch({ after: lastVersion })), 'not_found')
      await db.drop('rows')
      await last
    })
  })
}
