import { Bitset, Turns } from '@omen/core'
import type { CheckedFilter } from '@omen/schema/check'
import type { SegmentView, View } from '../engine/view.ts'

/** Rows of one segment. */
export interface Matches {
  readonly segment: SegmentView
  /** Undefined for every row of the view. */
  readonly rows: Bitset | undefined
}

/** The rows of a segment that there are and that match. The bitset is not changed by anybody. */
export function matchesOf(view: SegmentView, where: CheckedFilter | undefined): Bitset | undefined {
  const { segment, live, rows } = view
  if (!where) return live
  const matches = segment.payload.match(where, (id) => segment.rowsOf(id))
  // Rows that were appended since the view was made are not its rows.
  const there = live
    ? matches.and(live)
    : matches.length > rows
      ? Bitset.fromWords(matches.words, rows)
      : matches
  // A search that may return every row costs half of one that has to ask.
  return there.count() === view.liveRows ? live : there
}

/** The rows of every segment that match, the oldest segment first, with turns for others in between. */
export async function* matching(
  view: View,
  where: CheckedFilter | undefined,
): AsyncGenerator<Matches, void, undefined> {
  const turns = new Turns()
  for (const segment of view.segments) {
    yield { segment, rows: matchesOf(segment, where) }
    if (turns.due) await turns.take()
  }
}

/** The numbers of the rows that match. */
export function* rowNumbers({ segment, rows }: Matches): Generator<number, void, undefined> {
  if (rows) yield* rows
  else for (let row = 0; row < segment.rows; row++) yield row
}

/** How many rows match. */
export async function countMatching(view: View, where: CheckedFilter | undefined): Promise<number> {
  if (!where) return view.rows
  let count = 0
  for await (const { segment, rows } of matching(view, where)) count += rows ? rows.count() : segment.rows
  return count
}
