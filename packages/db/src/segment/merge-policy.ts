/** A sealed segment, as a policy sees it. */
export interface SegmentFacts {
  readonly id: number
  readonly rows: number
  /** Rows that are not deleted. */
  readonly live: number
  /** Whether a derived file of it was damaged, or is to be made again for another reason. */
  readonly stale: boolean
  /** What a merge of it with others holds in memory for its rows. */
  readonly bytes: number
}

export interface MergeOptions {
  /** Segments of about the same size that are merged into one, at least 2. */
  readonly fanIn: number
  /** Live rows that a merged segment may have. */
  readonly maxRows: number
  /** What a merge of several segments may hold in memory. */
  readonly maxBytes: number
  /** A segment of which a larger share is deleted is written again without these. */
  readonly maxDeletedShare: number
  /** Segments of up to so many live rows count as being of the same size: those that are sealed when they are full. */
  readonly smallRows: number
}

export const MERGE_DEFAULTS: MergeOptions = {
  fanIn: 4,
  maxRows: 8_388_608,
  maxBytes: Infinity,
  maxDeletedShare: 0.25,
  smallRows: 131_072,
}

/** Which segments to merge next, by their ids; none when all is well. */
export type MergePolicy = (segments: readonly SegmentFacts[], options: MergeOptions) => readonly number[]

/**
 * Merges by tiers, each `fanIn` times the one below it: every row is written once for each tier it rises through, and no
 * tier keeps more than `fanIn` − 1 segments, unless they are too large to become one. What is stale or has lost many rows goes first, alone.
 *
 * A pure function: the same facts give the same answer.
 */
export const chooseMerge: MergePolicy = (segments, options) => {
  const { fanIn, maxDeletedShare, smallRows } = options
  const urgent =
    segments.find(({ stale }) => stale) ??
    mostDeleted(segments.filter(({ rows, live }) => rows - live > maxDeletedShare * rows))
  if (urgent) return [urgent.id]
  const tiers = new Map<number, SegmentFacts[]>()
  for (const segment of segments) {
    const tier = Math.max(0, Math.ceil(Math.log(segment.live / smallRows) / Math.log(fanIn) - 1e-9))
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment])
  }
  for (const [, tier] of [...tiers].sort(([a], [b]) => a - b)) {
    if (tier.length < fanIn) continue
    const smallest = thatFit(tier.toSorted((a, b) => a.live - b.live).slice(0, fanIn), options)
    if (smallest.length > 1) return idsInOrder(segments, smallest)
  }
  return []
}

/** The first of some segments that may become one. */
function thatFit(
  segments: readonly SegmentFacts[],
  { maxRows, maxBytes }: MergeOptions,
): readonly SegmentFacts[] {
  let [rows, bytes, count] = [0, 0, 0]
  for (const each of segments) {
    rows += each.live
    bytes += each.bytes
    if (rows > maxRows || bytes > maxBytes) break
    count++
  }
  return segments.slice(0, count)
}

/** Never merges: what a test wants that counts segments. */
export const mergeNothing: MergePolicy = () => []

/** Merges all there is into one as soon as there are two, or a row was deleted. */
export const mergeEverything: MergePolicy = (segments) => {
  const [first] = segments
  const alone = segments.length === 1 && first && first.live === first.rows && !first.stale
  return alone ? [] : segments.map(({ id }) => id)
}

function mostDeleted(segments: readonly SegmentFacts[]): SegmentFacts | undefined {
  return segments.toSorted((a, b) => a.live / a.rows - b.live / b.rows)[0]
}

/** The ids of those chosen, in the order of all: merged rows keep the order in which they came. */
function idsInOrder(all: readonly SegmentFacts[], chosen: readonly SegmentFacts[]): number[] {
  return all.filter((segment) => chosen.includes(segment)).map(({ id }) => id)
}
