import { type Bitset, checkQuery, countVectors, NO_ROW, OmenError } from '@omen/core'
import type { PayloadReader } from '../payload/payload.ts'
import { GRAPH_VECTORS } from './active-field.ts'
import { expiredRows, unknownField, unknownRow } from './active-segment.ts'
import { type SearchableField, searchField } from './field-search.ts'
import { References } from './references.ts'
import type { SealedIds } from './sealed-ids.ts'
import type { Segment, SegmentHits, SegmentSearch, SegmentSearchMany, SegmentStats } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { segmentStats } from './segment-stats.ts'

/**
 * Where a row comes from and goes to in a merge, its version, its places in the table of ids and, twice while it is made, in
 * the payload's index; and its share of the vectors on their way.
 */
const BYTES_PER_MERGED_ROW = 150

/** What an opened segment consists of. */
export interface SealedParts {
  readonly files: SegmentFiles
  readonly ids: SealedIds
  readonly versions: Float64Array
  /** Undefined where no row expires. */
  readonly expiry: Float64Array | undefined
  readonly payload: PayloadReader
  readonly fields: ReadonlyMap<string, SearchableField>
  /** Files that were damaged, and are done without: a merge of the segment alone makes them again. */
  readonly damaged: readonly string[]
  /** Resolves when the vectors' and the payload's bytes were compared with their checksums. */
  readonly verified: Promise<void>
  readonly threads: number
  /** Lets go of the files. */
  close(): Promise<void>
}

/**
 * A segment in files, which never change.
 *
 * Where the bytes of its vectors or its payload turn out to be damaged after it was opened, whatever would read them throws
 * `corrupt_segment` from then on, rather than answer wrongly. Its ids were checked before, so that rows can still be deleted.
 */
export class SealedSegment implements Segment {
  readonly id: number
  readonly rows: number
  readonly files: SegmentFiles
  readonly damaged: readonly string[]
  /** @throws OmenError `corrupt_segment` when the bytes of vectors or payload are not those that were written */
  readonly verified: Promise<void>
  /** Whether it was written before its vectors were linked: they are scanned until a merge of it alone links them. */
  readonly unlinked: boolean
  /** About what a merge with others holds in memory for the rows of this one: graphs, ids, numbers. */
  readonly mergeBytes: number
  readonly #parts: SealedParts
  readonly #references: References
  #closing: Promise<void> = Promise.resolve()
  #corrupt: OmenError | undefined

  constructor(parts: SealedParts) {
    this.id = parts.files.id
    this.rows = parts.files.rows
    this.files = parts.files
    this.damaged = parts.damaged
    this.verified = parts.verified
    this.verified.catch((error: unknown) => {
      if (error instanceof OmenError && error.code === 'corrupt_segment') this.#corrupt = error
    })
    this.#parts = parts
    this.#references = new References(() => {
      this.#closing = parts.close()
    })
    this.unlinked = [...parts.fields.values()].some(
      ({ field, graph, vectors }) => !graph && field.index !== 'flat' && vectors.count >= GRAPH_VECTORS,
    )
    const { ids = 0, vectors = 0, graphs = 0 } = this.stats().bytes
    // A graph takes less than the vectors it is for.
    this.mergeBytes = this.rows * BYTES_PER_MERGED_ROW + ids + (this.unlinked ? vectors : graphs)
  }

  /** Why its vectors and payload are not read any more; undefined as long as nothing speaks against it. */
  get corrupt(): OmenError | undefined {
    return this.#corrupt
  }

  /** @throws OmenError `corrupt_segment` */
  get payload(): PayloadReader {
    this.#checkSound()
    return this.#parts.payload
  }

  /** @throws OmenError `corrupt_segment` */
  get fields(): ReadonlyMap<string, SearchableField> {
    this.#checkSound()
    return this.#parts.fields
  }

  findRow(id: string, accept?: Bitset): number {
    return this.#parts.ids.find(id, accept)
  }

  rowsOf(id: string): Iterable<number> {
    return this.#parts.ids.rowsOf(id)
  }

  idOf(row: number): string {
    const id = this.#parts.ids.idOf(row)
    if (id === undefined) throw unknownRow(row, this.rows)
    return id
  }

  idsOf(rows: Uint32Array): string[] {
    return this.#parts.ids.idsOf(rows) ?? Array.from(rows, (row) => this.idOf(row))
  }

  versionOf(row: number): number {
    this.#check(row)
    return this.#parts.versions[row] as number
  }

  expiresAt(row: number): number {
    this.#check(row)
    return this.#parts.expiry?.[row] ?? Infinity
  }

  expired(nowMs: number): Bitset | undefined {
    const { expiry } = this.#parts
    return expiry && expiredRows(expiry, nowMs)
  }

  vector(field: string, row: number): Float32Array | undefined {
    const { vectors } = this.#field(field)
    this.#check(row)
    const slot = vectors.slots.slotOf(row)
    return slot === NO_ROW ? undefined : vectors.vector(slot)
  }

  async search(field: string, query: Float32Array, search: SegmentSearch): Promise<SegmentHits> {
    const searched = this.#field(field)
    checkQuery(query, searched.vectors.shape)
    this.#references.retain()
    try {
      const hits = await searchField(searched, query, search, this.rows, this.#parts.threads)
      return hits[0] as SegmentHits
    } finally {
      this.#references.release()
    }
  }

  searchMany(field: string, queries: Float32Array, search: SegmentSearchMany): Promise<SegmentHits[]> {
    return this.#references.during(async () => {
      const searched = this.#field(field)
      countVectors(queries, searched.vectors.shape)
      return searchField(searched, queries, search, this.rows, this.#parts.threads)
    })
  }

  stats(): SegmentStats {
    const { fields, ids, versions, expiry, payload } = this.#parts
    return segmentStats(this.rows, fields, {
      ids: ids.sizeBytes,
      versions: versions.byteLength,
      expiry: expiry?.byteLength ?? 0,
      payload: payload.bytes.store,
      payloadIndex: payload.bytes.index,
    })
  }

  /** What rows are, for whoever writes them elsewhere: borrowed. */
  get columns(): { readonly versions: Float64Array; readonly expiry: Float64Array | undefined } {
    return { versions: this.#parts.versions, expiry: this.#parts.expiry }
  }

  /** Resolves when the files are let go of, after the last `release`. */
  get closed(): Promise<void> {
    return this.#closing
  }

  retain(): void {
    this.#references.retain()
  }

  release(): void {
    this.#references.release()
  }

  #checkSound(): void {
    if (this.#corrupt) throw this.#corrupt
  }

  #check(row: number): void {
    if (!(Number.isInteger(row) && row >= 0 && row < this.rows)) throw unknownRow(row, this.rows)
  }

  #field(name: string): SearchableField {
    const field = this.fields.get(name)
    if (!field) throw unknownField(name, this.fields.keys())
    return field
  }
}
