import type { CollectionStats, DatabaseStats, SegmentInfo } from '@omen/schema'
import type { CollectionState } from './engine/collection-state.ts'
import { replayFrom } from './engine/manifest.ts'
import { SealedState, type SegmentState } from './engine/segment-state.ts'
import type { Observed } from './observed.ts'

/** What a database has, and what it takes. @throws OmenError `io` */
export async function databaseStats(observed: Observed): Promise<DatabaseStats> {
  const { catalog, applied, log, manifest, storage, troubles } = observed
  const files = await storage.list()
  return {
    collections: catalog.all.map(collectionStats),
    log: {
      firstVersion: log.firstSequence,
      lastVersion: applied,
      toReplay: applied - replayFrom(manifest) + 1,
    },
    diskBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    troubles,
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
    fields: Object.fromEntries(fields),
    bytes: { ...bytes, deletions: liveBytes, total: bytes.total + liveBytes },
  }
}

function damagedFiles({ sealed }: SealedState): string[] {
  return sealed.corrupt ? [...sealed.damaged, sealed.files.rowsFile.name] : [...sealed.damaged]
}
