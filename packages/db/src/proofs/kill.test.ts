import { access, constants, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { fileStorage } from '@omen/storage-mmap'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { POINTS, type Point } from '../engine/points.ts'
import { bundleChild } from './child-bundle.ts'
import { type Ending, IDS, KilledDatabase } from './kill-run.ts'
import { expectRows, rowsOf, SubjectDatabase } from './subject-database.ts'

const KILLS = 500
/** Processes that one folder sees: then another begins from nothing. */
const KILLS_PER_FOLDER = 20
const LANES = 2

let folder = ''
let script = ''

beforeAll(async () => {
  folder = await mkdtemp(join(await place(), 'omen-kill-'))
  script = await bundleChild(folder, 'kill-child')
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('no kill loses what was acknowledged, or shows what was not asked for', async () => {
  await prove('kill -9', { seed: 4711 }, async (proof) => {
    const wanted = proofSize(KILLS)
    const hit = new Set<Point>()
    const missing = (): Point[] => POINTS.filter((point) => !hit.has(point))
    let [kills, runs] = [0, 0]
    const done = (): boolean =>
      kills >= wanted && (missing().length === 0 || runs >= 2 * wanted || wanted < KILLS)
    const lane = async (number: number): Promise<void> => {
      const random = randomNumbers(proof.seed + number)
      for (let database = 0; !done(); database++) {
        const killed = new KilledDatabase(join(folder, `${number}-${database}`), script, random)
        for (let i = 0; i < KILLS_PER_FOLDER && !done(); i++) {
          const ending = endingOf(random, i === 0, missing())
          runs++
          if (!(await killed.run(ending))) continue
          kills++
          if ('point' in ending) hit.add(ending.point)
          proof.shown = `${kills} kills in ${runs} processes, at ${hit.size} of ${POINTS.length} points and at random moments`
        }
        await expectWhole(killed)
        await rm(killed.folder, { recursive: true, force: true })
      }
    }
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)))
    if (wanted >= KILLS) expect(missing()).toEqual([])
  })
}, 900_000)

/** Memory, where it can be had as a folder: what a process wrote survives it there as on a disk, and no sync takes time. */
function place(): Promise<string> {
  return access('/dev/shm', constants.W_OK).then(() => '/dev/shm', tmpdir)
}

/** A point, those first where nobody died yet, or a moment at random. */
function endingOf(random: () => number, fresh: boolean, missing: readonly Point[]): Ending {
  if (random() < 0.3) return { acknowledged: Math.floor(random() * 25) }
  const fits = (point: Point): boolean => point.startsWith('create:') === fresh
  const wanted = missing.filter(fits)
  const points = wanted.length > 0 ? wanted : POINTS.filter(fits)
  const point = points[Math.floor(random() * points.length)] ?? 'write:appended'
  return { point, passes: random() < 0.7 ? 0 : Math.floor(random() * 4) }
}

/** The last look: by every way of asking, with mapped files. */
async function expectWhole(killed: KilledDatabase): Promise<void> {
  const database = await SubjectDatabase.open(await fileStorage(killed.folder))
  const collection = await database.collection()
  const rows = await rowsOf(collection)
  await expectRows(collection, killed.found(JSON.stringify(rows)), IDS)
  await database.close()
}
