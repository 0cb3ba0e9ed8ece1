import { type Bitset, NO_ROW, OmenError } from '@omen/core'

/** Rows of an index that is to be merged with others. */
export interface PlanSource {
  /** Rows ever given out. */
  readonly rows: number
  /** Rows to take over. */
  readonly live: Bitset
  /** Whether its graph can be built upon; true when left out. */
  readonly usable?: boolean
}

/** Where the rows of some indexes go when they become one. */
export interface MergePlan {
  /** The source whose graph is built upon; undefined where all rows are linked anew. */
  readonly base: number | undefined
  /** Rows of the result: 0 … rows − 1, every one of them taken. */
  readonly rows: number
  /** For each source the new number of each of its rows; `NO_ROW` for one that is not taken over. */
  readonly mapping: readonly Uint32Array[]
}

/**
 * The share of a graph's rows that must stay for it to be built upon: to heal a graph that has lost more costs more than to
 * link what is left of it. On 10,000 SIFT rows healing took 0.35 of the time of linking all anew when a tenth was dead, 0.68
 * when half was, and 1.15 when three quarters were.
 */
const MIN_LIVE_SHARE = 0.35

/**
 * Says where rows go in a merge: a pure function, so that several graphs over the same rows agree.
 *
 * The source with the most live rows is the base, where enough of it is live. Its rows keep their numbers, since a row's
 * number decides on which layers of a graph it lies; the numbers of its dead rows are given to those of the other sources,
 * in order, and to its own last ones where there are more gaps than that. Without a base rows are numbered in order of
 * sources, then rows.
 *
 * @throws OmenError `invalid_argument` for live rows beyond those of a source
 */
export function planMerge(sources: readonly PlanSource[]): MergePlan {
  for (const { rows, live } of sources) {
    if (live.length <= rows) continue
    throw new OmenError('invalid_argument', `live has ${live.length} bits for a source of ${rows} rows`)
  }
  const base = chooseBase(sources)
  const mapping = sources.map(({ rows }) => new Uint32Array(rows).fill(NO_ROW))
  const total = sources.reduce((sum, { live }) => sum + live.count(), 0)
  const kept = base === undefined ? undefined : sources[base]
  const order = sources.map((_, i) => i).filter((i) => i !== base)
  let next = 0
  const nextFree = (): number => {
    while (kept && next < kept.rows && kept.live.has(next)) next++
    return next++
  }
  if (kept && base !== undefined) {
    const own = mapping[base] as Uint32Array
    const end = Math.min(kept.rows, total)
    for (let row = 0; row < end; row++) if (kept.live.has(row)) own[row] = row
    for (let row = end; row < kept.rows; row++) if (kept.live.has(row)) own[row] = nextFree()
  }
  for (const i of order) {
    const { rows, live } = sources[i] as PlanSource
    const target = mapping[i] as Uint32Array
    for (let row = 0; row < rows; row++) if (live.has(row)) target[row] = nextFree()
  }
  return { base, rows: total, mapping }
}

function chooseBase(sources: readonly PlanSource[]): number | undefined {
  let base: number | undefined
  let most = 0
  for (const [i, { rows, live, usable = true }] of sources.entries()) {
    const count = live.count()
    if (!usable || count <= most || count < MIN_LIVE_SHARE * rows) continue
    most = count
    base = i
  }
  return base
}
