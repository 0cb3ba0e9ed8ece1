import { Bitset, OmenError, type StorageBackend } from '@omen/core'
import { readLive } from '../engine/deletions.ts'
import type { Manifest, StoredCollection, StoredSegment } from '../engine/manifest.ts'
import type { SegmentMaker } from '../engine/segment-maker.ts'

/** What is left of a sealed segment. */
export interface SegmentCondition {
  readonly collection: StoredCollection
  readonly stored: StoredSegment
  /** Why its rows cannot be read; undefined when they can. */
  readonly lost: OmenError | undefined
  /** Which of its rows there are; undefined when the file that says so cannot be read. */
  readonly live: Bitset | undefined
}

/**
 * Reads every byte of the segments that a manifest names, derived files aside.
 *
 * @throws OmenError `unknown_quantizer`, `unsupported`, `io`
 */
export async function conditionOf(
  storage: StorageBackend,
  maker: SegmentMaker,
  manifest: Manifest,
): Promise<SegmentCondition[]> {
  const found: SegmentCondition[] = []
  for (const collection of manifest.collections) {
    for (const stored of collection.segments) {
      const lost = await damageOf(async () => {
        const segment = await maker.open(maker.schemaOf(collection), stored.files)
        await segment.verified.finally(() => segment.release())
      })
      found.push({ collection, stored, lost, live: await liveOf(storage, stored) })
    }
  }
  return found
}

async function liveOf(
  storage: StorageBackend,
  { files, deletions }: StoredSegment,
): Promise<Bitset | undefined> {
  if (!deletions) return Bitset.full(files.rows)
  let live: Bitset | undefined
  await damageOf(async () => {
    live = await readLive(storage, files.id, files.rows, deletions)
  })
  return live
}

/** Why bytes are not those that were written, or are not there; undefined when they are. @throws any other error */
export async function damageOf(task: () => Promise<unknown>): Promise<OmenError | undefined> {
  try {
    await task()
    return undefined
  } catch (error) {
    if (!(error instanceof OmenError && DAMAGE.has(error.code))) throw error
    return error
  }
}

const DAMAGE: ReadonlySet<OmenError['code']> = new Set([
  'corrupt_database',
  'corrupt_index',
  'corrupt_segment',
  'not_found',
])
