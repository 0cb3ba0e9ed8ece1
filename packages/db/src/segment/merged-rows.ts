import { type Bitset, CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT, NO_ROW, roundUp } from '@omen/core'
import type { MergePlan } from '@omen/hnsw'
import type { VectorField } from '@omen/schema'
import type { StoredPayloads } from '../payload/payload.ts'
import type { FieldVectors } from './field-vectors.ts'
import type { SealedSegment } from './sealed-segment.ts'
import { VectorBlock } from './vector-block.ts'

/** A segment to be merged, and which of its rows exist. */
export interface MergeSource {
  readonly segment: SealedSegment
  /** Borrowed, and unchanged, until the merge is done. */
  readonly live: Bitset
}

/** The rows of several segments that exist as if they were of one, under the numbers of a plan: read where they lie. */
export class MergedRows implements StoredPayloads {
  readonly rows: number
  readonly #segments: readonly SealedSegment[]
  /** Of each new row its segment's place and its number there. */
  readonly #origins: Origins

  constructor(segments: readonly SealedSegment[], { rows, mapping }: MergePlan) {
    const origins = { source: new Uint16Array(rows), number: new Uint32Array(rows) }
    for (const [source, numbers] of mapping.entries()) {
      for (let old = 0; old < numbers.length; old++) {
        const row = numbers[old] as number
        if (row === NO_ROW) continue
        origins.source[row] = source
        origins.number[row] = old
      }
    }
    this.rows = rows
    this.#segments = segments
    this.#origins = origins
  }

  idOf(row: number): string {
    return this.#segment(row).idOf(this.#number(row))
  }

  stored(row: number): Uint8Array {
    return this.#segment(row).payload.stored(this.#number(row))
  }

  versions(): Float64Array {
    return this.#gather(this.#segments.map(({ columns }) => columns.versions))
  }

  /** Undefined where no row expires. */
  expiry(): Float64Array | undefined {
    const columns = this.#segments.map(({ columns }) => columns.expiry)
    return columns.every((column) => column === undefined) ? undefined : this.#gather(columns)
  }

  /** A number of each row out of a column of each segment; those of a segment without one are Infinity. */
  #gather(columns: readonly (Float64Array | undefined)[]): Float64Array {
    const { source, number } = this.#origins
    const gathered = new Float64Array(this.rows)
    for (let row = 0; row < gathered.length; row++) {
      gathered[row] = columns[source[row] as number]?.[number[row] as number] ?? Infinity
    }
    return gathered
  }

  vectors(name: string, field: VectorField): MergedVectors {
    return new MergedVectors(
      field,
      this.#segments.map((segment) => segment.fields.get(name)?.vectors),
      this.#origins,
    )
  }

  #segment(row: number): SealedSegment {
    return this.#segments[this.#origins.source[row] as number] as SealedSegment
  }

  #number(row: number): number {
    return this.#origins.number[row] as number
  }
}

/** Where merged rows come from, or merged vectors. */
interface Origins {
  readonly source: Uint16Array
  readonly number: Uint32Array
}

/** Bytes that are gathered before they are handed on. */
const BLOCK_BYTES = 1 << 20
/** Shorter runs of vectors are copied, and others behind them. */
const LONG_RUN = 256

/** The vectors of one field of merged rows, read where they lie. */
export class MergedVectors {
  readonly count: number
  readonly field: VectorField
  readonly bytesPerRow: number
  /** The row of each vector; undefined where vector i is row i's. */
  readonly slots: Uint32Array | undefined
  readonly #vectors: readonly (FieldVectors | undefined)[]
  /** Of each vector its segment's place and its slot there. */
  readonly #origins: Origins

  constructor(field: VectorField, vectors: readonly (FieldVectors | undefined)[], rows: Origins) {
    const total = rows.number.length
    const source = new Uint16Array(total)
    const number = new Uint32Array(total)
    const slots = new Uint32Array(total)
    let count = 0
    for (let row = 0; row < total; row++) {
      const from = rows.source[row] as number
      const slot = vectors[from]?.slots.slotOf(rows.number[row] as number) ?? NO_ROW
      if (slot === NO_ROW) continue
      source[count] = from
      number[count] = slot
      slots[count++] = row
    }
    this.field = field
    this.count = count
    this.slots = count < total ? slots.subarray(0, count) : undefined
    this.bytesPerRow = roundUp(field.dimension * Float32Array.BYTES_PER_ELEMENT, 16)
    this.#vectors = vectors
    this.#origins = { source, number }
  }

  /** The vectors from … to − 1, one after another: a copy, in the block where one is given. */
  read(from: number, to: number, block: VectorBlock = new VectorBlock(this.field.dimension)): Float32Array {
    const { dimension } = this.field
    const copy = block.of(to - from)
    const bytes = new Uint8Array(copy.buffer)
    this.#copy(from, to, bytes, dimension * Float32Array.BYTES_PER_ELEMENT)
    return copy
  }

  /** All vectors as a file has them, in blocks: views of where they lie, where enough of them lie one after another. */
  *parts(): Generator<Uint8Array, void, undefined> {
    const most = Math.max(1, Math.floor(BLOCK_BYTES / this.bytesPerRow))
    for (let from = 0; from < this.count; ) {
      let to = this.#runFrom(from, most)
      if (to - from >= LONG_RUN) {
        yield this.#view(from, to)
      } else {
        to = Math.min(from + most, this.count)
        const block = new Uint8Array((to - from) * this.bytesPerRow)
        this.#copy(from, to, block, this.bytesPerRow)
        yield block
      }
      from = to
    }
  }

  /** The end of the run of vectors from one on that lie one after another, in one chunk. */
  #runFrom(from: number, most: number): number {
    const { source, number } = this.#origins
    const [segment, first] = [source[from], number[from] as number]
    const end = Math.min(from + most, this.count, from + CHUNK_ROWS - (first & CHUNK_MASK))
    let to = from + 1
    while (to < end && source[to] === segment && number[to] === first + to - from) to++
    return to
  }

  /** The vectors of a run: borrowed. */
  #view(from: number, to: number): Uint8Array {
    const { slab } = this.#vectors[this.#origins.source[from] as number] as FieldVectors
    const first = this.#origins.number[from] as number
    const chunk = slab.chunks[first >>> CHUNK_SHIFT] as Uint8Array
    const start = (first & CHUNK_MASK) * this.bytesPerRow
    return chunk.subarray(start, start + (to - from) * this.bytesPerRow)
  }

  #copy(from: number, to: number, target: Uint8Array, stride: number): void {
    const { source, number } = this.#origins
    for (let i = from; i < to; i++) {
      const vectors = this.#vectors[source[i] as number] as FieldVectors
      const row = vectors.slab.row(number[i] as number)
      target.set(stride < row.length ? row.subarray(0, stride) : row, (i - from) * stride)
    }
  }
}
