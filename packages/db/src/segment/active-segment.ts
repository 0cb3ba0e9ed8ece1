import { type Accelerator, Bitset, checkQuery, countVectors, NO_ROW, OmenError, Queue } from '@omen/core'
import { accelerator as nativeAccelerator } from '@omen/native'
import type { CheckedSchema } from '@omen/schema/check'
import { ActivePayload } from '../payload/active-payload.ts'
import type { RowBlock } from '../rows/row-block.ts'
import { ActiveField, GRAPH_VECTORS, type LinkOptions } from './active-field.ts'
import { ActiveIds } from './active-ids.ts'
import { searchField } from './field-search.ts'
import { NumberColumn } from './number-column.ts'
import { References } from './references.ts'
import type { Segment, SegmentHits, SegmentSearch, SegmentSearchMany, SegmentStats } from './segment.ts'
import { segmentStats } from './segment-stats.ts'

export interface ActiveSegmentOptions {
  readonly id: number
  readonly schema: CheckedSchema
  /** Makes it faster, with the same answers: that of `@omen/native` when left out, none for `null`. */
  readonly accelerator?: Accelerator | null
  /** Vectors that a field must have for a graph; 4096 when left out: fewer are scanned as fast. */
  readonly graphFrom?: number
}

/**
 * The segment that rows are written to, in memory. A row is found from the moment it is appended: it is scanned exactly
 * until `link` has put it into its fields' graphs.
 */
export class ActiveSegment implements Segment {
  readonly id: number
  readonly payload: ActivePayload
  readonly fields: ReadonlyMap<string, ActiveField>
  readonly #ids: ActiveIds = new ActiveIds()
  readonly #versions: NumberColumn = new NumberColumn()
  /** Empty as long as no row ever expires. */
  readonly #expiry: NumberColumn = new NumberColumn()
  readonly #references: References
  readonly #links: Queue = new Queue()
  readonly #threads: number

  constructor({ id, schema, graphFrom = GRAPH_VECTORS, ...options }: ActiveSegmentOptions) {
    const accelerator = options.accelerator === undefined ? nativeAccelerator() : options.accelerator
    this.id = id
    this.payload = new ActivePayload(schema)
    this.fields = new Map(
      [...schema.vectors].map(([name, field]) => [
        name,
        new ActiveField(field, accelerator ?? undefined, graphFrom),
      ]),
    )
    this.#threads = accelerator?.doctor().threads ?? 1
    this.#references = new References(() => {
      for (const field of this.fields.values()) void field.close()
    })
  }

  get rows(): number {
    return this.#ids.rows
  }

  /** Vectors that wait to be linked, of the field that has the most. */
  get pending(): number {
    let most = 0
    for (const field of this.fields.values()) most = Math.max(most, field.pending)
    return most
  }

  /** Whether any row expires one day. */
  get expires(): boolean {
    return this.#expiry.count > 0
  }

  /**
   * Appends rows, at once and all of them: the next search finds them.
   *
   * @param block one that was checked against the segment's schema: copied
   * @param sequence of the log record it comes from
   * @returns the row of the first; the others follow
   */
  append(block: RowBlock, sequence: number): number {
    const { ids, vectors, payloads, expiresAt } = block
    const first = this.rows
    for (const [name, field] of this.fields) {
      const column = vectors.get(name)
      if (column) field.append(column, first, ids.length)
    }
    this.payload.append(payloads)
    this.#versions.append(sequence, ids.length)
    if (expiresAt && !this.expires) this.#expiry.append(Infinity, first)
    if (expiresAt) this.#expiry.appendAll(expiresAt)
    else if (this.expires) this.#expiry.append(Infinity, ids.length)
    this.#ids.append(ids)
    return first
  }

  /**
   * Links waiting vectors of every field into its graph, in the background. Calls wait for each other; rows may be appended
   * and searched meanwhile.
   *
   * @param limit the most vectors to link of each field; all that wait when left out
   * @returns how many were linked
   * @throws OmenError `aborted`, `closed`: what was linked until then stays
   */
  link(limit: number = Number.POSITIVE_INFINITY, options: LinkOptions = {}): Promise<number> {
    const linkFields = async (): Promise<number> => {
      let linked = 0
      for (const field of this.fields.values()) linked += await field.link(limit, options)
      return linked
    }
    return this.#references.during(() => this.#links.run(linkFields, options.signal))
  }

  findRow(id: string, accept?: Bitset): number {
    return this.#ids.find(id, accept)
  }

  rowsOf(id: string): Iterable<number> {
    return this.#ids.rowsOf(id)
  }

  idOf(row: number): string {
    const id = this.#ids.idOf(row)
    if (id === undefined) throw unknownRow(row, this.rows)
    return id
  }

  idsOf(rows: Uint32Array): string[] {
    return Array.from(rows, (row) => this.idOf(row))
  }

  versionOf(row: number): number {
    this.idOf(row)
    return this.#versions.at(row)
  }

  expiresAt(row: number): number {
    this.idOf(row)
    return this.expires ? this.#expiry.at(row) : Infinity
  }

  expired(nowMs: number): Bitset | undefined {
    return this.expires ? expiredRows(this.#expiry.values, nowMs) : undefined
  }

  vector(field: string, row: number): Float32Array | undefined {
    const { vectors } = this.#field(field)
    this.idOf(row)
    const slot = vectors.slots.slotOf(row)
    return slot === NO_ROW ? undefined : vectors.vector(slot)
  }

  async search(field: string, query: Float32Array, search: SegmentSearch): Promise<SegmentHits> {
    const searched = this.#field(field)
    checkQuery(query, searched.vectors.shape)
    this.#references.retain()
    try {
      const hits = await searchField(searched, query, search, this.rows, this.#threads)
      return hits[0] as SegmentHits
    } finally {
      this.#references.release()
    }
  }

  searchMany(field: string, queries: Float32Array, search: SegmentSearchMany): Promise<SegmentHits[]> {
    return this.#references.during(async () => {
      const searched = this.#field(field)
      countVectors(queries, searched.vectors.shape)
      return searchField(searched, queries, search, this.rows, this.#threads)
    })
  }

  stats(): SegmentStats {
    return segmentStats(this.rows, this.fields, {
      ids: this.#ids.bytes,
      versions: this.#versions.bytes,
      expiry: this.#expiry.bytes,
      payload: this.payload.bytes.store,
      payloadIndex: this.payload.bytes.index,
    })
  }

  /** What a row was, for whoever writes it elsewhere: borrowed, valid until the next append. */
  get columns(): { readonly versions: Float64Array; readonly expiry: Float64Array | undefined } {
    return {
      versions: this.#versions.values,
      expiry: this.expires ? this.#expiry.values : undefined,
    }
  }

  retain(): void {
    this.#references.retain()
  }

  release(): void {
    this.#references.release()
  }

  #field(name: string): ActiveField {
    const field = this.fields.get(name)
    if (!field) throw unknownField(name, this.fields.keys())
    return field
  }
}

/** The error for a row that was never given out. */
export function unknownRow(row: number, rows: number): OmenError {
  return new OmenError('unknown_row', `row ${String(row)} was never given out: there are ${rows}`)
}

/** The error for a field that there is not, naming those that there are. */
export function unknownField(name: string, known: Iterable<string>): OmenError {
  const names = [...known].join(', ') || 'none at all'
  return new OmenError(
    'unknown_field',
    `there is no vector field ${JSON.stringify(name)}: there are ${names}`,
  )
}

/** The rows whose expiry lies at or before a point in time. */
export function expiredRows(expiry: Float64Array, nowMs: number): Bitset {
  const words = new Uint32Array(Math.ceil(expiry.length / 32))
  for (let row = 0; row < expiry.length; row++) {
    if ((expiry[row] as number) <= nowMs) words[row >>> 5] = (words[row >>> 5] as number) | (1 << (row & 31))
  }
  return Bitset.fromWords(words, expiry.length)
}
