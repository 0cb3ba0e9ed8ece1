import { OmenError } from '@omen/core'
import type { Checkpoints, EngineParts } from './checkpoint.ts'
import type { CollectionState } from './collection-state.ts'
import { type JobOptions, sealSegment } from './jobs.ts'
import type { Limits } from './limits.ts'

/** Kinds of work that go on side by side, one job of each at a time. */
const LANES = ['index', 'seal', 'merge', 'settle'] as const
type Lane = (typeof LANES)[number]

/** Vectors linked before the next look at what is most urgent. */
const LINKED_AT_ONCE = 16_384

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
  readonly #limits: Limits
  readonly #lanes: Map<Lane, LaneState> = new Map(
    LANES.map((lane) => [lane, { running: undefined, failures: 0, error: undefined, timer: undefined }]),
  )
  readonly #stop: AbortController = new AbortController()
  #waiting: (() => void)[] = []
  readonly #automatic: boolean
  #noticed = false

  constructor(parts: EngineParts, checkpoints: Checkpoints, limits: Limits) {
    this.#parts = parts
    this.#checkpoints = checkpoints
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

  async #work(lane: Lane, state: LaneState, first: () => Promise<void>): Promise<void> {
    try {
      for (let job: (() => Promise<void>) | undefined = first; job; job = this.#nextJob(lane)) {
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

  #nextJob(lane: Lane): (() => Promise<void>) | undefined {
    const { catalog, manifests } = this.#parts
    for (const collection of catalog.all) {
      const job =
        lane === 'index'
          ? this.#indexJob(collection)
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

  #indexJob(collection: CollectionState): (() => Promise<void>) | undefined {
    // Full segments first: they wait to go to disk.
    const state = [...collection.sealing, collection.active].find(({ active }) => active.pending > 0)
    if (!state) return undefined
    return async () => {
      await state.active.link(LINKED_AT_ONCE, this.#options)
    }
  }

  #sealJob(collection: CollectionState): (() => Promise<void>) | undefined {
    const [full] = collection.sealing
    // The oldest first: the log is needed from the oldest one in memory on. It is linked by the lane that links.
    if (!full || full.active.pending > 0) return undefined
    return () => sealSegment(this.#parts, this.#checkpoints, collection, full, this.#options)
  }

  #mergeJob(_collection: CollectionState): (() => Promise<void>) | undefined {
    return undefined
  }

  /**
   * Waits until a collection may take more rows.
   *
   * @throws OmenError what keeps full segments from going to disk; `closed`
   */
  async admit(collection: CollectionState): Promise<void> {
    while (this.#full(collection)) {
      if (this.#stop.signal.aborted || !this.#automatic) return
      const seal = this.#lanes.get('seal')
      if (seal?.error && !seal.running) throw seal.error
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Whether writers of a collection wait. */
  #full(collection: CollectionState): boolean {
    return (
      collection.active.active.pending > this.#limits.pendingRows ||
      collection.sealing.length >= this.#limits.waitingSegments
    )
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

  #anyJob(): (() => Promise<void>) | undefined {
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
