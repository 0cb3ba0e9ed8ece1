import type { OmenError, Quantizer, StorageBackend } from '@omen/core'
import { openFileLog, repairLog, verifyLog } from '@omen/storage-mmap'
import { encodeChange } from '../engine/change.ts'
import {
  CURRENT,
  encodeCurrent,
  encodeManifest,
  type Manifest,
  manifestName,
  replayFrom,
  type StoredSegment,
} from '../engine/manifest.ts'
import { orphans } from '../engine/manifest-store.ts'
import { SegmentMaker } from '../engine/segment-maker.ts'
import { readIds } from '../segment/read-ids.ts'
import { filesOfSegment } from '../segment/segment-files.ts'
import { conditionOf, type SegmentCondition } from './condition.ts'
import { decideDeletions } from './lost-deletions.ts'
import { type Candidates, candidates } from './manifests.ts'
import { rebuildDerived } from './rebuild.ts'
import type { LostRows, Mended, Repair } from './repair.ts'
import { SetAside } from './set-aside.ts'

/** A manifest, and what is left of what it names. */
interface Choice {
  readonly manifest: Manifest
  readonly segments: readonly SegmentCondition[]
  /** Whether it is the one in force. */
  readonly inForce: boolean
}

/** One repair, from the choice of a manifest to a database that was opened. */
export class Repairing {
  readonly #storage: StorageBackend
  readonly #quantizers: readonly Quantizer[]
  readonly #mended: Mended[] = []
  readonly #lost: LostRows[] = []
  readonly #aside: SetAside

  /** @param storage locked by the caller */
  constructor(storage: StorageBackend, quantizers: readonly Quantizer[]) {
    this.#storage = storage
    this.#quantizers = quantizers
    this.#aside = new SetAside(storage)
  }

  /** @throws OmenError as `repair` */
  async run(): Promise<Repair> {
    const found = await candidates(this.#storage)
    const choice = await this.#choose(found)
    const { manifest } = choice
    if (!choice.inForce) this.#tellOfManifest(found, manifest)
    const firstSequence = await this.#repairLog(manifest)
    const segments = await this.#keptSegments(choice)
    await this.#bringIntoForce(choice, startingAt(withSegments(manifest, segments), firstSequence), found)
    const { mended, problems, rows } = await rebuildDerived(this.#storage, this.#quantizers, (files) =>
      this.#aside.copy(files),
    )
    this.#mended.push(...mended)
    return { mended: this.#mended, lost: this.#lost, setAside: this.#aside.names, problems, rows }
  }

  /** The newest manifest with which nothing is lost; where there is none, the newest. */
  async #choose({ manifests, inForce }: Candidates): Promise<Choice> {
    const choices: Choice[] = []
    for (const [i, manifest] of manifests.entries()) {
      const segments = await conditionOf(this.#storage, this.#maker(manifest), manifest)
      const choice = { manifest, segments, inForce: inForce && i === 0 }
      choices.push(choice)
      const whole = segments.every(({ lost, live }) => !lost && live)
      if (whole && (await this.#hasLog(manifest))) return choice
    }
    const [newest] = choices
    // There is always one: `candidates` throws otherwise.
    return newest as Choice
  }

  async #hasLog(manifest: Manifest): Promise<boolean> {
    const from = replayFrom(manifest)
    const report = await verifyLog(this.#storage, { databaseId: manifest.database, from })
    return report.damage.length === 0 && (report.firstSequence ?? Infinity) <= from
  }

  #tellOfManifest({ damage, inForce }: Candidates, { number }: Manifest): void {
    const why = inForce || !damage ? 'what the newest manifest names is damaged' : damage.message
    this.#mend(CURRENT, `${why}: went back to ${manifestName(number)} and the log`)
  }

  /** Makes the log one that opens and goes on behind what the manifest counts on; returns its first record. */
  async #repairLog(manifest: Manifest): Promise<number> {
    const databaseId = manifest.database
    const from = replayFrom(manifest)
    const { report, setAside } = await repairLog(this.#storage, { databaseId, from })
    this.#aside.add(setAside)
    for (const { file, offset, why } of report.damage)
      this.#mend(file, `${why}, at byte ${offset}: set aside`)
    const log = await openFileLog(this.#storage, { databaseId, firstSequence: from })
    try {
      const { firstSequence, nextSequence } = log
      if (report.files === 0) this.#mend('the log', 'it is gone: what it alone had is lost')
      if (report.damage.length > 0) this.#mend('the log', `it ends before record ${nextSequence}`)
      if (firstSequence > from) this.#mend('the log', `records ${from} to ${firstSequence - 1} are lost`)
      if (nextSequence <= manifest.sequence) {
        this.#mend('the log', `records ${nextSequence} to ${manifest.sequence} are lost`)
      }
      const mark = encodeChange({ kind: 'mark', collection: 0 })
      while (log.nextSequence <= manifest.sequence) {
        const count = Math.min(MARKS_AT_ONCE, manifest.sequence + 1 - log.nextSequence)
        await log.append(Array.from({ length: count }, () => mark))
      }
      return firstSequence
    } finally {
      await log.close()
    }
  }

  /** What a manifest is to say of each segment, by number, and undefined of those that are given up. */
  async #keptSegments({ manifest, segments }: Choice): Promise<Map<number, StoredSegment | undefined>> {
    const kept = new Map<number, StoredSegment | undefined>()
    for (const condition of segments) {
      if (condition.lost) await this.#giveUp(condition, condition.lost)
      kept.set(condition.stored.files.id, condition.lost ? undefined : condition.stored)
    }
    for (const { id } of manifest.collections) {
      const readable = segments.filter(({ collection, lost }) => collection.id === id && !lost)
      const unknown = readable.filter(({ live }) => !live)
      if (unknown.length === 0) continue
      await this.#aside.copy(unknown.map(({ stored }) => stored.deletions?.file ?? ''))
      const decided = await decideDeletions(this.#storage, this.#maker(manifest), readable)
      for (const [segment, stored] of decided) kept.set(segment, stored)
      for (const { stored } of unknown) {
        const { file = '', deleted = 0 } = stored.deletions ?? {}
        const now = decided.get(stored.files.id)?.deletions?.deleted ?? 0
        this.#mend(file, `it cannot be read: up to ${deleted - now} rows that were deleted are there again`)
      }
    }
    return kept
  }

  async #giveUp({ collection, stored, live }: SegmentCondition, why: OmenError): Promise<void> {
    const { files, deletions } = stored
    const file = files.rowsFile.name
    const all = await readIds(this.#storage, files)
    const ids = live ? all?.filter((_, row) => live.has(row)) : all
    const rows = files.rows - (deletions?.deleted ?? 0)
    this.#lost.push({ collection: collection.name, file, rows, ids })
    this.#mend(file, `${why.message}: its ${rows} rows of ${collection.name} are lost`)
    const names = filesOfSegment(files).map(({ name }) => name)
    await this.#aside.copy(deletions ? [...names, deletions.file] : names)
  }

  /** Writes the manifest where it is another than the one in force. */
  async #bringIntoForce(choice: Choice, manifest: Manifest, { lastNumber }: Candidates): Promise<void> {
    if (choice.inForce && manifest === choice.manifest) return
    const next = { ...manifest, number: lastNumber + 1 }
    // Opening removes what no manifest names.
    if (!choice.inForce) await this.#aside.copy([CURRENT, ...(await orphans(this.#storage, choice.manifest))])
    const name = manifestName(next.number)
    await this.#storage.writeOnce(name, [await encodeManifest(next)])
    await this.#storage.replace(CURRENT, await encodeCurrent(name))
  }

  #mend(file: string, what: string): void {
    this.#mended.push({ file, what })
  }

  #maker({ nextSegment }: Manifest): SegmentMaker {
    return new SegmentMaker(this.#storage, {
      quantizers: this.#quantizers,
      onDamage: () => undefined,
      nextId: nextSegment,
      graphBytes: 0,
    })
  }
}

const MARKS_AT_ONCE = 1024

/** The manifest with these segments: itself where they are its own. */
function withSegments(manifest: Manifest, kept: ReadonlyMap<number, StoredSegment | undefined>): Manifest {
  const same = manifest.collections.every(({ segments }) =>
    segments.every((segment) => kept.get(segment.files.id) === segment),
  )
  if (same) return manifest
  const collections = manifest.collections.map((collection) => ({
    ...collection,
    segments: collection.segments.flatMap(({ files }) => kept.get(files.id) ?? []),
  }))
  return { ...manifest, collections }
}

/** The manifest for a log that begins here: itself where that is early enough. */
function startingAt(manifest: Manifest, firstSequence: number): Manifest {
  if (firstSequence <= replayFrom(manifest)) return manifest
  const collections = manifest.collections.map((collection) => ({
    ...collection,
    from: Math.max(collection.from, firstSequence),
  }))
  return { ...manifest, sequence: Math.max(manifest.sequence, firstSequence - 1), collections }
}
