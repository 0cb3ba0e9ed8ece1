import { Bitset, MemoryStorage, OmenError, type StorageBackend } from '@omen/core'
import { openSectionRegion } from '@omen/core/file'
import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { vector } from '@omen/schema'
import { checkSchema } from '@omen/schema/check'
import { SimulatedDisk, storageOn } from '@omen/storage-mmap/testing'
import { expect, test } from 'vitest'
import { rowBlock } from '../rows/row-block.ts'
import { ActiveSegment } from '../segment/active-segment.ts'
import { mergeNothing } from '../segment/merge-policy.ts'
import { openSegment } from '../segment/open-segment.ts'
import { seal } from '../segment/seal.ts'
import type { SegmentFiles } from '../segment/segment-files.ts'
import { after, Choices, type Model, textOf } from './subject.ts'
import {
  expectRows,
  expectSearch,
  type Opening,
  perform,
  rowsOf,
  SubjectDatabase,
} from './subject-database.ts'

type Files = ReadonlyMap<string, Uint8Array>
type Reads = 'mapped' | 'plain'
type Harm = 'flip' | 'truncate'

const IDS = 60
/** Trials that wait for each other's turns of the event loop. */
const AT_ONCE = 8
/** So few rows have no graph: those of graphs are damaged by themselves, below. */
const OPENING: Opening = { limits: { sealRows: 16, chooseMerge: mergeNothing } }

/** A small database with every kind of file, and its rows after each change. */
async function smallDatabase(random: () => number): Promise<{ files: Files; models: Model[] }> {
  const disk = new SimulatedDisk()
  const database = await SubjectDatabase.open(storageOn(disk), OPENING)
  const collection = await database.collection()
  const choices = new Choices(random, IDS)
  const models: Model[] = [new Map()]
  const change = async (op: Parameters<typeof perform>[1]): Promise<void> => {
    await perform(collection, op)
    models.push(after(models.at(-1) ?? new Map(), op))
  }
  for (let mark = 1; mark <= 4; mark++) await change({ kind: 'upsert', rows: choices.rows(4, mark) })
  await database.work()
  // Deletions of sealed rows get a file of their own with the next checkpoint, which sealing more rows brings.
  await change({ kind: 'delete', ids: [choices.id()] })
  for (let mark = 13; mark <= 15; mark++) await change({ kind: 'upsert', rows: choices.rows(4, mark) })
  await database.work()
  await change({ kind: 'upsert', rows: choices.rows(1, 19) })
  await change({ kind: 'delete', ids: [choices.id()] })
  await database.close()
  return { files: disk.contents(), models }
}

async function storageOf(files: Files, reads: Reads): Promise<StorageBackend> {
  if (reads === 'plain') return storageOn(new SimulatedDisk(files))
  const storage = new MemoryStorage()
  for (const [name, bytes] of files) if (!name.startsWith('.')) await storage.writeOnce(name, [bytes])
  return storage
}

/** Where the vectors of each file lie: bytes that a search reads before they were checked. */
async function vectorsOf(files: Files): Promise<(name: string, at: number) => boolean> {
  const storage = await storageOf(files, 'mapped')
  const ranges = new Map<string, readonly (readonly [from: number, to: number])[]>()
  for (const name of [...files.keys()].filter((each) => each.endsWith('.rows'))) {
    const image = await openSectionRegion(await storage.read(name), name)
    const mapped = [...image.sections].filter(([section]) => section.startsWith('vectors.'))
    // What follows a section up to the next one lies under its checksum, too.
    const found = mapped.map(([, { mapped: bytes = new Uint8Array() }]) => {
      const from = bytes.byteOffset
      return [from, from + Math.ceil(bytes.length / 64) * 64] as const
    })
    ranges.set(name, found)
    await image.close()
  }
  return (name, at) => (ranges.get(name) ?? []).some(([from, to]) => at >= from && at < to)
}

function harmed(files: Files, name: string, harm: Harm, at: number, random: () => number): Files {
  const whole = files.get(name) ?? new Uint8Array(0)
  const bytes = harm === 'truncate' ? whole.slice(0, at) : whole.slice()
  if (harm === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  return new Map(files).set(name, bytes)
}

/**
 * Opens it and asks for everything.
 *
 * @param waits whether for the check of what is mapped, which is under way when the database is open
 * @returns the code of the error, where there is one; else the rows
 */
async function askEverything(
  storage: StorageBackend,
  random: () => number,
  waits: boolean,
): Promise<{ error: string } | { rows: string }> {
  let database: SubjectDatabase | undefined
  try {
    database = await SubjectDatabase.open(storage, OPENING)
    for (const { sealed } of database.engine.parts.catalog.all.flatMap((each) => each.sealed)) {
      if (waits) await sealed.verified.catch(() => undefined)
    }
    const collection = await database.collection()
    const rows = await rowsOf(collection)
    await expectRows(collection, new Map(rows.map((row) => [row.id, row])), IDS)
    const choices = new Choices(random, IDS)
    await expectSearch(collection, rows, undefined, choices.query(), 4)
    await expectSearch(collection, rows, choices.where(20), choices.query(), 4)
    return { rows: textOf(rows) }
  } catch (error) {
    if (error instanceof OmenError) return { error: error.code }
    throw error
  } finally {
    await database?.close()
  }
}

test('a flipped bit or a lost end, anywhere, is an error or the right answer', async () => {
  await prove('damage at every byte', { seed: 5 }, async (proof) => {
    const random = randomNumbers(proof.seed)
    const { files, models } = await smallDatabase(random)
    const right = textOf(models.at(-1)?.values() ?? [])
    const earlier = new Set(models.map((model) => textOf(model.values())))
    const kinds = [...files.keys()].map((name) => name.replaceAll(/\d+/g, ''))
    expect(new Set(kinds)).toEqual(
      new Set(['CURRENT', 'MANIFEST-', 'log-', 's.rows', 's.payload', 's.deleted-']),
    )
    const lastLog = [...files.keys()]
      .filter((name) => name.startsWith('log-'))
      .sort()
      .at(-1)
    const isVector = await vectorsOf(files)
    const tried = { flips: 0, cuts: 0, errors: 0 }
    const trial = async (name: string, at: number, harm: Harm, reads: Reads): Promise<void> => {
      const own = randomNumbers(at + 1)
      const storage = await storageOf(harmed(files, name, harm, at, own), reads)
      const where = `${harm} at byte ${at} of ${name}, ${reads} reads`
      const found = await askEverything(storage, own, isVector(name, at)).catch((error: unknown) => {
        throw new Error(`${where}: ${String(error)}`, { cause: error })
      })
      tried[harm === 'flip' ? 'flips' : 'cuts']++
      if ('error' in found) tried.errors++
      else if (found.rows !== right) {
        // A log that ends early is a log of which the end was not written yet.
        const cut = harm === 'truncate' && name === lastLog && earlier.has(found.rows)
        if (!cut) throw new Error(`${where}: the rows are\n${found.rows}\nand should be\n${right}`)
      }
    }
    const all = proofSize(2) > 2
    const step = Math.round(100 / proofSize(100)) || 1
    let running: Promise<void>[] = []
    for (const [name, { length }] of files) {
      for (let at = 0; at < length; at += step) {
        const [one, other]: Reads[] = at % 2 === 0 ? ['mapped', 'plain'] : ['plain', 'mapped']
        running.push(trial(name, at, 'flip', one as Reads), trial(name, at, 'truncate', other as Reads))
        if (all)
          running.push(trial(name, at, 'flip', other as Reads), trial(name, at, 'truncate', one as Reads))
        if (running.length < AT_ONCE) continue
        await Promise.all(running)
        running = []
        proof.shown = `${tried.flips} bits flipped, ${tried.cuts} ends cut: ${tried.errors} errors, else the right answer`
      }
    }
    await Promise.all(running)
  })
}, 900_000)

const GRAPH_ROWS = 24
const GRAPH_SCHEMA = checkSchema({ at: vector(2, { metric: 'l2', quantizer: 'none', m: 4, beam: 8 }) })

/** A segment of few rows with a graph all the same. */
async function graphSegment(): Promise<{ storage: MemoryStorage; files: SegmentFiles }> {
  const active = new ActiveSegment({ id: 1, schema: GRAPH_SCHEMA, graphFrom: 8 })
  const rows = Array.from({ length: GRAPH_ROWS }, (_, i) => ({ id: `id-${i}`, at: [i % 5, i] }))
  active.append(rowBlock(GRAPH_SCHEMA, rows), 1)
  const storage = new MemoryStorage()
  const files = await seal(active, Bitset.full(GRAPH_ROWS), GRAPH_SCHEMA, storage, { threads: 1 })
  active.release()
  return { storage, files }
}

test('a graph with a flipped bit or without its end is done without, and searches answer rightly', async () => {
  await prove('damage at every byte of a graph', { seed: 6 }, async (proof) => {
    const random = randomNumbers(proof.seed)
    const { storage, files } = await graphSegment()
    const { name = '' } = files.graphs.at ?? {}
    const region = await storage.read(name)
    const whole = new Uint8Array(region.sizeBytes)
    await region.readInto(whole, 0)
    const tried = { flips: 0, cuts: 0 }
    const trial = async (harm: Harm, at: number): Promise<void> => {
      const bytes = harmed(new Map([[name, whole]]), name, harm, at, random).get(name) as Uint8Array
      await storage.remove(name)
      await storage.writeOnce(name, [bytes])
      const told: string[] = []
      const segment = await openSegment(GRAPH_SCHEMA, storage, files, { onDamage: (file) => told.push(file) })
      // Whole numbers, so that no row is as near as another.
      const hits = await segment.search('at', Float32Array.of(2, 12.25), { k: 3 })
      expect([...hits.rows], `${harm} at byte ${at}`).toEqual([12, 13, 11])
      expect(told, `${harm} at byte ${at}`).toEqual([name])
      segment.release()
      await segment.closed
      tried[harm === 'flip' ? 'flips' : 'cuts']++
    }
    const step = Math.round(100 / proofSize(100)) || 1
    for (let at = 0; at < whole.length; at += step) {
      await trial('flip', at)
      await trial('truncate', at)
      proof.shown = `${tried.flips} bits flipped, ${tried.cuts} ends cut: all found, searches right without it`
    }
  })
}, 600_000)
