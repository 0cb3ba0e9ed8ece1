import { Bitset, NO_ROW, Queue } from '@omen/core'
import type { LinkOptions } from '../segment/active-field.ts'
import type { ActiveSegment } from '../segment/active-segment.ts'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import type { Segment } from '../segment/segment.ts'
import { Expiries } from './expiry.ts'
import type { StoredDeletions, StoredSegment } from './manifest.ts'
import type { SegmentView } from './view.ts'

/** A segment, and which of its rows there still are. */
export class SegmentState {
  readonly segment: Segment
  /** Undefined while every row is there. */
  #live: Bitset | undefined
  #liveRows: number
  /** Whether a view borrows the bits: the next change works on a copy. */
  #shared = false
  readonly #expiries: Expiries = new Expiries()
  #view: SegmentView | undefined

  /** @param live rows that there still are: borrowed, and not changed; undefined for all */
  constructor(segment: Segment, live?: Bitset) {
    this.segment = segment
    this.#live = live
    this.#shared = true
    this.#liveRows = live ? live.count() : segment.rows
    // Of a segment in which rows expire it is not known when the first one does: the first view will look.
    if (segment.expired(-Infinity)) this.#expiries.add(NO_ROW, -Infinity)
  }

  /** Rows that there are. */
  get liveRows(): number {
    return this.#liveRows
  }

  get deletedRows(): number {
    return this.segment.rows - this.#liveRows
  }

  /** Bytes that say which rows there are. */
  get liveBytes(): number {
    return this.#live?.sizeBytes ?? 0
  }

  isLive(row: number): boolean {
    return this.#live ? this.#live.has(row) : row < this.segment.rows
  }

  /** The row of an id, or `NO_ROW`. At most one row of an id is there, and it is the newest. */
  find(id: string): number {
    return this.segment.findRow(id, this.#live)
  }

  /** Takes a row away that is there. */
  remove(row: number): void {
    this.#changeLive().clear(row)
    this.#liveRows--
  }

  /** Says that rows were appended, from this one on, some of which may expire. */
  appended(from: number, expiresAt: Float64Array | undefined): void {
    const to = this.segment.rows
    this.#liveRows += to - from
    this.#view = undefined
    if (this.#live) {
      const live = this.#changeLive()
      live.grow(to)
      for (let row = from; row < to; row++) live.set(row)
    }
    for (const [i, at] of expiresAt?.entries() ?? []) if (at !== Infinity) this.#expiries.add(from + i, at)
  }

  #changeLive(): Bitset {
    this.#view = undefined
    if (this.#shared || !this.#live) this.#live = this.#live?.clone() ?? Bitset.full(this.segment.rows)
    this.#shared = false
    return this.#live
  }

  /** No row expires before this moment. */
  get nextExpiry(): number {
    return this.#expiries.next
  }

  /** Takes away the rows that have expired, and says how many there were. */
  expire(now: number): number {
    const before = this.#liveRows
    for (const row of this.#expiries.take(now, this.segment)) if (this.isLive(row)) this.remove(row)
    return before - this.#liveRows
  }

  /** The rows that there are now: it never changes. */
  view(): SegmentView {
    if (!this.#view) {
      this.#shared = true
      this.#view = {
        segment: this.segment,
        rows: this.segment.rows,
        liveRows: this.#liveRows,
        live: this.#live,
      }
    }
    return this.#view
  }
}

/** The segment of a collection that takes new rows, or did and is not on disk yet. */
export class ActiveState extends SegmentState {
  readonly active: ActiveSegment
  /** The last record of the collection before the next segment; 0 while there is none. */
  lastSequence = 0

  readonly #linking: Queue = new Queue()

  constructor(segment: ActiveSegment) {
    super(segment)
    this.active = segment
  }

  /** Links waiting vectors, behind whoever does so already. @throws OmenError `aborted`, `closed` */
  link(limit: number, options: LinkOptions): Promise<number> {
    return this.#linking.run(() => this.active.link(limit, options))
  }
}

/** A segment on disk. */
export class SealedState extends SegmentState {
  readonly sealed: SealedSegment
  /** What the manifest in force says of it, or the next one will. */
  stored: StoredSegment
  /** The last version of its deletions that was written, be it for a manifest that never came into force. */
  deletionsVersion: number

  /**
   * @param live rows that there are: borrowed, and not changed; undefined for all
   * @param deletions what the manifest in force says of them
   */
  constructor(segment: SealedSegment, live: Bitset | undefined, deletions: StoredDeletions | null = null) {
    super(segment, live)
    this.sealed = segment
    this.stored = { files: segment.files, deletions }
    this.deletionsVersion = deletions?.version ?? 0
  }

  /** Whether a file of it is missing or damaged that a merge of it alone makes again. */
  get stale(): boolean {
    return this.sealed.unlinked || this.sealed.damaged.length > 0
  }

  /** Whether rows were deleted since the manifest in force was written. */
  get changed(): boolean {
    return this.deletedRows !== (this.stored.deletions?.deleted ?? 0)
  }

  /** Takes away the rows that are not in a set; undefined for one of all rows. */
  keepOnly(live: Bitset | undefined): void {
    const { live: before } = this.view()
    if (!live) return
    for (const row of (before?.clone() ?? Bitset.full(this.segment.rows)).andNot(live)) this.remove(row)
  }
}
