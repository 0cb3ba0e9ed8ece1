import { type Bitset, NO_ROW } from '@omen/core'
import type { StoredPayloads } from '../payload/payload.ts'
import type { VectorField } from '../schema/field.ts'
import type { FieldVectors } from './field-vectors.ts'
import type { SealedSegment } from './sealed-segment.ts'

/** A segment to be merged, and which of its rows exist. */
export interface MergeSource {
  readonly segment: SealedSegment
  /** Borrowed, and unchanged, until the merge is done. */
  readonly live: Bitset
}

/** The rows of several segments that exist, in their order, as if they were of one: read where they lie. */
export class MergedRows implements StoredPayloads {
  readonly rows: number
  /** Of each source the new number of each row, or `NO_ROW`. */
  readonly mapping: readonly Uint32Array[]
  readonly #sources: readonly MergeSource[]
  /** The old number of each new row. */
  readonly #old: Uint32Array
  /** The first new row of each source. */
  readonly #starts: readonly number[]

  constructor(sources: readonly MergeSource[]) {
    const starts: number[] = []
    const mapping: Uint32Array[] = []
    let rows = 0
    for (const { segment, live } of sources) {
      const numbers = new Uint32Array(segment.rows).fill(NO_ROW)
      starts.push(rows)
      for (const row of live) if (row < segment.rows) numbers[row] = rows++
      mapping.push(numbers)
    }
    this.rows = rows
    this.mapping = mapping
    this.#sources = sources
    this.#starts = starts
    this.#old = new Uint32Array(rows)
    for (const numbers of mapping) {
      for (let old = 0; old < numbers.length; old++) {
        const row = numbers[old] as number
        if (row !== NO_ROW) this.#old[row] = old
      }
    }
  }

  idOf(row: number): string {
    return this.#segmentOf(row).idOf(this.#old[row] as number)
  }

  stored(row: number): Uint8Array {
    return this.#segmentOf(row).payload.stored(this.#old[row] as number)
  }

  versions(): Float64Array {
    return Float64Array.from({ length: this.rows }, (_, row) =>
      this.#segmentOf(row).versionOf(this.#old[row] as number),
    )
  }

  /** Undefined where no row expires. */
  expiry(): Float64Array | undefined {
    if (this.#sources.every(({ segment }) => segment.columns.expiry === undefined)) return undefined
    return Float64Array.from({ length: this.rows }, (_, row) =>
      this.#segmentOf(row).expiresAt(this.#old[row] as number),
    )
  }

  vectors(name: string, field: VectorField): MergedVectors {
    return new MergedVectors(
      field,
      this.#sources.map(({ segment }, i) => ({
        vectors: segment.fields.get(name)?.vectors,
        numbers: this.mapping[i] as Uint32Array,
      })),
      this.rows,
    )
  }

  #segmentOf(row: number): SealedSegment {
    let source = 0
    while ((this.#starts[source + 1] ?? Infinity) <= row) source++
    return (this.#sources[source] as MergeSource).segment
  }
}

/** Bytes that are gathered before they are handed on. */
const BLOCK_BYTES = 1 << 20

/** The vectors of one field of merged rows, read where they lie. */
export class MergedVectors {
  readonly count: number
  readonly field: VectorField
  readonly bytesPerRow: number
  /** The row of each vector; undefined where vector i is row i's. */
  readonly slots: Uint32Array | undefined
  readonly #sources: readonly {
    readonly vectors: FieldVectors
    readonly old: Uint32Array
    readonly start: number
  }[]

  constructor(
    field: VectorField,
    sources: readonly { readonly vectors: FieldVectors | undefined; readonly numbers: Uint32Array }[],
    rows: number,
  ) {
    const slots: number[] = []
    this.#sources = sources.flatMap(({ vectors, numbers }) => {
      if (!vectors) return []
      const start = slots.length
      const old: number[] = []
      for (let slot = 0; slot < vectors.slots.count; slot++) {
        const row = numbers[vectors.slots.rowOf(slot)] as number
        if (row === NO_ROW) continue
        old.push(slot)
        slots.push(row)
      }
      return [{ vectors, old: Uint32Array.from(old), start }]
    })
    this.field = field
    this.count = slots.length
    this.slots = slots.length < rows ? Uint32Array.from(slots) : undefined
    this.bytesPerRow = Math.ceil(field.dimension / 4) * 16
  }

  /** The vectors from … to − 1, one after another: a copy. */
  read(from: number, to: number): Float32Array {
    const { dimension } = this.field
    const copy = new Float32Array((to - from) * dimension)
    const bytes = new Uint8Array(copy.buffer)
    this.#copy(from, to, bytes, dimension * Float32Array.BYTES_PER_ELEMENT)
    return copy
  }

  /** All vectors as a file has them, in blocks. */
  *parts(): Generator<Uint8Array, void, undefined> {
    const rows = Math.max(1, Math.floor(BLOCK_BYTES / this.bytesPerRow))
    for (let from = 0; from < this.count; from += rows) {
      const to = Math.min(from + rows, this.count)
      const block = new Uint8Array((to - from) * this.bytesPerRow)
      this.#copy(from, to, block, this.bytesPerRow)
      yield block
    }
  }

  #copy(from: number, to: number, target: Uint8Array, stride: number): void {
    for (const { vectors, old, start } of this.#sources) {
      const last = Math.min(to, start + old.length)
      for (let i = Math.max(from, start); i < last; i++) {
        const row = vectors.slab.row(old[i - start] as number)
        target.set(stride < row.length ? row.subarray(0, stride) : row, (i - from) * stride)
      }
    }
  }
}
