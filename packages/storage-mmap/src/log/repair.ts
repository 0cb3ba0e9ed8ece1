import { OmenError, type StorageBackend } from '@omen/core'
import { type Expected, listLogFiles, type NamedFile, openNamed } from './files.ts'
import { loadHash } from './hash.ts'
import { databaseIdBytes, writeAgain } from './open.ts'
import { createFile } from './tail.ts'
import { type Damage, isDamage, lossAtEnd, type Walked, walk } from './walk.ts'

/** What looking at every byte of a log found. */
export interface LogReport {
  readonly files: number
  /** The first record, by the name of the first file; undefined where there is none. */
  readonly firstSequence: number | undefined
  /** Records that can be read, damage anywhere aside. */
  readonly records: number
  readonly sizeBytes: number
  /** Bytes at the end of the last file that a crash left, and that opening cuts: no damage. */
  readonly tornBytes: number
  /** Where the bytes are not those written, by file and offset: empty for a log that is whole. */
  readonly damage: readonly Damage[]
}

export interface LogRepair {
  /** What was found before. */
  readonly report: LogReport
  /** Files that hold what could not be kept, as it was. */
  readonly setAside: readonly string[]
}

/** A file of the log, looked at. */
interface Surveyed {
  readonly named: NamedFile
  readonly sizeBytes: number
  /** Undefined when it has no header, or is not what follows the file before. */
  readonly walked: Walked | undefined
  readonly damage: Damage | undefined
}

export interface LogRepairOptions {
  /** The id of the database, a UUID. */
  readonly databaseId: string
  /** The first record that is needed: files that hold only earlier ones may be damaged. 1 when left out. */
  readonly from?: number
}

/**
 * Reads every byte of a log and says what is damaged; changes nothing.
 *
 * @returns of the files from the one with record `from` on
 * @throws OmenError `invalid_argument`, `unsupported`, `io`; `corrupt_log` for a log of another database
 */
export async function verifyLog(storage: StorageBackend, options: LogRepairOptions): Promise<LogReport> {
  const expected = { databaseId: databaseIdBytes(options.databaseId), hash: await loadHash() }
  const surveyed = await survey(storage, expected)
  return reportOf(surveyed.slice(countSpare(surveyed, options.from)))
}

/** The id of the database that a log belongs to, a UUID; undefined when no file of it says so. */
export async function logDatabaseId(storage: StorageBackend): Promise<string | undefined> {
  const expected = { databaseId: undefined, hash: await loadHash() }
  for (const named of await listLogFiles(storage)) {
    const file = await openNamed(storage, named, expected)
    if (isDamage(file)) continue
    await file.close()
    const hex = Buffer.from(file.header.databaseId).toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
  return undefined
}

/**
 * Makes a damaged log one that opens: keeps everything before the first damage, and sets the rest aside as it was, in files
 * called `damaged-…`. Where the damage lies before the records that are needed, what comes before those is set aside instead.
 * A log that is whole is left alone; the caller holds the storage's lock.
 *
 * @throws OmenError as `verifyLog`, and `disk_full`: then it may be repeated
 */
export async function repairLog(storage: StorageBackend, options: LogRepairOptions): Promise<LogRepair> {
  const databaseId = databaseIdBytes(options.databaseId)
  const expected = { databaseId, hash: await loadHash() }
  const surveyed = await survey(storage, expected)
  const report = reportOf(surveyed)
  const spare = surveyed.slice(0, countSpare(surveyed, options.from))
  const useless = spare.slice(0, spare.findLastIndex(({ damage }) => damage !== undefined) + 1)
  const first = surveyed.findIndex(({ damage }, i) => i >= spare.length && damage !== undefined)
  const rest = first === -1 ? [] : surveyed.slice(first)
  const setAside: string[] = []
  for (const { named } of [...useless, ...rest]) setAside.push(await copyAside(storage, named.name))
  for (const { named } of useless) await storage.remove(named.name)
  // Last first: whatever a crash leaves has no hole that was not there.
  for (const { named } of rest.slice(1).reverse()) await storage.remove(named.name)
  const [damaged] = rest
  const begins = first === useless.length
  if (damaged) await keepStart(storage, damaged, begins, { databaseId, hash: expected.hash })
  return { report, setAside }
}

/** How many files at the start hold only records before this one. */
function countSpare(files: readonly Surveyed[], from = 1): number {
  const needed = files.findIndex((_, i) => (files[i + 1]?.named.firstSequence ?? Infinity) > from)
  return Math.max(0, needed)
}

async function survey(storage: StorageBackend, expected: Expected): Promise<Surveyed[]> {
  const sizes = new Map((await storage.list()).map(({ name, sizeBytes }) => [name, sizeBytes]))
  const files = await listLogFiles(storage)
  const surveyed: Surveyed[] = []
  for (const [i, named] of files.entries()) {
    const found = await surveyFile(storage, named, { expected, next: files[i + 1], before: surveyed.at(-1) })
    surveyed.push({ named, sizeBytes: sizes.get(named.name) ?? 0, ...found })
  }
  return surveyed
}

async function surveyFile(
  storage: StorageBackend,
  named: NamedFile,
  {
    expected,
    next,
    before,
  }: {
    readonly expected: Expected
    readonly next: NamedFile | undefined
    readonly before: Surveyed | undefined
  },
): Promise<Pick<Surveyed, 'walked' | 'damage'>> {
  const { name } = named
  const file = await openNamed(storage, named, expected)
  if (isDamage(file)) return { walked: undefined, damage: file }
  try {
    const end = before?.damage ? undefined : before?.walked?.end
    if (end && end.previous !== file.header.previous) {
      const why = 'it does not follow the file before'
      return { walked: undefined, damage: { file: name, offset: 48, why } }
    }
    const walked = await walk(file)
    if (!next) return { walked, damage: await lossAtEnd(file, walked) }
    const whole = walked.end.offset === file.sizeBytes && walked.end.sequence === next.firstSequence
    if (whole) return { walked, damage: undefined }
    const missing = { file: name, offset: walked.end.offset, why: 'records are missing at its end' }
    return { walked, damage: walked.damage ?? missing }
  } finally {
    await file.close()
  }
}

function reportOf(surveyed: readonly Surveyed[]): LogReport {
  const last = surveyed.at(-1)
  const sum = (of: (file: Surveyed) => number): number => surveyed.reduce((all, file) => all + of(file), 0)
  return {
    files: surveyed.length,
    firstSequence: surveyed[0]?.named.firstSequence,
    records: sum(({ walked }) => walked?.records ?? 0),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
    tornBytes: last?.walked && !last.damage ? last.sizeBytes - last.walked.end.offset : 0,
    damage: surveyed.flatMap(({ damage }) => (damage ? [damage] : [])),
  }
}

/** Copies a file under a name that is free. */
async function copyAside(storage: StorageBackend, name: string): Promise<string> {
  const region = await storage.read(name)
  const bytes = new Uint8Array(region.sizeBytes)
  try {
    await region.readInto(bytes, 0)
  } finally {
    await region.close()
  }
  for (let i = 1; ; i++) {
    const aside = `damaged-${name}-${i}`
    try {
      await storage.writeOnce(aside, [bytes])
      return aside
    } catch (error) {
      if (!(error instanceof OmenError && error.code === 'already_exists')) throw error
    }
  }
}

/** Keeps the whole appends at the start of a damaged file; one without a header has none. */
async function keepStart(
  storage: StorageBackend,
  { named, walked }: Surveyed,
  isFirst: boolean,
  { databaseId, hash }: { readonly databaseId: Uint8Array; readonly hash: Expected['hash'] },
): Promise<void> {
  const file = walked && (await openNamed(storage, named, { databaseId, hash }))
  if (walked && file && !isDamage(file)) {
    try {
      await writeAgain({ storage, hash }, file, walked)
    } finally {
      await file.close()
    }
    return
  }
  await storage.remove(named.name)
  // A log begins somewhere: where this one did, with nothing in it.
  const begin = { sequence: named.firstSequence, previous: 0n }
  if (isFirst) await createFile({ storage, databaseId, hash }, begin)
}
