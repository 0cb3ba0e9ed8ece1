import type { CollectionState } from './engine/collection-state.ts'
import type { Engine } from './engine/engine.ts'
import { replayFrom } from './engine/manifest.ts'
import { SealedState, type SegmentState } from './engine/segment-state.ts'
import type { SegmentStats } from './segment/segment.ts'

/** One segment of a collection. */
export interface SegmentInfo {
  readonly id: number
  /** `active`: takes new rows; `full`: is about to go to disk; `sealed`: is on disk. */
  readonly state: 'active' | 'full' | 'sealed'
  /** Rows that there are. */
  readonly rows: number
  /** Rows that were deleted or overwritten, and take space until a merge. */
  readonly deleted: number
  /** Its files that are damaged: searches do without a graph or an index; without the rows they refuse. */
  readonly damaged: readonly string[]
  /** Rows by vector field: how many have a vector, and how many of these a graph finds; the others are scanned. */
  readonly fields: SegmentStats['fields']
  /** Bytes held, by part, those that are mapped included. */
  readonly bytes: SegmentStats['bytes']
}

export interface CollectionStats {
  readonly name: string
  readonly rows: number
  readonly deleted: number
  /** From the oldest to the newest. */
  readonly segments: readonly SegmentInfo[]
  /** Bytes held by all segments, by part; every byte is in exactly one. */
  readonly bytes: { readonly total: number; readonly [part: string]: number }
}

export interface DatabaseStats {
  readonly collections: readonly CollectionStats[]
  readonly log: {
    /** The version before which changes can not be watched any more. */
    readonly firstVersion: number
    /** The version of the last change. */
    readonly lastVersion: number
    /** Changes that would be made again if the database were opened now. */
    readonly toReplay: number
  }
  /** Bytes of all files. */
  readonly diskBytes: number
  /** What keeps background work from going on, if something does. */
  readonly troubles: readonly unknown[]
}

/** What a database has, and what it takes. @throws OmenError `io` */
export async function databaseStats(engine: Engine): Promise<DatabaseStats> {
  const { catalog, commits, log, manifests, storage } = engine.parts
  const files = await storage.list()
  return {
    collections: catalog.all.map(collectionStats),
    log: {
      firstVersion: log.firstSequence,
      lastVersion: commits.applied,
      toReplay: commits.applied - replayFrom(manifests.current) + 1,
    },
    diskBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    troubles: engine.maintenance.troubles,
  }
}

/** What a collection has, and what it takes. */
export function collectionStats(collection: CollectionState): CollectionStats {
  const segments = collection.segments.map((segment) => segmentInfo(collection, segment))
  const bytes: Record<string, number> & { total: number } = { total: 0 }
  for (const segment of segments) {
    for (const [part, size] of Object.entries(segment.bytes)) bytes[part] = (bytes[part] ?? 0) + size
  }
  return {
    name: collection.name,
    rows: segments.reduce((sum, { rows }) => sum + rows, 0),
    deleted: segments.reduce((sum, { deleted }) => sum + deleted, 0),
    segments,
    bytes,
  }
}

function segmentInfo(collection: CollectionState, state: SegmentState): SegmentInfo {
  const { fields, bytes } = state.segment.stats()
  const { liveBytes } = state
  return {
    id: state.segment.id,
    state: state instanceof SealedState ? 'sealed' : state === collection.active ? 'active' : 'full',
    rows: state.liveRows,
    deleted: state.deletedRows,
    damaged: state instanceof SealedState ? damagedFiles(state) : [],
    fields,
    bytes: { ...bytes, deletions: liveBytes, total: bytes.total + liveBytes },
  }
}

function damagedFiles({ sealed }: SealedState): string[] {
  return sealed.corrupt ? [...sealed.damaged, sealed.files.rowsFile.name] : [...sealed.damaged]
}
