import { Bitset, NO_ROW, type StorageBackend, Turns } from '@omen/core'
import { writeDeletions } from '../engine/deletions.ts'
import type { StoredSegment } from '../engine/manifest.ts'
import type { SegmentMaker } from '../engine/segment-maker.ts'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import type { SegmentCondition } from './condition.ts'

interface Known {
  readonly segment: SealedSegment
  readonly live: Bitset
}

/**
 * Decides which rows of a collection's segments there are, where the files that said so are lost: each id once. Rows that were
 * overwritten stay away, since the newer ones are there; rows that were deleted come back.
 *
 * @param conditions the segments of one collection whose rows can be read, from the oldest to the newest
 * @returns the segments as a manifest is to name them, by number: files of deletions were written
 * @throws OmenError `disk_full`, `io`
 */
export async function decideDeletions(
  storage: StorageBackend,
  maker: SegmentMaker,
  conditions: readonly SegmentCondition[],
): Promise<Map<number, StoredSegment>> {
  const decided = new Map<number, StoredSegment>()
  const known: Known[] = []
  const open: SealedSegment[] = []
  try {
    const unknown: { segment: SealedSegment; stored: StoredSegment }[] = []
    for (const { collection, stored, live } of conditions) {
      const segment = await maker.open(maker.schemaOf(collection), stored.files)
      open.push(segment)
      if (live) known.push({ segment, live })
      else unknown.push({ segment, stored })
    }
    // The newest first: among rows of which nothing is known it is the newest that counts.
    for (const { segment, stored } of unknown.reverse()) {
      const live = await rowsNotElsewhere(segment, known)
      known.push({ segment, live })
      decided.set(segment.id, { ...stored, deletions: await write(storage, segment, live) })
    }
    return decided
  } finally {
    for (const segment of open) segment.release()
  }
}

/** The rows of a segment that its own table of ids leads to, and whose ids no other segment has. */
async function rowsNotElsewhere(segment: SealedSegment, others: readonly Known[]): Promise<Bitset> {
  const turns = new Turns()
  const rows = new Bitset(segment.rows)
  for (let row = 0; row < segment.rows; row++) {
    if (turns.due) await turns.take()
    const id = segment.idOf(row)
    if (segment.findRow(id) !== row) continue
    if (others.every((other) => other.segment.findRow(id, other.live) === NO_ROW)) rows.set(row)
  }
  return rows
}

async function write(
  storage: StorageBackend,
  { id, rows }: SealedSegment,
  live: Bitset,
): Promise<StoredSegment['deletions']> {
  if (live.count() === rows) return null
  const prefix = `s${id}.deleted-`
  const versions = (await storage.list()).flatMap(({ name }) =>
    name.startsWith(prefix) ? [Number(name.slice(prefix.length))] : [],
  )
  return await writeDeletions(storage, id, Math.max(0, ...versions) + 1, live)
}
