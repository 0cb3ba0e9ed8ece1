import type { Workers } from './accelerator.ts'
import type { Bitset } from './bitset.ts'
import type { Codes } from './codes.ts'
import { OmenError, throwIfAborted } from './errors.ts'
import { elementsPerVector, type Vectors, vectorError } from './metric.ts'
import type { Scorer } from './quantizer.ts'
import { clampDistance, TopK } from './top-k.ts'
import { Turns } from './turn.ts'
import type { AddOptions, SearchResult } from './vector-index.ts'

/** Rows scored at a time: about a hundred microseconds' worth, so that the clock is looked at often enough. */
const COMPONENTS_PER_STEP = 131_072
const MAX_ROWS_PER_STEP = 1024
/** A bitset's word is taken whole. */
const MIN_ROWS_PER_STEP = 32

export interface FlatScanOptions {
  readonly prepared: Vectors
  /** The query's place in its batch, for errors. */
  readonly index: number
  /** Undefined: there is nothing to scan. */
  readonly codes: Codes | undefined
  /** Read as the scan goes: rows removed meanwhile may be left out. */
  readonly live: Bitset
  readonly rowCount: number
  readonly k: number
  readonly accept: Bitset | undefined
  readonly radius: number
}

/** One exact search in TypeScript, in steps, so that the event loop can have its turn between them. */
export class FlatScan {
  readonly #options: FlatScanOptions
  readonly #top: TopK
  readonly #scorer: Scorer | undefined
  readonly #rows: Uint32Array
  readonly #distances: Float32Array
  #next = 0

  /** @throws OmenError `out_of_range` for a query that the codes cannot hold */
  constructor(options: FlatScanOptions) {
    const { codes, prepared, index } = options
    this.#options = options
    this.#top = new TopK(options.k)
    this.#scorer = codes?.scorer()
    const dimension = codes?.codec.shape.dimension ?? 1
    const rows = Math.min(
      MAX_ROWS_PER_STEP,
      Math.max(MIN_ROWS_PER_STEP, Math.floor(COMPONENTS_PER_STEP / dimension)),
    )
    this.#rows = new Uint32Array(rows)
    this.#distances = new Float32Array(rows)
    try {
      this.#scorer?.bind(prepared)
    } catch (error) {
      if (error instanceof OmenError && error.code === 'out_of_range')
        throw vectorError('out_of_range', index)
      throw error
    }
  }

  /**
   * Runs to the end, the event loop having its turns.
   *
   * @param check called after each turn; what it throws ends the scan
   */
  async finish(check: () => void): Promise<void> {
    const turns = new Turns()
    while (this.#step()) {
      if (!turns.due) continue
      await turns.take()
      check()
    }
  }

  finishSync(): void {
    while (this.#step());
  }

  /** The rows found, once the scan has finished. */
  take(): SearchResult {
    return this.#top.take()
  }

  /** Scores the next rows; false when there are none left. */
  #step(): boolean {
    const { codes, radius } = this.#options
    if (!codes || !this.#scorer) return false
    const { metric } = codes.codec.shape
    const count = this.#gather()
    this.#scorer.score(this.#rows, count, this.#distances)
    for (let i = 0; i < count; i++) {
      const distance = clampDistance(metric, this.#distances[i] as number)
      if (distance <= radius) this.#top.push(distance, this.#rows[i] as number)
    }
    return this.#next < this.#options.rowCount
  }

  /** Collects the next rows that may be returned; returns how many. */
  #gather(): number {
    const { accept, rowCount } = this.#options
    const live = this.#options.live.words
    const rows = this.#rows
    let count = 0
    while (this.#next < rowCount && count + 32 <= rows.length) {
      const at = this.#next >>> 5
      let word = live[at] as number
      if (accept) word &= accept.words[at] ?? 0
      // Rows that were added since the scan began may be among the last word's.
      if (rowCount - this.#next < 32) word &= 0xffffffff >>> (32 - (rowCount - this.#next))
      while (word !== 0) {
        rows[count++] = this.#next + 31 - Math.clz32(word & -word)
        word &= word - 1
      }
      this.#next += 32
    }
    return count
  }
}

/** Vectors encoded between two reports of progress. */
const VECTORS_PER_PIECE = 16_384

/**
 * Encodes vectors into rows a piece at a time, between which it reports progress and heeds the signal.
 *
 * @param check called between pieces; what it throws ends the encoding
 */
export async function encodeInPieces(
  codes: Codes,
  vectors: Vectors,
  rows: Uint32Array,
  workers: Workers,
  options: AddOptions,
  check: () => void,
): Promise<void> {
  const elements = elementsPerVector(codes.codec.shape)
  for (let start = 0; start < rows.length; start += VECTORS_PER_PIECE) {
    const end = Math.min(start + VECTORS_PER_PIECE, rows.length)
    const piece = vectors.subarray(start * elements, end * elements)
    await codes.encode(piece, rows.subarray(start, end), workers, start)
    check()
    throwIfAborted(options.signal)
    options.onProgress?.({ done: end, total: rows.length })
  }
}
