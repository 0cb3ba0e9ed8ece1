import type { Accelerator, ResultBuffers } from './accelerator.ts'
import { Bitset } from './bitset.ts'
import { Codes } from './codes.ts'
import { OmenError, throwIfAborted } from './errors.ts'
import { type FlatParts, flatContents, readFlat } from './flat-image.ts'
import { encodeInPieces, FlatScan } from './flat-scan.ts'
import type { IndexContents, IndexImage } from './image.ts'
import {
  allocateVectors,
  checkShape,
  countVectors,
  elementsPerVector,
  prepareVectors,
  type Shape,
  type Vectors,
  vectorError,
} from './metric.ts'
import { none } from './none.ts'
import type { Quantizer } from './quantizer.ts'
import { closedError, Queue } from './queue.ts'
import { RetiredRows } from './retired-rows.ts'
import {
  type CheckedSearch,
  checkQuery,
  checkSearch,
  checkWholeNumber,
  countQueries,
} from './search-options.ts'
import { NO_ROW } from './slab.ts'
import { settleResults } from './top-k.ts'
import { trainCodec } from './train.ts'
import type {
  AddOptions,
  IndexStats,
  SearchManyOptions,
  SearchManyResult,
  SearchOptions,
  SearchResult,
  Section,
  VectorIndex,
} from './vector-index.ts'

export interface FlatOptions extends Shape {
  /** Codes to keep, trained on the first vectors added; `none()`, exact, when left out. */
  readonly quantizer?: Quantizer
  /** Makes it faster; the answers are the same. */
  readonly accelerator?: Accelerator
}

export interface FlatOpenOptions {
  /** Where to look for the quantizer that the index was saved with; `none()` is always there. */
  readonly quantizers?: readonly Quantizer[]
  readonly accelerator?: Accelerator
}

/** An exact search looks at every row whatever beam is asked for, and has no finer codes to rescore with. */
const SEARCH_DEFAULTS = { beam: 1, rescore: 1 }

/**
 * The exact index: compares a query with every row. The reference that graph indexes are measured against, and the
 * right choice for up to some ten thousand rows.
 *
 * With a lossy quantizer it is exact by the codes' distances. See `VectorIndex` for what its methods promise.
 */
export class FlatIndex implements VectorIndex {
  readonly shape: Shape
  readonly #quantizer: Quantizer
  readonly #accelerator: Accelerator | undefined
  readonly #threads: number
  readonly #queue: Queue = new Queue()
  readonly #retired: RetiredRows = new RetiredRows()
  /** Absent until the first vectors train the codec. */
  #codes: Codes | undefined
  /** Rows that can be returned. */
  #live: Bitset = new Bitset()
  /** Rows ever given out; those beyond are not yet readable. */
  #rowCount = 0
  #size = 0
  /** Removed rows that may be given out again. */
  #free: number[] = []
  #closed = false

  /** @throws OmenError `unknown_metric`, `invalid_argument` as `checkShape` */
  constructor(options: FlatOptions) {
    const { dimension, metric, quantizer = none(), accelerator } = options
    this.shape = { dimension, metric }
    checkShape(this.shape)
    this.#quantizer = quantizer
    this.#accelerator = accelerator
    this.#threads = accelerator?.doctor().threads ?? 1
  }

  /**
   * Reads an index that `save` wrote.
   *
   * @param image borrowed until the promise settles
   * @throws OmenError `corrupt_index`, `unknown_quantizer` naming the package that is missing, `io`
   */
  static async open(image: IndexImage, options: FlatOpenOptions = {}): Promise<FlatIndex> {
    const { accelerator } = options
    const read = await readFlat(image, [none(), ...(options.quantizers ?? [])], accelerator)
    const index = new FlatIndex({
      ...read.shape,
      quantizer: read.quantizer,
      ...(accelerator ? { accelerator } : {}),
    })
    index.#codes = read.codes
    index.#live = read.live
    index.#rowCount = read.rowCount
    index.#size = read.live.count()
    index.#free = [...read.live.clone().not()]
    return index
  }

  get size(): number {
    return this.#size
  }

  add(vectors: Vectors, options: AddOptions = {}): Promise<Uint32Array> {
    return this.#queue.run(() => {
      const count = countVectors(vectors, this.shape)
      return count === 0 ? new Uint32Array(0) : this.#add(vectors, count, options)
    }, options.signal)
  }

  async #add(vectors: Vectors, count: number, options: AddOptions): Promise<Uint32Array> {
    const workers = {
      threads: checkWholeNumber('threads', options.threads ?? this.#threads),
      background: options.background,
    }
    // Assigned only when all went well: a refused first batch must not have trained the codec.
    const codes =
      this.#codes ?? new Codes(trainCodec(this.#quantizer, vectors, this.shape), this.#accelerator)
    this.#free.push(...this.#retired.reclaim())
    const reused = this.#free.splice(Math.max(0, this.#free.length - count))
    try {
      const rows = this.#rowsFor(count, reused)
      const rowCount = this.#rowCount + count - reused.length
      codes.slab.ensure(rowCount)
      await encodeInPieces(codes, vectors, rows, workers, options, () => this.#checkOpen())
      this.#live.grow(rowCount)
      for (const row of rows) this.#live.set(row)
      this.#codes = codes
      this.#rowCount = rowCount
      this.#size += count
      return rows
    } catch (error) {
      this.#free.push(...reused)
      throw error
    }
  }

  #rowsFor(count: number, reused: readonly number[]): Uint32Array {
    const added = count - reused.length
    if (this.#rowCount + added > NO_ROW) {
      throw new OmenError('full', `an index holds at most ${NO_ROW} rows, and has ${this.#rowCount} already`)
    }
    const rows = new Uint32Array(count)
    rows.set(reused)
    for (let i = 0; i < added; i++) rows[reused.length + i] = this.#rowCount + i
    return rows
  }

  remove(rows: Uint32Array | readonly number[]): Promise<number> {
    return this.#queue.run(() => {
      for (const row of rows) {
        if (!(Number.isInteger(row) && row >= 0 && row < this.#rowCount)) {
          throw new OmenError('unknown_row', `row ${row} was never given out: there are ${this.#rowCount}`)
        }
      }
      const removed: number[] = []
      for (const row of rows) {
        if (!this.#live.has(row)) continue
        this.#live.clear(row)
        removed.push(row)
      }
      this.#retired.retire(removed)
      this.#size -= removed.length
      return removed.length
    })
  }

  has(row: number): boolean {
    this.#checkOpen()
    return this.#live.has(row)
  }

  async search(query: Vectors, options: SearchOptions): Promise<SearchResult> {
    const search = this.#check(options)
    checkQuery(query, this.shape)
    const epoch = this.#retired.enter()
    try {
      return await this.#search(query, search)
    } finally {
      this.#retired.leave(epoch)
    }
  }

  async #search(query: Vectors, search: CheckedSearch): Promise<SearchResult> {
    const codes = this.#codes
    if (!codes?.native || this.#size === 0) {
      const scan = this.#scan(query, search, 0)
      await scan.finish(() => this.#checkRunning(search))
      return scan.take()
    }
    const k = Math.min(search.k, this.#size)
    const out = resultBuffers(1, k)
    const accept = this.#acceptWords(search.accept)
    const refusal = await codes.native.scan(query, k, this.#rowCount, accept, 1, out)
    this.#checkRunning(search)
    if (refusal) throw vectorError(refusal.code, refusal.index)
    return this.#settle(out, 0, k, search.radius)
  }

  searchSync(query: Vectors, options: SearchOptions): SearchResult {
    const search = this.#check(options)
    checkQuery(query, this.shape)
    const codes = this.#codes
    if (!codes?.native || this.#size === 0) {
      const scan = this.#scan(query, search, 0)
      scan.finishSync()
      return scan.take()
    }
    const k = Math.min(search.k, this.#size)
    const out = resultBuffers(1, k)
    const refusal = codes.native.scanSync(query, k, this.#rowCount, this.#acceptWords(search.accept), out)
    if (refusal) throw vectorError(refusal.code, refusal.index)
    return this.#settle(out, 0, k, search.radius)
  }

  async searchMany(queries: Vectors, options: SearchManyOptions): Promise<SearchManyResult> {
    const search = this.#check(options)
    const count = countQueries(queries, this.shape, search.k)
    const epoch = this.#retired.enter()
    try {
      return await this.#searchMany(queries, count, search)
    } finally {
      this.#retired.leave(epoch)
    }
  }

  async #searchMany(queries: Vectors, count: number, search: CheckedSearch): Promise<SearchManyResult> {
    const { k } = search
    const result = resultBuffers(count, k)
    const put = (i: number, { rows, distances }: SearchResult): void => {
      result.rows.set(rows, i * k)
      result.distances.set(distances, i * k)
      result.counts[i] = rows.length
    }
    const codes = this.#codes
    if (codes?.native && this.#size > 0) {
      const kept = Math.min(k, this.#size)
      const out = resultBuffers(count, kept)
      const threads = search.threads ?? this.#threads
      const accept = this.#acceptWords(search.accept)
      const refusal = await codes.native.scan(queries, kept, this.#rowCount, accept, threads, out)
      this.#checkRunning(search)
      if (refusal) throw vectorError(refusal.code, refusal.index)
      for (let i = 0; i < count; i++) put(i, this.#settle(out, i, kept, search.radius))
      return result
    }
    const elements = elementsPerVector(this.shape)
    for (let i = 0; i < count; i++) {
      const scan = this.#scan(queries.subarray(i * elements, (i + 1) * elements), search, i)
      await scan.finish(() => this.#checkRunning(search))
      put(i, scan.take())
    }
    return result
  }

  stats(): IndexStats {
    this.#checkOpen()
    const codes = this.#codes?.slab.bytesFor(this.#rowCount) ?? 0
    const live = this.#live.sizeBytes
    const removed = (this.#free.length + this.#retired.size) * Float64Array.BYTES_PER_ELEMENT
    return {
      rows: this.#size,
      removed: this.#rowCount - this.#size,
      bytes: { total: codes + live + removed, codes, live, removed },
    }
  }

  sections(): Section[] {
    this.#checkOpen()
    return flatContents(this.#parts()).sections.slice()
  }

  /**
   * Writes the index: `write` gets its contents, which do not change until its promise settles; changes wait meanwhile
   * and searches run on.
   *
   * @returns what `write` returns
   */
  save<T>(write: (contents: IndexContents) => Promise<T>): Promise<T> {
    return this.#queue.run(() => write(flatContents(this.#parts())))
  }

  close(): void {
    this.#closed = true
    this.#queue.close()
    this.#codes = undefined
    this.#live = new Bitset()
    this.#rowCount = 0
    this.#size = 0
    this.#free = []
  }

  #parts(): FlatParts {
    return {
      shape: this.shape,
      quantizer: this.#quantizer.name,
      codes: this.#codes,
      live: this.#live,
      rowCount: this.#rowCount,
    }
  }

  #check(options: SearchManyOptions): CheckedSearch {
    this.#checkOpen()
    return checkSearch(options, SEARCH_DEFAULTS)
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError()
  }

  #checkRunning(search: CheckedSearch): void {
    this.#checkOpen()
    throwIfAborted(search.signal)
  }

  #scan(query: Vectors, search: CheckedSearch, index: number): FlatScan {
    const prepared = allocateVectors(this.shape, 1)
    prepareVectors(query, this.shape, prepared, index)
    return new FlatScan({
      prepared,
      index,
      codes: this.#codes,
      live: this.#live,
      rowCount: this.#rowCount,
      k: Math.min(search.k, this.#size),
      accept: search.accept,
      radius: search.radius,
    })
  }

  /** What the accelerator may return; copied where it is not the caller's, since rows come and go while it scans. */
  #acceptWords(accept: Bitset | undefined): Uint32Array | undefined {
    if (this.#size === this.#rowCount) return accept?.words
    return (accept ? accept.clone().and(this.#live) : this.#live.clone()).words
  }

  #settle(out: ResultBuffers, search: number, k: number, radius: number): SearchResult {
    const end = search * k + (out.counts[search] as number)
    const rows = out.rows.subarray(search * k, end)
    const distances = out.distances.subarray(search * k, end)
    const count = settleResults(this.shape.metric, rows, distances, radius)
    return { rows: rows.subarray(0, count), distances: distances.subarray(0, count) }
  }
}

function resultBuffers(searches: number, k: number): SearchManyResult {
  return {
    rows: new Uint32Array(searches * k).fill(NO_ROW),
    distances: new Float32Array(searches * k).fill(Infinity),
    counts: new Uint32Array(searches),
  }
}
