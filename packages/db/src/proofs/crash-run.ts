import { createHash } from 'node:crypto'
import type { StorageBackend } from '@omen/core'
import { randomNumbers } from '@omen/core/testing'
import { Crashes, type Disk, SimulatedDisk, storageOn } from '@omen/storage-mmap/testing'
import { after, Choices, type Model, type Op, textOf } from './subject.ts'
import {
  expectRows,
  expectSearch,
  type Opening,
  perform,
  rowsOf,
  SubjectDatabase,
} from './subject-database.ts'

/** A folder of files. */
type Files = ReadonlyMap<string, Uint8Array>

export const IDS = 14

/** What a workload had asked for and been told at a moment of a disk's history. */
interface Moment {
  /** Operations that the disk had done. */
  readonly operations: number
  /** Changes that were submitted: the database may have them. */
  readonly submitted: number
  /** Changes that must survive: acknowledged as synced, or followed by one that was. */
  readonly synced: number
}

/** A workload that ran, and all that its disk did. */
interface Recording {
  readonly disk: SimulatedDisk
  readonly moments: readonly Moment[]
  /** The rows after each change, as texts: the first is before the collection was created. */
  readonly states: readonly string[]
}

/** How a database is run on a simulated disk. */
export interface Planted extends Opening {
  /** Stands between the database and the disk: where bugs are planted. */
  readonly wrapDisk?: (disk: Disk) => Disk
  /** Stands between the engine and its storage. */
  readonly wrapStorage?: (storage: StorageBackend) => StorageBackend
}

const NOT_CREATED = 'not created'

export function storageFor(disk: SimulatedDisk, { wrapDisk, wrapStorage }: Planted): StorageBackend {
  const storage = storageOn(wrapDisk ? wrapDisk(disk) : disk)
  return wrapStorage ? wrapStorage(storage) : storage
}

/** Runs a workload: batches of writes side by side, background work among them, now and then closing and opening again. */
export async function record(random: () => number, steps: number, planted: Planted = {}): Promise<Recording> {
  const disk = new SimulatedDisk()
  const run = new RecordedRun(disk)
  let database = await SubjectDatabase.open(storageFor(disk, planted), planted)
  const choices = new Choices(random, IDS)
  await run.write('synced', () => database.collection(), new Map())
  for (let step = 1; step <= steps; step++) {
    const collection = await database.collection()
    const work = choices.below(4) === 0 ? database.work() : undefined
    await run.burst(collection, choices, step)
    await work
    if (choices.below(6) === 0) await database.work()
    if (choices.below(12) === 0) {
      await database.close()
      run.allSynced()
      database = await SubjectDatabase.open(storageFor(disk, planted), planted)
    }
  }
  await database.close()
  run.allSynced()
  return { disk, moments: run.moments, states: run.states }
}

class RecordedRun {
  readonly moments: Moment[] = []
  readonly states: string[] = [NOT_CREATED]
  readonly #disk: SimulatedDisk
  #model: Model = new Map()
  #submitted = 0
  #synced = 0
  #acknowledged = 0

  constructor(disk: SimulatedDisk) {
    this.#disk = disk
    this.#note()
  }

  #note(): void {
    const operations = this.#disk.operations.length
    this.moments.push({ operations, submitted: this.#submitted, synced: this.#synced })
  }

  allSynced(): void {
    this.#synced = this.#acknowledged
    this.#note()
  }

  /** Submits a change, and notes when it is acknowledged. */
  async write(durability: 'synced' | 'buffered', write: () => Promise<unknown>, model: Model): Promise<void> {
    this.#model = model
    this.states.push(textOf(model.values()))
    const own = ++this.#submitted
    this.#note()
    await write()
    this.#acknowledged = Math.max(this.#acknowledged, own)
    if (durability === 'synced') this.#synced = Math.max(this.#synced, own)
    this.#note()
  }

  /** Several upserts side by side, or one change of any kind. */
  async burst(collection: Parameters<typeof perform>[0], choices: Choices, step: number): Promise<void> {
    const ops: Op[] =
      choices.below(3) === 0
        ? Array.from({ length: 1 + choices.below(4) }, (_, i) => ({
            kind: 'upsert',
            rows: choices.rows(1 + choices.below(3), step * 10 + i),
          }))
        : [choices.op(step * 10)]
    const durability = choices.below(8) === 0 ? 'buffered' : 'synced'
    await Promise.all(
      ops.map((op) =>
        this.write(durability, () => perform(collection, op, { durability }), after(this.#model, op)),
      ),
    )
  }
}

/** What was tried, and how much of it was different. */
interface CrashFigures {
  states: number
  distinct: number
}

/**
 * Cuts the power at every point of a recording, several ways each, opens what that leaves and checks it. The same folder is
 * opened once, and what it gave is compared with what every one of its moments asks for.
 */
export async function crashEverywhere(
  { disk, moments, states }: Recording,
  random: () => number,
  perPoint: number,
  figures: CrashFigures,
  planted: Planted = {},
): Promise<void> {
  const crashes = new Crashes(disk)
  const opened = new Map<string, Promise<string>>()
  const checking: Promise<void>[] = []
  let moment = 0
  for (let point = 0; point <= disk.operations.length; point++) {
    crashes.advance(point)
    while ((moments[moment + 1]?.operations ?? Infinity) <= point) moment++
    const { submitted, synced } = moments[moment] as Moment
    for (let draw = 0; draw < perPoint; draw++) {
      const files = crashes.state(random)
      const key = keyOf(files)
      const known = opened.get(key)
      const rows = known ?? recovered(files, randomNumbers(figures.distinct), planted)
      figures.states++
      if (!known) figures.distinct++
      opened.set(key, rows)
      checking.push(
        rows.then(
          (found) => expectBetween(states, synced, submitted, found),
          (error: unknown) => {
            throw new Error(`it does not open: ${String(error)}`, { cause: error })
          },
        ),
      )
      // What waits for a turn of the event loop gives way to another.
      if (checking.length < AT_ONCE) continue
      await settle(checking.splice(0), `power cut after operation ${point} of ${disk.operations.length}`)
    }
  }
  await settle(checking, 'power cut at the end')
}

/** Folders that are opened side by side. */
const AT_ONCE = 8

async function settle(checking: readonly Promise<void>[], where: string): Promise<void> {
  const failed = (await Promise.allSettled(checking)).find((each) => each.status === 'rejected')
  if (failed)
    throw new Error(`${where}, or shortly before: ${String(failed.reason)}`, { cause: failed.reason })
}

function expectBetween(states: readonly string[], synced: number, submitted: number, found: string): void {
  if (states.slice(synced, submitted + 1).includes(found)) return
  const exact = states.indexOf(found)
  throw new Error(
    `${synced} changes were synced, ${submitted} submitted, and ` +
      (exact < 0 ? `the rows are those after none of them:\n${found}` : `${exact} are there`),
  )
}

/** What recoveries were cut short, and how often. */
interface RecoveryFigures {
  recoveries: number
  cuts: number
  distinct: number
}

/**
 * Cuts the power at every point of a recording, once, and then again after every operation of the opening that follows. What
 * the second cut leaves is opened in its turn: before the first opening had ended the rows are any that may be there; with
 * its end they are those that it shows.
 */
export async function cutRecoveries(
  { disk, moments, states }: Recording,
  random: () => number,
  figures: RecoveryFigures,
  planted: Planted = {},
): Promise<void> {
  const crashes = new Crashes(disk)
  const known = new Set<string>()
  const rows = new Map<string, string>()
  let moment = 0
  for (let point = 0; point <= disk.operations.length; point++) {
    crashes.advance(point)
    while ((moments[moment + 1]?.operations ?? Infinity) <= point) moment++
    const files = crashes.state(random)
    const key = keyOf(files)
    if (known.has(key)) continue
    known.add(key)
    figures.recoveries++
    const { submitted, synced } = moments[moment] as Moment
    const expect = (found: string): void => expectBetween(states, synced, submitted, found)
    await cutRecovery(files, rows, { expect, random, figures, planted }).catch((error: unknown) => {
      const where = `power cut after operation ${point} of ${disk.operations.length}, and while it was opened`
      throw new Error(`${where}: ${String(error)}`, { cause: error })
    })
  }
}

interface CutRecovery {
  /** Throws for rows that may not be there. */
  readonly expect: (found: string) => void
  readonly random: () => number
  readonly figures: RecoveryFigures
  readonly planted: Planted
}

/** @param rows those of folders that were opened before */
async function cutRecovery(files: Files, rows: Map<string, string>, cut: CutRecovery): Promise<void> {
  const { expect, figures, planted } = cut
  const disk = new SimulatedDisk(files)
  let opened = 0
  const shown = await rowsIn(disk, randomNumbers(1), planted, () => {
    opened = disk.operations.length
  })
  expect(shown)
  const crashes = new Crashes(disk)
  for (let point = 0; point <= opened + 1 && point <= disk.operations.length; point++) {
    crashes.advance(point)
    const left = crashes.state(cut.random)
    const key = keyOf(left)
    const found = rows.get(key) ?? (await rowsIn(new SimulatedDisk(left), randomNumbers(2), planted))
    rows.set(key, found)
    figures.cuts++
    figures.distinct = rows.size
    expect(found)
    if (point >= opened && found !== shown) throw new Error(`it showed\n${shown}\nand now it has\n${found}`)
  }
}

/** Opens a folder that a power cut left, twice, and gives its rows: both times the same, whatever way they are asked for. */
async function recovered(files: Files, random: () => number, planted: Planted = {}): Promise<string> {
  const disk = new SimulatedDisk(files)
  const first = await rowsIn(disk, random, planted)
  const second = await rowsIn(new SimulatedDisk(disk.contents()), random, planted)
  if (first !== second) throw new Error(`opened once it has\n${first}\nand opened again\n${second}`)
  return first
}

async function rowsIn(
  disk: SimulatedDisk,
  random: () => number,
  planted: Planted,
  opened: () => void = () => undefined,
): Promise<string> {
  const database = await SubjectDatabase.open(storageFor(disk, planted), planted)
  opened()
  try {
    if (!(await database.created())) return NOT_CREATED
    const collection = await database.collection()
    const rows = await rowsOf(collection)
    const model = new Map(rows.map((row) => [row.id, row]))
    await expectRows(collection, model, IDS)
    const choices = new Choices(random, IDS)
    const where = choices.where(choices.below(400))
    await expectSearch(collection, rows, where, choices.query(), 1 + choices.below(6))
    return textOf(rows)
  } finally {
    await database.close()
  }
}

const hashes = new WeakMap<Uint8Array, string>()

/** Names and bytes of a folder in short. */
export function keyOf(files: Files): string {
  const lines = [...files].map(([name, bytes]) => {
    const known = hashes.get(bytes)
    const hash = known ?? createHash('sha1').update(bytes).digest('base64')
    if (known === undefined) hashes.set(bytes, hash)
    return `${name} ${hash}`
  })
  return lines.sort().join('\n')
}
