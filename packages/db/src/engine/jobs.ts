import type { Bitset } from '@omen/core'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import { filesOfSegment, type SegmentFiles } from '../segment/segment-files.ts'
import type { Checkpoints, EngineParts } from './checkpoint.ts'
import type { CollectionState } from './collection-state.ts'
import type { ActiveState } from './segment-state.ts'

export interface JobOptions {
  readonly threads: number
  readonly signal: AbortSignal
}

/**
 * Takes a full segment to disk, and reads it from there from then on.
 *
 * @throws OmenError `disk_full`, `io`, `aborted`: then it stays in memory; `closed` when the collection was dropped
 */
export async function sealSegment(
  parts: EngineParts,
  checkpoints: Checkpoints,
  collection: CollectionState,
  full: ActiveState,
  options: JobOptions,
): Promise<void> {
  const from = full.lastSequence + 1
  if (full.liveRows === 0) {
    await checkpoints.write(collection, { old: [full], next: undefined }, from)
    return
  }
  const { hooks, maker } = parts
  hooks.point?.('seal:before-write')
  const files = await maker.seal(full, collection.schema, options)
  hooks.point?.('seal:written')
  await adopt(parts, collection, files, async (segment) => {
    hooks.point?.('seal:opened')
    // What is deleted until the segments are exchanged is deleted in both.
    const live = (): Bitset | undefined => full.view().live
    await checkpoints.write(collection, { old: [full], next: { segment, live } }, from)
    hooks.point?.('seal:swapped')
  })
}

/** Opens a segment that was written and takes it in; when that fails, nothing is left of it. */
async function adopt(
  { maker, manifests }: EngineParts,
  collection: CollectionState,
  files: SegmentFiles,
  take: (segment: SealedSegment) => Promise<void>,
): Promise<void> {
  let segment: SealedSegment | undefined
  try {
    segment = await maker.open(collection.schema, files)
    await take(segment)
  } catch (error) {
    segment?.release()
    await manifests.discard(filesOfSegment(files).map(({ name }) => name))
    throw error
  }
}
