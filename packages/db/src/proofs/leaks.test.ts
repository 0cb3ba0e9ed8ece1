import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { proofSize, prove } from '@omen/core/testing'
import { fileStorage } from '@omen/storage-mmap'
import { describe, expect, test } from 'vitest'
import { perform, rowsOf, SubjectDatabase } from './subject-database.ts'

const CYCLES = 1000
/** After so many the process has loaded and allocated what it ever will. */
const WARM = 100

/** What a process holds of the system. */
interface Held {
  readonly descriptors: number
  /** Maps of files in the folder. */
  readonly maps: number
  readonly residentBytes: number
}

async function held(folder: string): Promise<Held> {
  globalThis.gc?.()
  await turn()
  const descriptors = (await readdir('/proc/self/fd')).length
  const maps = (await readFile('/proc/self/maps', 'utf8')).split('\n').filter((line) => line.includes(folder))
  return { descriptors, maps: maps.length, residentBytes: process.memoryUsage().rss }
}

/** One cycle of a database with segments, deletions and a log: opened, read, written, searched and closed. */
async function cycle(folder: string, mark: number): Promise<void> {
  const database = await SubjectDatabase.open(await fileStorage(folder))
  const collection = await database.collection()
  await perform(collection, {
    kind: 'upsert',
    rows: [{ id: `id-${mark % 20}`, kind: 'a', at: [mark % 7, 1] }],
  })
  const snapshot = await collection.snapshot()
  await database.work()
  await rowsOf(snapshot)
  await snapshot.close()
  await collection.search({ vector: { at: [1, 2] }, where: { kind: 'a' }, limit: 3 })
  await database.close()
}

describe.skipIf(!existsSync('/proc/self/maps'))('without /proc nothing can be counted; with it', () => {
  test('opening and closing leaks neither descriptors, nor maps, nor memory', async () => {
    const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'omen-leaks-'))
    try {
      await prove('open and close', {}, async (proof) => {
        const cycles = proofSize(CYCLES)
        for (let i = 0; i < WARM; i++) await cycle(folder, i)
        const before = await held(folder)
        for (let i = 0; i < cycles; i++) await cycle(folder, i)
        const after = await held(folder)
        const grown = Math.max(0, after.residentBytes - before.residentBytes)
        proof.shown =
          `${cycles} cycles: ${before.descriptors} descriptors, then ${after.descriptors}; ` +
          `${before.maps} maps, then ${after.maps}; ${(grown / cycles / 1024).toFixed(1)} KiB resident a cycle`
        expect(after.maps, proof.shown).toBe(0)
        expect(after.descriptors, proof.shown).toBeLessThanOrEqual(before.descriptors)
        // A leak of the smallest file, log or graph would be some KiB a cycle; garbage waits for its collection.
        expect(grown, proof.shown).toBeLessThan(64 * 2 ** 20)
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 600_000)
})
