import { setTimeout as sleep } from 'node:timers/promises'
import { OmenError, throwIfAborted } from '@omen/core'
import { MERGE_DEFAULTS } from '../segment/merge-policy.ts'
import type { Checkpoints, EngineParts } from './checkpoint.ts'
import type { CollectionState } from './collection-state.ts'
import { type JobOptions, type Jobs, linkJob, mergeSealed, sealOldest } from './jobs.ts'
import type { Limits } from './limits.ts'
import type { ActiveState, SealedState } from './segment-state.ts'
import { Throttle } from './throttle.ts'

/** Kinds of work that go on side by side, one job of each at a time. */
const LANES = ['index', 'seal', 'merge', 'settle'] as const
type Lane = (typeof LANES)[number]
type Job = () => Promise<unknown>

/** How long a lane rests after a job that failed; each failure in a row doubles it. */
const FIRST_REST_MS = 500
const LONGEST_REST_MS = 30_000

/** A job, and how it failed the last time, if it did. */
interface LaneState {
  running: Promise<void> | undefined
  failures: number
  error: unknown
  timer: NodeJS.Timeout | undefined
}

/**
 * What happens by itself: rows are linked into graphs, full segments go to disk, small ones and those with many deleted rows
 * are merged, and what nobody needs any more is removed.
 */
export class Maintenance {
  readonly #parts: EngineParts
  readonly #checkpoints: Checkpoints
  readonly #jobs: Jobs
  readonly #limits: Limits
  readonly #lanes: Map<Lane, LaneState> = new Map(
    LANES.map((lane) => [lane, { running: undefined, failures: 0, error: undefined, timer: undefined }]),
  )
  readonly #stop: AbortController = new AbortController()
  readonly #throttle: Throttle = new Throttle()
  #waiting: (() => void)[] = []
  readonly #automatic: boolean
  #noticed = false

  constructor(parts: EngineParts, checkpoints: Checkpoints, limits: Limits) {
    this.#parts = parts
    this.#checkpoints = checkpoints
    this.#jobs = { parts, checkpoints }
    this.#limits = limits
    this.#automatic = parts.hooks.background ?? true
  }

  /** Looks, a little later, whether there is something to do, and begins it. To be called after every change. */
  notice(): void {
    if (!this.#automatic || this.#noticed || this.#stop.signal.aborted) return
    this.#noticed = true
    setImmediate(() => {
      this.#noticed = false
      if (this.#stop.signal.aborted) return
      this.#keepBudgets()
      for (const lane of LANES) this.#begin(lane)
    })
  }

  /** Sends rows to disk that take too much memory, or keep the log too long. */
  #keepBudgets(): void {
    const { catalog, commits } = this.#parts
    const { activeBytes, replayBytes } = this.#limits
    const sizes = catalog.all.map((collection) => ({
      collection,
      bytes: collection.active.segment.rows > 0 ? collection.active.segment.stats().bytes.total : 0,
    }))
    let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { collection, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
      const keepsLog = commits.bytes - collection.bytesAtCheckpoint > replayBytes
      if (total <= activeBytes && !keepsLog) continue
      collection.rotate()
      total -= bytes
    }
  }

  #begin(lane: Lane): void {
    const state = this.#lanes.get(lane)
    if (!state || state.running || state.timer) return
    const job = this.#nextJob(lane)
    if (!job) return
    state.running = this.#work(lane, state, job)
  }

  async #work(lane: Lane, state: LaneState, first: Job): Promise<void> {
    try {
      for (let job: Job | undefined = first; job; job = this.#nextJob(lane)) {
        if (this.#stop.signal.aborted) break
        await job()
        state.failures = 0
        state.error = undefined
        this.#wake()
      }
    } catch (error) {
      this.#rest(lane, state, error)
    } finally {
      state.running = undefined
      this.#wake()
    }
    this.notice()
  }

  #rest(lane: Lane, state: LaneState, error: unknown): void {
    if (this.#stop.signal.aborted) return
    if (error instanceof OmenError && error.code === 'closed') return
    state.error = error
    const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** state.failures++)
    state.timer = setTimeout(() => {
      state.timer = undefined
      this.#begin(lane)
    }, rest)
    state.timer.unref()
  }

  #nextJob(lane: Lane): Job | undefined {
    const { catalog, manifests } = this.#parts
    for (const collection of catalog.all) {
      const job =
        lane === 'index'
          ? this.#linkJob(collection)
          : lane === 'seal'
            ? this.#sealJob(collection)
            : lane === 'merge'
              ? this.#mergeJob(collection)
              : undefined
      if (job) return job
    }
    return lane === 'settle' && manifests.holdsBack ? () => this.#checkpoints.settle() : undefined
  }

  get #options(): JobOptions {
    return { threads: this.#limits.threads, signal: this.#stop.signal }
  }

  #linkJob(collection: CollectionState): Job | undefined {
    const job = linkJob(collection, this.#options)
    if (!job) return undefined
    return async () => {
      const start = performance.now()
      const linked = await job()
      this.#throttle.linked(linked, performance.now() - start)
    }
  }

  #sealJob(collection: CollectionState): Job | undefined {
    const [full] = collection.sealing
    // It is linked by the lane that links; the oldest goes first, since the log is needed from there on.
    if (!full || full.active.pending > 0) return undefined
    return () => sealOldest(this.#jobs, collection, this.#options)
  }

  #mergeJob(collection: CollectionState): Job | undefined {
    if (this.#sourcesOf(collection).length === 0) return undefined
    return () =>
      collection.mergingQueue.run(async () => {
        // Somebody else may have merged meanwhile.
        const sources = this.#sourcesOf(collection)
        if (sources.length > 0) await mergeSealed(this.#jobs, collection, sources, this.#options)
      })
  }

  #sourcesOf(collection: CollectionState): SealedState[] {
    // What cannot be read stays as it is, until its rows are deleted.
    const sealed = collection.sealed.filter((state) => !state.sealed.corrupt || state.liveRows === 0)
    const facts = sealed.map((state) => ({
      id: state.segment.id,
      rows: state.segment.rows,
      live: state.liveRows,
      stale: state.stale,
      bytes: state.sealed.mergeBytes,
    }))
    const { chooseMerge, mergeBytes: maxBytes, sealRows: smallRows } = this.#limits
    const chosen = new Set(chooseMerge(facts, { ...MERGE_DEFAULTS, smallRows, maxBytes }))
    return sealed.filter(({ segment }) => chosen.has(segment.id))
  }

  /**
   * Waits until a collection may take more rows: the longer the more rows wait to be linked.
   *
   * @throws OmenError what keeps full segments from going to disk; `aborted`
   */
  async admit(collection: CollectionState, rows: number, signal: AbortSignal | undefined): Promise<void> {
    await this.haveRoom(collection)
    if (!this.#automatic) return
    const wait = this.#throttle.wait(rows, this.#waitingShare(collection))
    if (wait === 0 || this.#stop.signal.aborted) return
    const ended = AbortSignal.any([this.#stop.signal, ...(signal ? [signal] : [])])
    await sleep(wait, undefined, { signal: ended }).catch(() => undefined)
    throwIfAborted(signal)
  }

  /** How much waits to be linked, as a share of the rows that a collection may have waiting, or of the bytes that all may. */
  #waitingShare(collection: CollectionState): number {
    const { activeBytes, pendingRows } = this.#limits
    const bytes = this.#parts.catalog.all.reduce((sum, { growing }) => sum + sumOf(growing, pendingBytes), 0)
    return Math.max(
      sumOf(collection.growing, ({ active }) => active.pending) / pendingRows,
      bytes / activeBytes,
    )
  }

  /**
   * Waits until a collection has room for another segment in memory.
   *
   * @throws OmenError what keeps full segments from going to disk
   */
  async haveRoom(collection: CollectionState): Promise<void> {
    while (this.#full(collection)) {
      if (this.#stop.signal.aborted || !this.#automatic) return
      const seal = this.#lanes.get('seal')
      if (seal?.error && !seal.running) throw seal.error
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #full(collection: CollectionState): boolean {
    return collection.sealing.length >= this.#limits.waitingSegments
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Why lanes rest that do. */
  get troubles(): unknown[] {
    return [...this.#lanes.values()].flatMap(({ error }) => (error === undefined ? [] : [error]))
  }

  /** Does all that there is to do, one job after another. For tests, and for whoever wants to wait. */
  async runAll(): Promise<void> {
    for (const lane of LANES) await this.#lanes.get(lane)?.running
    for (let job = this.#anyJob(); job; job = this.#anyJob()) {
      await job()
      this.#wake()
    }
  }

  #anyJob(): Job | undefined {
    for (const lane of LANES) {
      const job = this.#nextJob(lane)
      if (job) return job
    }
    return undefined
  }

  /** Ends what is under way, and waits for it. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const state of this.#lanes.values()) {
      if (state.timer) clearTimeout(state.timer)
      await state.running
    }
    this.#wake()
  }
}

function sumOf<T>(each: readonly T[], number: (one: T) => number): number {
  return each.reduce((sum, one) => sum + number(one), 0)
}

/** About what the vectors take that a segment has yet to link. */
function pendingBytes({ active }: ActiveState): number {
  const { rows, pending } = active
  return pending === 0 ? 0 : (active.stats().bytes.total * pending) / rows
}
