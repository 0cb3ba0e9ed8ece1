import { Bitset, NO_ROW } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { MergeSegmentsOptions } from '../segment/merge.ts'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import { filesOfSegment, type SegmentFiles } from '../segment/segment-files.ts'
import type { Checkpoints, EngineParts, Exchange, NextSchema } from './checkpoint.ts'
import type { CollectionState } from './collection-state.ts'
import type { SealedState } from './segment-state.ts'

/** Vectors linked before the next look at what is most urgent. */
const LINKED_AT_ONCE = 2048

export type JobOptions = Pick<MergeSegmentsOptions, 'threads' | 'signal' | 'onProgress'>

type SealJobOptions = JobOptions & { readonly soon?: boolean }

/** What jobs work with. */
export interface Jobs {
  readonly parts: EngineParts
  readonly checkpoints: Checkpoints
}

/**
 * Links rows into the graphs of a collection's segments in memory, those first that wait to go to disk.
 *
 * @returns undefined when none wait
 */
export function linkJob(
  collection: CollectionState,
  options: JobOptions,
): (() => Promise<number>) | undefined {
  const state = collection.growing.find(({ active }) => active.pending > 0)
  return state && (() => state.link(LINKED_AT_ONCE, options))
}

/**
 * Takes the oldest full segment of a collection to disk, and reads it from there from then on.
 *
 * @param options.soon whether it is written without graphs where many vectors wait to be linked: a merge links them later
 * @throws OmenError `disk_full`, `io`, `aborted`: then it stays in memory; `closed` when the collection was dropped
 */
export function sealOldest(jobs: Jobs, collection: CollectionState, options: SealJobOptions): Promise<void> {
  return collection.sealingQueue.run(async () => {
    const [full] = collection.sealing
    if (!full) return
    const { checkpoints, parts } = jobs
    const { hooks, maker } = parts
    const from = full.lastSequence + 1
    if (full.liveRows === 0) {
      return await checkpoints.write(collection, { exchanges: [{ old: [full], next: undefined }], from })
    }
    const unlinked = options.soon === true && full.active.pending > LINKED_AT_ONCE
    while (!unlinked && full.active.pending > 0) await full.link(LINKED_AT_ONCE, options)
    hooks.point?.('seal:before-write')
    const files = await maker.seal(full, collection.schema, { ...options, unlinked })
    hooks.point?.('seal:written')
    await adopt(parts, collection.schema, files, async (segment) => {
      hooks.point?.('seal:opened')
      const live = (): Bitset | undefined => full.view().live
      hooks.point?.('seal:before-publish')
      await checkpoints.write(collection, { exchanges: [{ old: [full], next: { segment, live } }], from })
      hooks.point?.('seal:swapped')
    })
  })
}

/** Takes all rows of a collection to disk that are in memory now. @throws OmenError as `sealOldest` */
export async function flush(jobs: Jobs, collection: CollectionState, options: SealJobOptions): Promise<void> {
  collection.rotate()
  const last = collection.sealing.at(-1)
  while (last && collection.sealing.includes(last)) await sealOldest(jobs, collection, options)
}

/**
 * Makes one segment of several, without their deleted rows. To be called from the collection's `mergingQueue`.
 *
 * @throws OmenError `disk_full`, `io`, `aborted`: then they stay as they are; `closed` when the collection was dropped;
 * `corrupt_segment`
 */
export async function mergeSealed(
  { checkpoints, parts }: Jobs,
  collection: CollectionState,
  sources: readonly SealedState[],
  options: JobOptions,
): Promise<void> {
  parts.hooks.point?.('merge:chosen')
  await rewrite(parts, sources, collection.schema, options, async (exchange) => {
    parts.hooks.point?.('merge:before-publish')
    await checkpoints.write(collection, { exchanges: [exchange] })
    parts.hooks.point?.('merge:swapped')
  })
}

/**
 * Brings the rows of a collection into another schema, nobody writing meanwhile.
 *
 * @throws OmenError as `mergeSealed`: then the schema stays as it was
 */
export async function alterCollection(
  jobs: Jobs,
  collection: CollectionState,
  schema: NextSchema,
  options: JobOptions,
): Promise<void> {
  await flush(jobs, collection, options)
  await collection.mergingQueue.run(async () => {
    const { checkpoints, parts } = jobs
    const rest = [...collection.sealed]
    const rewriteRest = async (exchanges: readonly Exchange[]): Promise<void> => {
      const next = rest.shift()
      if (!next) return await checkpoints.write(collection, { exchanges, schema })
      await rewrite(parts, [next], schema.checked, options, (exchange) =>
        rewriteRest([...exchanges, exchange]),
      )
    }
    // Each segment stays open until all are taken in at once, and is removed again when one fails.
    await rewriteRest([])
  })
}

/** Writes the rows of segments that there are into one, and takes it in. */
async function rewrite(
  parts: EngineParts,
  sources: readonly SealedState[],
  schema: CheckedSchema,
  options: JobOptions,
  take: (exchange: Exchange) => Promise<void>,
): Promise<void> {
  // Where no row is left there is nothing to read, be it damaged or not.
  const merging = sources
    .filter(({ liveRows }) => liveRows > 0)
    .map((state) => ({
      state,
      segment: state.sealed,
      live: state.view().live ?? Bitset.full(state.segment.rows),
    }))
  if (merging.length === 0) return await take({ old: sources, next: undefined })
  parts.hooks.point?.('merge:before-write')
  const { files, mapping } = await parts.maker.merge(merging, schema, options)
  parts.hooks.point?.('merge:written')
  await adopt(parts, schema, files, async (segment) => {
    parts.hooks.point?.('merge:opened')
    const live = (): Bitset | undefined => liveAfter(merging, mapping, segment.rows)
    await take({ old: sources, next: { segment, live } })
  })
}

/** The rows of a merged segment without those that were deleted while it was made; undefined for all. */
function liveAfter(
  merging: readonly { readonly state: SealedState; readonly live: Bitset }[],
  mapping: readonly Uint32Array[],
  rows: number,
): Bitset | undefined {
  let live: Bitset | undefined
  for (const [i, { state, live: before }] of merging.entries()) {
    const now = state.view().live
    if (!now) continue
    for (const row of before.clone().andNot(now)) {
      const moved = mapping[i]?.[row] ?? NO_ROW
      if (moved === NO_ROW) continue
      live ??= Bitset.full(rows)
      live.clear(moved)
    }
  }
  return live
}

/** Opens a segment that was written and takes it in; when that fails, nothing is left of it. */
async function adopt(
  { maker, manifests }: EngineParts,
  schema: CheckedSchema,
  files: SegmentFiles,
  take: (segment: SealedSegment) => Promise<void>,
): Promise<void> {
  let segment: SealedSegment | undefined
  try {
    segment = await maker.open(schema, files)
    await take(segment)
  } catch (error) {
    segment?.release()
    await manifests.discard(filesOfSegment(files).map(({ name }) => name))
    throw error
  }
}
