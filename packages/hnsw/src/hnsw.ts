import {
  type AddOptions,
  type CheckedSearch,
  checkQuery,
  checkSearch,
  checkWholeNumber,
  closedError,
  countQueries,
  countVectors,
  type IndexContents,
  type IndexImage,
  OmenError,
  Queue,
  type SearchManyOptions,
  type SearchManyResult,
  type SearchOptions,
  type SearchResult,
  type Section,
  type Shape,
  throwIfAborted,
  type VectorIndex,
  type Vectors,
} from '@omen/core'
import { openSectionFile, type WriteOptions, writeSectionFile } from '@omen/core/file'
import { AddRun } from './add-run.ts'
import { buryRows, encodeRows, linkRows, needsCompaction, takeBack } from './change.ts'
import { compact } from './compact.ts'
import type { Run } from './engine.ts'
import { contentsOf, readImage } from './image.ts'
import { readOnlyError } from './in-place.ts'
import { type Inspection, inspect } from './inspect.ts'
import { type HnswMergeOptions, mergeParts } from './merge.ts'
import type { MergePlan } from './merge-plan.ts'
import {
  checkEpsilon,
  checkOptions,
  type HnswBuildOptions,
  type HnswOpenOptions,
  type HnswOptions,
  type Settings,
} from './options.ts'
import { bitsPerComponent, freeParts, type Parts, trainParts } from './parts.ts'
import { describePlan, type SearchPlan } from './plan.ts'
import { findTruth, type RecallReport, recallOf } from './recall.ts'
import { IdleBuffers, limitSearch, nothing, resultBuffers, settle, spread, vectorOf } from './results.ts'
import { RunningSearches } from './running-searches.ts'
import { WORK_NUMBERS } from './search.ts'
import { type HnswStats, statsOf } from './stats.ts'
import { checkTuneOptions, type TuneOptions, type TuneReport, tune } from './tune.ts'
import { TunedSettings } from './tuned.ts'
import { averageWork, type WorkReport } from './work.ts'

/**
 * The in-memory graph index: Hierarchical Navigable Small World graphs (Malkov & Yashunin 2018), over the codes of any
 * quantizer.
 *
 * Two runs by one thread give the same graph, edge by edge; several threads give one as good. See `VectorIndex` for what
 * its methods promise. A quantizer is trained on the first vectors added (a sample spread over them), unless `training`
 * vectors were given.
 */
export class Hnsw implements VectorIndex {
  readonly shape: Shape
  readonly #settings: Settings
  readonly #readOnly: boolean
  readonly #threads: number
  readonly #queue: Queue = new Queue()
  readonly #searches: RunningSearches = new RunningSearches()
  /** Absent until vectors train the quantizers. */
  #parts: Parts | undefined
  readonly #idle: IdleBuffers
  #tuned: TunedSettings = new TunedSettings()
  #closed = false

  private constructor(settings: Settings, readOnly = false) {
    this.shape = settings.shape
    this.#idle = new IdleBuffers(settings.shape)
    this.#settings = settings
    this.#readOnly = readOnly
    this.#threads = settings.accelerator?.doctor().threads ?? 1
  }

  /**
   * Makes an empty index.
   *
   * @throws OmenError `invalid_argument` naming the option, `unknown_metric`; for `training` vectors as `add`
   */
  static create(options: HnswOptions): Hnsw {
    const index = new Hnsw(checkOptions(options))
    const { training } = options
    if (training && countVectors(training, index.shape) > 0) {
      index.#parts = trainParts(index.#settings, training)
    }
    return index
  }

  /**
   * Makes an index of vectors: `create`, then `add`. Row i is vector i.
   *
   * @throws OmenError as `create` and `add`
   */
  static async build(options: HnswBuildOptions): Promise<Hnsw> {
    const { vectors, threads, onProgress, signal, ...rest } = options
    const index = Hnsw.create(rest)
    try {
      await index.add(vectors, {
        ...(threads === undefined ? {} : { threads }),
        ...(onProgress ? { onProgress } : {}),
        ...(signal ? { signal } : {}),
      })
      return index
    } catch (error) {
      index.close()
      throw error
    }
  }

  /**
   * Opens an index that `save` wrote. All of it is read and checked.
   *
   * @param source a file's path, or an image from elsewhere: borrowed until the promise settles, or as `readOnly` says
   * @throws OmenError `corrupt_index` saying where, `unknown_quantizer` naming the package that is missing, `unsupported`,
   * `not_found`, `io`
   */
  static async open(source: string | IndexImage, options: HnswOpenOptions = {}): Promise<Hnsw> {
    const { readOnly = false } = options
    if (typeof source !== 'string') return Hnsw.#from(await readImage(source, options), readOnly)
    const file = await openSectionFile(source)
    try {
      return Hnsw.#from(await readImage(file, options), readOnly)
    } finally {
      await file.close()
    }
  }

  /**
   * Merges indexes into a new one, rows that are not live left behind: the largest one's graph, healed, with all other rows
   * linked into it. A search of it finds as much as if it had been built anew.
   *
   * @returns the index, and where rows went
   * @throws OmenError `invalid_argument`, `aborted`, and for vectors that are refused; what `vectors` throws
   */
  static async merge(options: HnswMergeOptions<Hnsw>): Promise<{ index: Hnsw; plan: MergePlan }> {
    const sources = options.sources.map(({ index }) => {
      if (!index) return undefined
      index.#checkOpen()
      return { settings: index.#settings, parts: index.#parts }
    })
    const threads = sources.find((each) => each !== undefined)?.settings.accelerator?.doctor().threads
    const { settings, parts, plan } = await mergeParts(options, sources, threads ?? 1)
    return { index: Hnsw.#from({ settings, parts, tuned: new TunedSettings() }, false), plan }
  }

  static #from({ settings, parts, tuned }: Awaited<ReturnType<typeof readImage>>, readOnly: boolean): Hnsw {
    const index = new Hnsw(settings, readOnly)
    index.#parts = parts
    index.#tuned = tuned
    return index
  }

  get size(): number {
    return this.#parts?.graph.alive ?? 0
  }

  /** What runs the hot loops; none before the first vectors. */
  get engine(): 'typescript' | 'native' | 'none' {
    return this.#parts?.engine.kind ?? 'none'
  }

  /** Bits of the codes that searches walk by, for each component; 0 before the first vectors. */
  get bitsPerComponent(): number {
    return this.#parts ? bitsPerComponent(this.#parts.codes.codec) : 0
  }

  add(vectors: Vectors, options: AddOptions = {}): Promise<Uint32Array> {
    return this.#change(async () => {
      const count = countVectors(vectors, this.shape)
      const run = new AddRun(options, count, this.#threads, () => this.#closed)
      return count === 0 ? new Uint32Array(0) : await this.#add(vectors, count, run)
    }, options.signal)
  }

  #change<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#readOnly ? Promise.reject(readOnlyError()) : this.#queue.run(task, signal)
  }

  async #add(vectors: Vectors, count: number, run: AddRun): Promise<Uint32Array> {
    const before = this.#parts
    const parts = before ?? trainParts(this.#settings, vectors)
    const rows = await encodeRows(parts, vectors, count, run)
    this.#parts = parts
    await linkRows(parts, rows, run, async (linked, rest) => {
      if (this.#closed) return
      // A first batch that is not added must not have trained the quantizers either.
      if (before) await takeBack(parts, linked, rest, this.#changeRun(), () => this.#searches.ended())
      else this.#parts = undefined
    })
    return rows
  }

  /**
   * As `VectorIndex` says. It also compacts when tombstones have become more than a fifth of all rows.
   *
   * @param options.threads what a compaction may use; all when left out
   */
  remove(
    rows: Uint32Array | readonly number[],
    options: { readonly threads?: number } = {},
  ): Promise<number> {
    return this.#change(async () => {
      const run = this.#changeRun(options.threads)
      const count = buryRows(this.#parts, rows)
      if (this.#parts && needsCompaction(this.#parts)) await this.#compact(this.#parts, run)
      return count
    })
  }

  /**
   * Takes removed rows out of the graph, so that their numbers are used again; `remove` does it by itself from time to
   * time. Searches run on meanwhile.
   *
   * @returns how many there were
   */
  compact(): Promise<number> {
    return this.#change(async () => {
      const removed = this.#parts?.graph.removed ?? 0
      if (this.#parts && removed > 0) await this.#compact(this.#parts, this.#changeRun())
      return removed
    })
  }

  async #compact({ graph, engine }: Parts, run: Run): Promise<void> {
    await compact(graph, engine, run, () => this.#searches.ended())
    this.#checkOpen()
  }

  /** A change that nothing but closing ends early. */
  #changeRun(threads?: number): Run {
    return {
      threads: threads === undefined ? this.#threads : checkWholeNumber('threads', threads),
      stopped: () => this.#closed,
    }
  }

  has(row: number): boolean {
    this.#checkOpen()
    return this.#parts?.graph.isAlive(row) ?? false
  }

  /**
   * The vector of a row, decoded from the finest codes that are kept: exact with `none()` or `keep: 'f32'`, but of unit
   * length under cosine.
   *
   * @throws OmenError `unknown_row` for a row that no search can return
   */
  vector(row: number): Vectors {
    this.#checkOpen()
    return vectorOf(this.#parts, row)
  }

  searchSync(query: Vectors, options: SearchOptions): SearchResult {
    const search = this.#check(options)
    checkQuery(query, this.shape)
    const parts = this.#parts
    if (!parts || parts.graph.alive === 0) return nothing(query, this.shape)
    const asked = limitSearch(search, parts)
    const out = this.#idle.take(asked.k)
    parts.engine.searchSync(query, asked, out)
    return this.#idle.giveBack(out, asked)
  }

  async search(query: Vectors, options: SearchOptions): Promise<SearchResult> {
    const search = this.#check(options)
    checkQuery(query, this.shape)
    const parts = this.#parts
    if (!parts || parts.graph.alive === 0) return nothing(query, this.shape)
    const asked = limitSearch(search, parts)
    const out = this.#idle.take(asked.k)
    await this.#searches.track(parts.engine.search(query, asked, out))
    this.#checkRunning(search)
    return this.#idle.giveBack(out, asked)
  }

  async searchMany(queries: Vectors, options: SearchManyOptions): Promise<SearchManyResult> {
    const search = this.#check(options)
    const count = countQueries(queries, this.shape, search.k)
    const parts = this.#parts
    if (!parts || parts.graph.alive === 0 || count === 0) {
      nothing(queries, this.shape)
      return resultBuffers(count, search.k)
    }
    const asked = limitSearch(search, parts)
    const out = resultBuffers(count, asked.k)
    const run = {
      threads: search.threads ?? this.#threads,
      stopped: () => this.#closed || search.signal?.aborted === true,
    }
    await this.#searches.track(parts.engine.searchMany(queries, asked, out, run))
    this.#checkRunning(search)
    for (let i = 0; i < count; i++) out.counts[i] = settle(this.shape, out, i, out.counts[i] as number, asked)
    return spread(out, asked.k, search.k)
  }

  /**
   * Says how a search would go about it, without searching.
   *
   * @throws OmenError as `search` for the options
   */
  plan(options: SearchOptions): SearchPlan {
    const search = this.#check(options)
    return describePlan(this.#parts, search)
  }

  /**
   * Compares searches with exact ones.
   *
   * With exact rescoring the truth is by exact distances, else by those of the codes. A row as close as the k-th nearest
   * counts as found, so ties do no harm.
   *
   * @param queries queries x dimension: borrowed until the promise settles
   */
  async measureRecall(queries: Vectors, options: SearchManyOptions): Promise<RecallReport> {
    const search = this.#check(options)
    const count = countQueries(queries, this.shape, search.k)
    const parts = this.#parts
    const found = await this.searchMany(queries, options)
    if (!parts || count === 0) return { recall: 1, queries: count }
    const threads = search.threads ?? this.#threads
    const check = (): void => this.#checkRunning(search)
    const truth = await this.#searches.track(findTruth(parts, queries, search, threads, check))
    check()
    return { recall: recallOf(truth, found, search.k), queries: count }
  }

  /**
   * Counts what searches do: distances, hops and bytes, without their time.
   *
   * @param queries queries x dimension: borrowed until the promise settles
   */
  async measureWork(queries: Vectors, options: SearchManyOptions): Promise<WorkReport> {
    const search = this.#check(options)
    const count = countQueries(queries, this.shape, search.k)
    const parts = this.#parts
    if (!parts) return { queries: count, distances: 0, hops: 0, rescored: 0, bytes: 0 }
    const asked = limitSearch(search, parts)
    const work = new Uint32Array(count * WORK_NUMBERS)
    const out = { ...resultBuffers(count, asked.k), work }
    const run = { threads: search.threads ?? this.#threads, stopped: () => this.#closed }
    await this.#searches.track(parts.engine.searchMany(queries, asked, out, run))
    this.#checkRunning(search)
    return averageWork(parts, work)
  }

  /**
   * Finds the fastest search that finds a share of the true k nearest rows, and makes it what searches do that name this
   * recall, or no beam at all. `save` keeps it. Changes wait meanwhile, and searches that run beside it distort it; tune
   * again when the index has grown much.
   *
   * @throws OmenError `invalid_argument` naming the option, or for an empty index; `not_tuned` when no search is that good;
   * `aborted`, `closed`; for queries as `searchMany`
   */
  tune(options: TuneOptions): Promise<TuneReport> {
    return this.#queue.run(async () => {
      checkTuneOptions(options, this.shape)
      const check = (): void => {
        this.#checkOpen()
        throwIfAborted(options.signal)
      }
      const parts = this.#parts
      if (!parts || parts.graph.alive === 0) {
        throw new OmenError('invalid_argument', 'there are no rows yet to tune searches by')
      }
      const report = await tune(parts, this.shape, options, this.#threads, check)
      this.#tuned.set(report)
      return report
    }, options?.signal)
  }

  stats(): HnswStats {
    this.#checkOpen()
    return statsOf(this.#settings, this.#parts, this.#tuned.all)
  }

  /**
   * Walks the whole graph and says what it looks like: how many rows there are on each layer, how many neighbours they
   * have, and whether every row can be reached. Changes wait meanwhile.
   *
   * @throws OmenError `aborted`, `closed`
   */
  inspect(options: { readonly signal?: AbortSignal } = {}): Promise<Inspection> {
    return this.#queue.run(() => {
      const check = (): void => {
        this.#checkOpen()
        throwIfAborted(options.signal)
      }
      return inspect(this.#parts?.graph, check)
    }, options.signal)
  }

  sections(): Section[] {
    this.#checkOpen()
    return contentsOf(this.#settings, this.#parts, this.#tuned.all).sections.slice()
  }

  /**
   * Saves the index to a file, atomically. Changes wait meanwhile, and searches run on.
   *
   * @param target its path, or what writes the contents: they do not change until its promise settles
   * @throws OmenError `not_found`, `disk_full`, `io`, `aborted`, `closed`: then what was there before is untouched
   */
  save(
    target: string | ((contents: IndexContents) => Promise<void>),
    options: WriteOptions = {},
  ): Promise<void> {
    return this.#queue.run(() => {
      const contents = contentsOf(this.#settings, this.#parts, this.#tuned.all)
      if (typeof target !== 'string') return target(contents)
      const { accelerator } = this.#settings
      return writeSectionFile(target, contents.metadata, contents.sections, { accelerator, ...options })
    }, options.signal)
  }

  /** As `VectorIndex` says. @returns resolves when what runs has ended, and memory is given back: what it reads may go then */
  async close(): Promise<void> {
    const parts = this.#parts
    this.#closed = true
    this.#queue.close()
    this.#parts = undefined
    await Promise.all([this.#queue.ended(), this.#searches.ended()])
    if (parts) freeParts(parts)
  }

  #check(options: SearchManyOptions): CheckedSearch {
    this.#checkOpen()
    const search = checkSearch(options, (k, recall) => this.#tuned.effort(k, recall, options))
    checkEpsilon(search, this.shape)
    return search
  }

  #checkOpen(): void {
    // The bytes of a file that was closed before its index are gone: nobody may look where they were.
    if (this.#closed || this.#parts?.codes.slab.given?.length === 0) throw closedError()
  }

  #checkRunning(search: CheckedSearch): void {
    this.#checkOpen()
    throwIfAborted(search.signal)
  }
}
