import { type Bitset, closedError, type JsonObject, type Log, Queue, type StorageBackend } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import type { Catalog } from './catalog.ts'
import type { CollectionState } from './collection-state.ts'
import type { Commits } from './commits.ts'
import { deletionsName, writeDeletions } from './deletions.ts'
import type { StoredCollection, StoredSegment } from './manifest.ts'
import type { ManifestStore } from './manifest-store.ts'
import type { EngineHooks } from './points.ts'
import type { SegmentMaker } from './segment-maker.ts'
import { SealedState, type SegmentState } from './segment-state.ts'

/** The parts of an engine that its jobs work with. */
export interface EngineParts {
  readonly storage: StorageBackend
  readonly log: Log
  readonly catalog: Catalog
  readonly commits: Commits
  readonly manifests: ManifestStore
  readonly maker: SegmentMaker
  readonly hooks: EngineHooks
}

/** Segments that a checkpoint puts in place of others. */
export interface Exchange {
  /** Segments that go. */
  readonly old: readonly SegmentState[]
  /** What comes in their place, undefined for nothing. */
  readonly next: NextSegment | undefined
}

/** A segment on disk that no manifest names yet. */
export interface NextSegment {
  readonly segment: SealedSegment
  /** The rows of it that there are when this is called; undefined for all. */
  readonly live: () => Bitset | undefined
}

/** What a checkpoint does beside writing down deletions. */
export interface CheckpointOptions {
  readonly exchanges?: readonly Exchange[]
  /** The first record that must be replayed; left out: as far as can be. */
  readonly from?: number
  /** Another schema, which the segments that remain follow already. */
  readonly schema?: NextSchema
}

/** A schema as it is checked, and as files hold it. */
export interface NextSchema {
  readonly checked: CheckedSchema
  readonly json: JsonObject
}

/**
 * Brings what memory holds of a collection into the manifest: segments that were sealed or merged, and deletions. One at a
 * time, since each writes down deletions as they are at a moment that no other may overtake.
 */
export class Checkpoints {
  readonly #parts: EngineParts
  readonly #queue: Queue = new Queue()

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /**
   * Writes the deletions of a collection's segments where they have changed, and a manifest; exchanges segments when it is
   * in force.
   *
   * @throws OmenError `disk_full`, `io`: then nothing has changed; `closed` when the collection was dropped
   */
  write(collection: CollectionState, options: CheckpointOptions = {}): Promise<void> {
    return this.#queue.run(async () => {
      if (collection.dropped) throw closedError()
      const { exchanges = [], schema } = options
      const { applied, bytes } = this.#parts.commits
      const from = options.from ?? replayStart(collection, applied)
      const placed = new Map(exchanges.map(({ old, next }) => [old[0], next && stateOf(next)]))
      const written: string[] = []
      try {
        const segments: { state: SealedState; stored: StoredSegment }[] = []
        for (const state of segmentsAfter(collection, exchanges, placed)) {
          segments.push({ state, stored: await this.#saveDeletions(state, written) })
        }
        const stored: StoredCollection = {
          ...collection.stored,
          from,
          segments: segments.map((each) => each.stored),
          ...(schema && { schema: schema.json, schemaSince: applied }),
        }
        await this.#publish(collection, stored)
        if (from > collection.stored.from) collection.bytesAtCheckpoint = bytes
        collection.stored = stored
        for (const each of segments) each.state.stored = each.stored
      } catch (error) {
        await this.#parts.manifests.discard(written)
        throw error
      }
      for (const { old, next } of exchanges) {
        const state = placed.get(old[0])
        // Rows may have been deleted since the segment's were looked at: their records would be replayed.
        state?.keepOnly(next?.live())
        collection.exchange(old, state)
      }
      if (schema) collection.alter(schema.checked)
    })
  }

  async #saveDeletions(state: SealedState, written: string[]): Promise<StoredSegment> {
    const { live } = state.view()
    if (!live || !state.changed) return state.stored
    const { storage, hooks } = this.#parts
    const { id } = state.stored.files
    const version = ++state.deletionsVersion
    hooks.point?.('deletions:before-write')
    written.push(deletionsName(id, version))
    const deletions = await writeDeletions(storage, id, version, live)
    hooks.point?.('deletions:written')
    return { ...state.stored, deletions }
  }

  /** Writes the manifest again, so that the one before holds back no files and records of the log. */
  settle(): Promise<void> {
    return this.#queue.run(() => this.#publish(undefined, undefined))
  }

  async #publish(
    collection: CollectionState | undefined,
    stored: StoredCollection | undefined,
  ): Promise<void> {
    const { catalog, commits, log, maker, manifests } = this.#parts
    const manifestLog = {
      sync: () => commits.sync(),
      trim: (sequence: number) => log.truncateBefore(Math.min(sequence, log.nextSequence)),
    }
    await manifests.publish(manifestLog, () => {
      const sequence = commits.applied
      return {
        sequence,
        nextSegment: maker.nextId,
        nextCollection: catalog.nextId,
        collections: catalog.all.map((each) =>
          each === collection && stored ? stored : upToDate(each, sequence),
        ),
      }
    })
  }
}

function stateOf({ segment, live }: NextSegment): SealedState {
  return new SealedState(segment, live())
}

/** The segments of a collection that will be on disk, in their order. */
function segmentsAfter(
  collection: CollectionState,
  exchanges: readonly Exchange[],
  placed: ReadonlyMap<SegmentState | undefined, SealedState | undefined>,
): SealedState[] {
  const old = new Set(exchanges.flatMap((exchange) => exchange.old))
  return collection.segments.flatMap((state) => {
    const next = placed.get(state)
    if (next) return [next]
    return state instanceof SealedState && !old.has(state) ? [state] : []
  })
}

/** The first record whose effect lies not in the sealed segments and their deletions, as these are now. */
function replayStart(collection: CollectionState, applied: number): number {
  const inMemory = collection.sealing.length > 0 || collection.active.segment.rows > 0
  return inMemory ? collection.stored.from : applied + 1
}

/** A collection of which memory knows no more than the manifest needs no record up to this moment. */
function upToDate(collection: CollectionState, sequence: number): StoredCollection {
  const changed = collection.sealed.some((segment) => segment.changed)
  if (changed || replayStart(collection, sequence) !== sequence + 1) return collection.stored
  collection.stored = { ...collection.stored, from: sequence + 1 }
  return collection.stored
}
