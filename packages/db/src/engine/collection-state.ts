import { NO_ROW, OmenError, Queue } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { RowBlock } from '../rows/row-block.ts'
import type { ActiveSegment } from '../segment/active-segment.ts'
import type { Applied } from './commits.ts'
import type { StoredCollection } from './manifest.ts'
import { ActiveState, SealedState, type SegmentState } from './segment-state.ts'
import { View } from './view.ts'
import { WriteGate } from './write-gate.ts'

/** A collection in memory: its segments, and which of their rows there are. Only the changes of the log alter it. */
export class CollectionState {
  readonly id: number
  readonly name: string
  readonly gate: WriteGate = new WriteGate()
  /** Full segments go to disk one after another. */
  readonly sealingQueue: Queue = new Queue()
  /** What exchanges segments on disk does so one after another. */
  readonly mergingQueue: Queue = new Queue()
  #schema: CheckedSchema
  /** From the oldest to the newest: sealed ones, those that are being sealed, and the active one. */
  #segments: SegmentState[]
  #active: ActiveState
  readonly #makeActive: (schema: CheckedSchema) => ActiveSegment
  #view: View | undefined
  #sequence: number
  #dropped = false
  /** What the manifest in force says, or the next one will where there is none yet. */
  stored: StoredCollection
  /** `Commits.bytes` when what it needs to be replayed last became less. */
  bytesAtCheckpoint = 0

  constructor(
    stored: StoredCollection,
    schema: CheckedSchema,
    segments: readonly SegmentState[],
    makeActive: (schema: CheckedSchema) => ActiveSegment,
  ) {
    this.id = stored.id
    this.name = stored.name
    this.stored = stored
    this.#schema = schema
    this.#makeActive = makeActive
    this.#active = new ActiveState(makeActive(schema))
    this.#segments = [...segments, this.#active]
    this.#sequence = stored.from - 1
  }

  get schema(): CheckedSchema {
    return this.#schema
  }

  get segments(): readonly SegmentState[] {
    return this.#segments
  }

  get active(): ActiveState {
    return this.#active
  }

  /** Segments in memory, the one that takes rows last. */
  get growing(): ActiveState[] {
    return this.#segments.filter((segment): segment is ActiveState => segment instanceof ActiveState)
  }

  /** Segments that are full and not on disk yet. */
  get sealing(): ActiveState[] {
    return this.growing.filter((segment) => segment !== this.#active)
  }

  /** Segments on disk. */
  get sealed(): SealedState[] {
    return this.#segments.filter((segment): segment is SealedState => segment instanceof SealedState)
  }

  get dropped(): boolean {
    return this.#dropped
  }

  /** Rows that there are, those that have expired since the last look included. */
  get rows(): number {
    return this.#segments.reduce((sum, { liveRows }) => sum + liveRows, 0)
  }

  /** The last record that it knows. */
  get sequence(): number {
    return this.#sequence
  }

  /** Puts rows in place of those with the same ids. */
  upsert(block: RowBlock, sequence: number): Applied {
    const removed = this.#remove(block.ids)
    const from = this.#active.segment.rows
    this.#active.active.append(block, sequence)
    this.#active.appended(from, block.expiresAt)
    this.#changed(sequence)
    return { sequence, written: block.ids.length, removed }
  }

  delete(ids: readonly string[], sequence: number): Applied {
    const removed = this.#remove(ids)
    this.#changed(sequence)
    return { sequence, written: 0, removed }
  }

  replace(ids: readonly string[], block: RowBlock, sequence: number): Applied {
    const removed = this.#remove(ids)
    const applied = this.upsert(block, sequence)
    return { ...applied, removed: applied.removed + removed }
  }

  #remove(ids: readonly string[]): number {
    let removed = 0
    for (const id of ids) {
      const found = this.#find(id)
      if (!found) continue
      found.segment.remove(found.row)
      removed++
    }
    return removed
  }

  #find(id: string): { segment: SegmentState; row: number } | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i] as SegmentState
      const row = segment.find(id)
      if (row !== NO_ROW) return { segment, row }
    }
    return undefined
  }

  /** Takes a new schema. Its segments are as that says already, and the active one is empty. */
  alter(schema: CheckedSchema): void {
    this.#schema = schema
    const { segment } = this.#active
    this.#active = new ActiveState(this.#makeActive(schema))
    this.#segments[this.#segments.length - 1] = this.#active
    this.#forgetView()
    segment.release()
  }

  drop(): void {
    this.#dropped = true
    this.#forgetView()
    for (const { segment } of this.#segments.splice(0)) segment.release()
  }

  droppedError(): OmenError {
    return new OmenError('not_found', `collection ${JSON.stringify(this.name)} was dropped`)
  }

  #changed(sequence: number): void {
    this.#sequence = sequence
    this.#forgetView()
  }

  #forgetView(): void {
    this.#view?.release()
    this.#view = undefined
  }

  /** Makes the active segment one to be sealed, and begins another; an empty one stays. */
  rotate(): void {
    if (this.#active.segment.rows === 0) return
    this.#active.lastSequence = this.#sequence
    this.#active = new ActiveState(this.#makeActive(this.#schema))
    this.#segments.push(this.#active)
    this.#forgetView()
  }

  /**
   * Puts a segment in place of others; theirs are closed when their last reader lets go.
   *
   * @param next undefined when nothing of them is left
   */
  exchange(old: readonly SegmentState[], next: SegmentState | undefined): void {
    const at = this.#segments.indexOf(old[0] as SegmentState)
    if (at < 0) throw new OmenError('closed', 'the segments were replaced already')
    this.#segments = this.#segments.filter((segment) => !old.includes(segment))
    if (next) this.#segments.splice(at, 0, next)
    this.#forgetView()
    for (const { segment } of old) segment.release()
  }

  /** The collection as it is now. Borrowed: whoever keeps it beyond this turn of the event loop retains it. */
  view(now: number): View {
    const view = this.#view
    if (view && now < view.validUntil) return view
    if (this.#dropped) throw this.droppedError()
    this.#forgetView()
    this.#expire(now)
    const segments = this.#segments.map((segment) => segment.view())
    this.#view = new View(this.#schema, segments, this.#sequence, this.#nextExpiry())
    return this.#view
  }

  #nextExpiry(): number {
    return this.#segments.reduce((next, segment) => Math.min(next, segment.nextExpiry), Infinity)
  }

  #expire(now: number): void {
    if (this.#nextExpiry() > now) return
    for (const segment of this.#segments) segment.expire(now)
  }
}
