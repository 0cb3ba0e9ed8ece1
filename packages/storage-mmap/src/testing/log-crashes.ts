import { type Log, OmenError, type StorageBackend } from '@omen/core'
import { type LogFaults, NO_FAULTS } from '../log/faults.ts'
import { openLogWith } from '../log/file-log.ts'
import { Crashes, SimulatedDisk, storageOn } from './index.ts'
import { databaseId } from './log-files.ts'

/** What a crash test plants: bugs of the log, and what stands between it and the disk. */
export interface Bugs {
  readonly log?: LogFaults
  readonly storage?: (storage: StorageBackend) => StorageBackend
  readonly disk?: (disk: SimulatedDisk) => Parameters<typeof storageOn>[0]
}

/** One call of append in a run, and how it went. */
interface Submitted {
  readonly records: readonly Uint8Array[]
  readonly synced: boolean
  /** Operations done when it was called. */
  readonly from: number
  /** Sequence of its first record, once it was acknowledged. */
  sequence?: number
  /** Operations done when it was acknowledged. */
  acknowledged?: number
  /** Operations done when it was refused; `unknown` outcomes are not refused. */
  refused?: number
  /** Whether its outcome was unknown, and turned out to be that it is not there. */
  lost?: boolean
}

export interface Run {
  readonly disk: SimulatedDisk
  readonly appends: readonly Submitted[]
  /** Truncations: operations done when called, and the sequence. */
  readonly truncations: readonly { readonly from: number; readonly sequence: number }[]
}

const FILE_BYTES = 6000

/** Runs a log through appends that overlap, truncations, closing and opening, and failures of the disk. */
export async function runLog(random: () => number, bugs: Bugs = {}): Promise<Run> {
  const disk = new SimulatedDisk()
  const appends: Submitted[] = []
  const truncations: { from: number; sequence: number }[] = []
  const open = (): Promise<Log> => openOn(disk, bugs)
  let serial = 0
  let log = await open()
  const submit = async (): Promise<void> => {
    const records = Array.from({ length: 1 + Math.floor(random() ** 3 * 5) }, () => record(random, serial++))
    const synced = random() < 0.8
    const append: Submitted = { records, synced, from: disk.operations.length }
    appends.push(append)
    try {
      append.sequence = await log.append(records, {
        durability: synced ? 'synced' : 'buffered',
        urgent: random() < 0.2,
      })
      append.acknowledged = disk.operations.length
    } catch (error) {
      if (error instanceof OmenError && error.code === 'disk_full') append.refused = disk.operations.length
    }
  }
  for (let step = 0; step < 5; step++) {
    if (random() < 0.15) {
      const code = random() < 0.5 ? 'EIO' : 'ENOSPC'
      const partialBytes = Math.floor(random() * 1500)
      disk.fail({ at: disk.calls + Math.floor(random() * 4), code, forever: random() < 0.3, partialBytes })
    }
    await Promise.all(Array.from({ length: 1 + Math.floor(random() ** 2 * 4) }, submit))
    disk.fail(undefined)
    if (random() < 0.12) {
      const { firstSequence, nextSequence } = log
      const sequence = firstSequence + Math.floor(random() * (nextSequence - firstSequence + 1))
      truncations.push({ from: disk.operations.length, sequence })
      await log.truncateBefore(sequence).catch(() => undefined)
    }
    // A log that failed is opened again, as others are now and then; closing or not.
    const failed = await log.append([]).then(
      () => false,
      () => true,
    )
    if (failed || random() < 0.12) {
      if (random() < 0.7) await log.close()
      log = await open()
      settle(appends, log.nextSequence)
    }
  }
  log = await open()
  settle(appends, log.nextSequence)
  return { disk, appends, truncations }
}

/** Gives appends of unknown outcome the sequence that they turn out to have, as far as the log holds them. */
function settle(appends: readonly Submitted[], next: number): void {
  let sequence = 1
  for (const append of appends) {
    if (append.refused !== undefined || append.lost) continue
    if (sequence + append.records.length > next) append.lost = true
    else append.sequence ??= sequence
    if (!append.lost) sequence += append.records.length
  }
}

/** Opens a log as a process that just began would. */
export async function openOn(disk: SimulatedDisk, bugs: Bugs = {}): Promise<Log> {
  const storage = storageOn(bugs.disk?.(disk) ?? disk)
  const options = { databaseId, fileBytes: FILE_BYTES, reserveBytes: 0 }
  return openLogWith(bugs.storage?.(storage) ?? storage, options, bugs.log ?? NO_FAULTS)
}

/** Opens what a crash left, and a second time, now and then after a crash of the first; says what went wrong. */
async function openCrashed(
  files: ReadonlyMap<string, Uint8Array>,
  random: () => number,
  bugs: Bugs,
): Promise<Found | string> {
  const disk = new SimulatedDisk(files)
  const first = await recordsOf(disk, bugs).catch((error: unknown) => `it does not open: ${String(error)}`)
  if (typeof first === 'string' || random() < 0.5) return first
  const again = random() < 0.5 ? crashOf(disk, random) : disk
  const second = await recordsOf(again, bugs).catch(
    (error: unknown) => `it does not open twice: ${String(error)}`,
  )
  if (typeof second === 'string') return second
  return sameRecords(first, second) ? first : 'opening it twice gives something else'
}

/** What a crash at any moment of all that was done to a disk leaves. */
function crashOf(disk: SimulatedDisk, random: () => number): SimulatedDisk {
  const crashes = new Crashes(disk)
  crashes.advance(Math.floor(random() * (disk.operations.length + 1)))
  return new SimulatedDisk(crashes.state(random))
}

interface Found {
  readonly firstSequence: number
  readonly records: readonly Uint8Array[]
}

async function recordsOf(disk: SimulatedDisk, bugs: Bugs): Promise<Found> {
  const log = await openOn(disk, bugs)
  const records: Uint8Array[] = []
  const { firstSequence } = log
  for await (const { bytes } of log.read(firstSequence)) records.push(new Uint8Array(bytes))
  await log.close()
  return { firstSequence, records }
}

/** Compares what was found with what must, may and must not be there. */
function judge(run: Run, point: number, { firstSequence, records }: Found): string | undefined {
  const allowed = run.truncations.filter(({ from }) => from <= point).map(({ sequence }) => sequence)
  if (firstSequence > Math.max(1, ...allowed)) return `it begins at ${firstSequence}, nobody asked for that`
  const next = firstSequence + records.length
  let sequence = 1
  let refusedThere = false
  for (const append of run.appends) {
    const { from, synced, acknowledged = Infinity, refused = Infinity } = append
    const end = sequence + append.records.length
    const what = `records ${sequence} to ${end - 1}`
    const kept = append.sequence !== undefined
    // Behind one that was refused later nothing can be.
    if (kept && refusedThere) break
    if (kept && append.sequence !== sequence) return `an append got ${append.sequence}, not ${sequence}`
    if (kept ? end <= next : isThere(append, sequence, firstSequence, records)) {
      if (!isThere(append, sequence, firstSequence, records)) return `${what} are not those appended`
      if (from > point) return `${what} were not submitted yet`
      if (refused <= point) return `${what} were refused`
      sequence = end
      refusedThere ||= !kept
    } else if (kept) {
      if (synced && acknowledged <= point) return `acknowledged ${what} are not there`
      break
    }
  }
  const lost = run.appends.find(
    (append) => append.synced && (append.acknowledged ?? Infinity) <= point && (append.sequence ?? 0) >= next,
  )
  if (lost) return `acknowledged records from ${lost.sequence} on are not there`
  if (sequence < next) return `records ${sequence} to ${next - 1} are no append that is whole and in order`
  return undefined
}

/** Whether all records of an append that are not truncated away are where they belong. */
function isThere(
  append: Submitted,
  sequence: number,
  first: number,
  records: readonly Uint8Array[],
): boolean {
  // One that has no sequence was never truncated.
  if (append.sequence === undefined && sequence < first) return false
  return append.records.every((record, i) => {
    const at = sequence + i - first
    if (at < 0) return true
    const found = records[at]
    return found !== undefined && Buffer.compare(found, record) === 0
  })
}

function sameRecords(a: Found, b: Found): boolean {
  return (
    a.firstSequence === b.firstSequence &&
    a.records.length === b.records.length &&
    a.records.every((record, i) => Buffer.compare(record, b.records[i] ?? new Uint8Array(0)) === 0)
  )
}

export interface Crashed {
  /** States drawn and judged. */
  readonly states: number
  /** Those of them that were opened: others had the same files to the byte. */
  readonly opened: number
  readonly wrong: string | undefined
}

/** Draws crashes of a run, at every point of it, until one goes wrong. */
export async function crashRun(
  run: Run,
  random: () => number,
  perPoint: number,
  bugs: Bugs = {},
): Promise<Crashed> {
  const crashes = new Crashes(run.disk)
  const known = new Map<string, Found | string>()
  let states = 0
  for (let point = 0; point <= run.disk.operations.length; point++) {
    crashes.advance(point)
    for (let i = 0; i < perPoint; i++) {
      states++
      const files = crashes.state(random)
      const key = [...files]
        .map(([name, bytes]) => `${name}\n${Buffer.from(bytes.buffer).toString('latin1')}`)
        .join('\n')
      const found = known.get(key) ?? (await openCrashed(files, random, bugs))
      known.set(key, found)
      const wrong = typeof found === 'string' ? found : judge(run, point, found)
      if (wrong !== undefined) {
        return { states, opened: known.size, wrong: `after ${point} operations: ${wrong}` }
      }
    }
  }
  return { states, opened: known.size, wrong: undefined }
}

/** Sizes around what a disk writes at once; the first bytes tell one record from another. */
function record(random: () => number, serial: number): Uint8Array {
  const bytes = new Uint8Array(4 + Math.floor(random() ** 3 * 1400))
  new DataView(bytes.buffer).setUint32(0, serial)
  for (let i = 4; i < bytes.length; i += 1 + (i >> 4)) bytes[i] = Math.floor(random() * 256)
  return bytes
}
