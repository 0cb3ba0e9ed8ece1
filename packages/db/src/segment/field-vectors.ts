import {
  type Accelerator,
  Bitset,
  CHUNK_MASK,
  CHUNK_ROWS,
  CHUNK_SHIFT,
  Codes,
  FlatScan,
  type FloatShape,
  given,
  NO_ROW,
  prepareVectors,
  type SearchResult,
  type Slab,
  settleResults,
  throwIfAborted,
  vectorError,
} from '@omen/core'
import type { VectorColumn } from '../rows/row-block.ts'
import { SlotRows } from './slot-rows.ts'
import { VectorBlock } from './vector-block.ts'

/** Which slots a scan looks at. */
export interface SlotRange {
  readonly k: number
  /** Slots from … to − 1. */
  readonly from: number
  readonly to: number
  /** Slots that may be returned: undefined for all. */
  readonly accept: Bitset | undefined
  readonly radius: number
  readonly threads: number
  readonly signal: AbortSignal | undefined
}

/**
 * The vectors of one field of a segment as they were given, bit for bit: the only copy, which exact distances come from.
 *
 * They lie densely, in the order of the rows that have one: a slot is a place among them, and the row number that the
 * field's graph knows. Where every row has a vector, slot and row are the same number.
 */
export class FieldVectors {
  readonly shape: FloatShape
  readonly slots: SlotRows
  readonly #codes: Codes

  /** @param stored vectors that are there already, and which rows have them; none when left out */
  constructor(
    shape: FloatShape,
    accelerator: Accelerator | undefined,
    stored?: { readonly slab: Slab; readonly slots: SlotRows },
  ) {
    this.shape = shape
    this.slots = stored?.slots ?? new SlotRows()
    this.#codes = new Codes(given(shape), accelerator, stored?.slab)
  }

  get count(): number {
    return this.slots.count
  }

  /** For whoever compares by them itself, under the numbers of slots: borrowed. */
  get codes(): Codes {
    return this.#codes
  }

  get slab(): Slab {
    return this.#codes.slab
  }

  /** Bytes of the vectors and of the list of rows that have one. */
  get bytes(): number {
    return this.slab.bytesFor(this.slots.count) + this.slots.bytes
  }

  /**
   * Appends the vectors of rows.
   *
   * @param column copied
   * @param from the first of these rows
   */
  append(column: VectorColumn, from: number, rows: number): void {
    const { dimension } = this.shape
    const { values, present } = column
    const first = this.slots.count
    this.slab.ensure(first + rows)
    let slot = first
    for (let i = 0; i < rows; ) {
      if (present && !present.has(i)) {
        i++
        continue
      }
      let end = i + 1
      while (end < rows && (!present || present.has(end))) end++
      this.#put(values.subarray(i * dimension, end * dimension), slot)
      slot += end - i
      i = end
    }
    this.slots.append(present, from, rows)
  }

  /** Copies whole vectors into slots from `slot` on, as many at a time as lie in one chunk. */
  #put(vectors: Float32Array, slot: number): void {
    const { dimension } = this.shape
    const { slab } = this
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
    const size = dimension * Float32Array.BYTES_PER_ELEMENT
    const dense = size === slab.bytesPerRow
    const count = vectors.length / dimension
    for (let i = 0; i < count; ) {
      const at = slot + i
      const many = dense ? Math.min(count - i, CHUNK_ROWS - (at & CHUNK_MASK)) : 1
      const chunk = slab.chunks[at >>> CHUNK_SHIFT] as Uint8Array
      chunk.set(bytes.subarray(i * size, (i + many) * size), (at & CHUNK_MASK) * slab.bytesPerRow)
      i += many
    }
  }

  /** The vector in a slot: a copy. */
  vector(slot: number): Float32Array {
    return this.read(slot, slot + 1)
  }

  /** The vectors in slots from … to − 1, one after another: a copy, in the block where one is given. */
  read(from: number, to: number, block: VectorBlock = new VectorBlock(this.shape.dimension)): Float32Array {
    const { dimension } = this.shape
    const { slab } = this
    const size = dimension * Float32Array.BYTES_PER_ELEMENT
    const copy = block.of(to - from)
    const bytes = new Uint8Array(copy.buffer)
    const dense = size === slab.bytesPerRow
    for (let slot = from; slot < to; ) {
      const many = dense ? Math.min(to - slot, CHUNK_ROWS - (slot & CHUNK_MASK)) : 1
      const chunk = slab.chunks[slot >>> CHUNK_SHIFT] as Uint8Array
      const at = (slot & CHUNK_MASK) * slab.bytesPerRow
      bytes.set(chunk.subarray(at, at + many * size), (slot - from) * size)
      slot += many
    }
    return copy
  }

  /**
   * Compares valid queries with all slots of a range, exactly.
   *
   * @param queries queries x dimension: borrowed until the promise settles
   * @returns of each query the closest slots, ties by slot
   */
  async scan(queries: Float32Array, range: SlotRange): Promise<SearchResult[]> {
    const count = queries.length / this.shape.dimension
    const k = Math.min(range.k, range.to - range.from)
    if (k <= 0) return Array.from({ length: count }, nothing)
    throwIfAborted(range.signal)
    return this.#codes.native ? this.#scanNatively(queries, count, k, range) : this.#scan(queries, k, range)
  }

  async #scanNatively(
    queries: Float32Array,
    count: number,
    k: number,
    range: SlotRange,
  ): Promise<SearchResult[]> {
    const { native } = this.#codes
    const out = {
      rows: new Uint32Array(count * k).fill(NO_ROW),
      distances: new Float32Array(count * k),
      counts: new Uint32Array(count),
    }
    const accept = acceptedIn(range)?.words
    const refusal = await native?.scan(queries, k, range.to, accept, range.threads, out)
    if (refusal) throw vectorError(refusal.code, refusal.index)
    throwIfAborted(range.signal)
    return Array.from(out.counts, (found, i) => {
      const rows = out.rows.subarray(i * k, i * k + found)
      const distances = out.distances.subarray(i * k, i * k + found)
      const kept = settleResults(this.shape.metric, rows, distances, range.radius)
      return { rows: rows.subarray(0, kept), distances: distances.subarray(0, kept) }
    })
  }

  async #scan(queries: Float32Array, k: number, range: SlotRange): Promise<SearchResult[]> {
    const { dimension } = this.shape
    // The accelerator refuses what it cannot compare; here nothing else would.
    prepareVectors(queries, this.shape, new Float32Array(queries.length))
    const live = acceptedIn(range) ?? Bitset.full(range.to)
    const found: SearchResult[] = []
    for (let at = 0; at < queries.length; at += dimension) {
      const scan = new FlatScan({
        prepared: queries.subarray(at, at + dimension),
        index: at / dimension,
        codes: this.#codes,
        live,
        rowCount: range.to,
        k,
        accept: undefined,
        radius: range.radius,
      })
      await scan.finish(() => throwIfAborted(range.signal))
      found.push(scan.take())
    }
    return found
  }
}

function nothing(): SearchResult {
  return { rows: new Uint32Array(0), distances: new Float32Array(0) }
}

/** The slots of a range that may be returned, at least `to` bits long; undefined where that is all below its end. */
function acceptedIn({ from, to, accept }: SlotRange): Bitset | undefined {
  if (from === 0 && (!accept || accept.length >= to)) return accept
  const words = new Uint32Array(Math.ceil(to / 32))
  words.fill(0xffffffff, from >>> 5)
  if (from % 32 !== 0) words[from >>> 5] = 0xffffffff << (from % 32)
  const range = Bitset.fromWords(words, to)
  return accept ? range.and(accept) : range
}
