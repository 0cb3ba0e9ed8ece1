import { Bitset, NO_ROW } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { Segment } from '../segment/segment.ts'

/** A segment as it was at one moment. */
export interface SegmentView {
  readonly segment: Segment
  /** Rows given out then; those behind came later. */
  readonly rows: number
  /** How many of them there were. */
  readonly liveRows: number
  /** Which of them there were; undefined for all. Never changes. */
  readonly live: Bitset | undefined
}

/**
 * A collection as it was at one moment: what a search or a snapshot reads, while writes go on.
 *
 * Its segments stay open until the last reader has let go of it.
 */
export class View {
  readonly schema: CheckedSchema
  /** From the oldest to the newest; none without rows. */
  readonly segments: readonly SegmentView[]
  /** The last record of the log that it knows. */
  readonly sequence: number
  readonly rows: number
  /** Until when it is true: then a row of it expires. */
  readonly validUntil: number
  #readers = 1

  constructor(schema: CheckedSchema, segments: readonly SegmentView[], sequence: number, validUntil: number) {
    this.schema = schema
    this.segments = segments.filter(({ liveRows }) => liveRows > 0)
    this.sequence = sequence
    this.validUntil = validUntil
    this.rows = this.segments.reduce((sum, { liveRows }) => sum + liveRows, 0)
    for (const { segment } of this.segments) segment.retain()
  }

  retain(): this {
    this.#readers++
    return this
  }

  release(): void {
    this.#readers--
    if (this.#readers > 0) return
    for (const { segment } of this.segments) segment.release()
  }

  /** Where the row of an id is. */
  find(id: string): { segment: SegmentView; row: number } | undefined {
    for (let i = this.segments.length - 1; i >= 0; i--) {
      const segment = this.segments[i] as SegmentView
      const row = findIn(segment, id)
      if (row !== NO_ROW) return { segment, row }
    }
    return undefined
  }
}

function findIn({ segment, live, rows }: SegmentView, id: string): number {
  const row = segment.findRow(id, live)
  // The newest row of the id may have come later than this view: then an older one may be what it knows.
  return row === NO_ROW || row < rows ? row : segment.findRow(id, Bitset.full(rows))
}
