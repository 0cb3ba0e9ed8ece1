import { hostname } from 'node:os'
import {
  type Log,
  OmenError,
  type Quantizer,
  Queue,
  type StorageBackend,
  type StorageLock,
  throwIfAborted,
} from '@omen/core'
import type { Durability } from '@omen/schema'
import { type CheckedSchema, schemaChange, schemaToJson } from '@omen/schema/check'
import { type Change, encodeChange } from './change.ts'
import { Checkpoints, type EngineParts } from './checkpoint.ts'
import type { CollectionState } from './collection-state.ts'
import { type Applied, Commits } from './commits.ts'
import { alterCollection, flush, type JobOptions, type Jobs, mergeSealed } from './jobs.ts'
import type { Limits } from './limits.ts'
import { Maintenance } from './maintenance.ts'
import { type Manifest, replayFrom } from './manifest.ts'
import { ManifestStore, readManifest } from './manifest-store.ts'
import type { EngineHooks } from './points.ts'
import { checkLog, createDatabase, openCatalog, replay } from './recovery.ts'
import { SegmentMaker } from './segment-maker.ts'
import type { View } from './view.ts'

/** What a log is opened with. */
export interface LogOrigin {
  /** A UUID. */
  readonly database: string
  /** The first record, where there is no log yet. */
  readonly firstSequence: number
  /** Whether there has been one: then it is damage when it is gone. */
  readonly mustExist: boolean
}

export interface EngineOptions {
  readonly storage: StorageBackend
  /** What is to be closed last. */
  readonly closing: () => Promise<void>
  /** Opens the log: closed with the engine. */
  readonly openLog: (origin: LogOrigin) => Promise<Log>
  /** Quantizers that schemas name, beside those of @omen/quant. */
  readonly quantizers: readonly Quantizer[]
  readonly limits: Limits
  /** Told of a file that is damaged and can be made again from others. */
  readonly onDamage: (file: string, error: OmenError) => void
}

/**
 * A database open for writing: it recovers what was there, takes changes in, and looks after its segments.
 *
 * What is promised: a change that resolved is in the log, and so in the database when it is opened again; it is there whole or
 * not at all; and a change that was refused is not.
 */
export class Engine {
  readonly parts: EngineParts
  readonly maintenance: Maintenance
  readonly checkpoints: Checkpoints
  readonly jobs: Jobs
  readonly #lock: StorageLock
  /** Creating and dropping collections, one at a time. */
  readonly #collections: Queue = new Queue()
  readonly #watchers: Set<() => void> = new Set()
  readonly #limits: Limits
  readonly #closeStorage: () => Promise<void>
  #closing: Promise<void> | undefined

  private constructor(parts: EngineParts, lock: StorageLock, { limits, closing }: EngineOptions) {
    this.parts = parts
    this.#lock = lock
    this.#limits = limits
    this.#closeStorage = closing
    this.checkpoints = new Checkpoints(parts)
    this.jobs = { parts, checkpoints: this.checkpoints }
    this.maintenance = new Maintenance(parts, this.checkpoints, limits)
  }

  /**
   * Opens a database, creating it where there is none.
   *
   * @throws OmenError `locked` naming who writes to it; `corrupt_database`, `corrupt_segment`, `corrupt_log`; `unsupported`,
   * `unknown_quantizer`; `disk_full`, `io`
   */
  static async open(options: EngineOptions, hooks: EngineHooks = {}): Promise<Engine> {
    const { storage } = options
    const opened: (() => Promise<void> | void)[] = [options.closing]
    try {
      const lock = await storage.lock(`process ${process.pid} on ${hostname()}`)
      opened.push(() => lock.release())
      hooks.point?.('open:locked')
      const manifest = (await readManifest(storage)) ?? (await createDatabase(storage, hooks))
      hooks.point?.('open:manifest-read')
      const from = replayFrom(manifest)
      const log = await options.openLog({
        database: manifest.database,
        firstSequence: from,
        mustExist: manifest.sequence > 0,
      })
      opened.push(() => log.close())
      hooks.point?.('open:log-open')
      checkLog(log, manifest, from)
      const maker = new SegmentMaker(storage, {
        quantizers: options.quantizers,
        onDamage: options.onDamage,
        nextId: manifest.nextSegment,
        graphBytes: options.limits.graphBytes,
      })
      const catalog = await openCatalog(storage, maker, manifest)
      opened.push(() => catalog.close())
      hooks.point?.('open:segments-open')
      const manifests = new ManifestStore(storage, manifest, hooks)
      await manifests.removeOrphans()
      hooks.point?.('open:cleaned')
      const engine = Engine.#over({ storage, log, catalog, manifests, maker, hooks }, from, lock, options)
      opened.push(() => engine.maintenance.close())
      await engine.#replay(log, from, manifest)
      hooks.point?.('open:replayed')
      engine.maintenance.notice()
      return engine
    } catch (error) {
      // Whatever goes wrong now, the lock must not outlive this: the error is the one that it began with.
      for (const close of opened.reverse()) await Promise.resolve(close()).catch(() => undefined)
      throw error
    }
  }

  static #over(
    parts: Omit<EngineParts, 'commits'>,
    from: number,
    lock: StorageLock,
    options: EngineOptions,
  ): Engine {
    const commits: Commits = new Commits(
      parts.log,
      from - 1,
      (change, sequence) => engine.#apply(change, sequence),
      parts.hooks,
    )
    const engine = new Engine({ ...parts, commits }, lock, options)
    return engine
  }

  async #replay(log: Log, from: number, manifest: Manifest): Promise<void> {
    const { catalog, commits, hooks } = this.parts
    const apply = async (change: Change | undefined, sequence: number, bytes: number): Promise<void> => {
      const collection = change && catalog.byId(change.collection)
      if (collection) await this.maintenance.haveRoom(collection)
      commits.replayed(change, sequence, bytes)
    }
    await replay(log, from, catalog, manifest.sequence, apply, hooks)
  }

  /** The one place where a change comes into memory. */
  #apply(change: Change, sequence: number): Applied {
    const { catalog } = this.parts
    const applied = catalog.apply(change, sequence)
    const collection = catalog.byId(change.collection)
    if (collection && collection.active.segment.rows >= this.#limits.sealRows) {
      collection.rotate()
      this.parts.hooks.point?.('seal:rotated')
    }
    this.maintenance.notice()
    for (const wake of this.#watchers) wake()
    return applied
  }

  /**
   * Resolves with the next change, or when the database is closed.
   *
   * @throws OmenError `aborted`
   */
  async changed(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal)
    let wake = (): void => undefined
    try {
      await new Promise<void>((resolve) => {
        wake = resolve
        this.#watchers.add(wake)
        signal?.addEventListener('abort', wake)
      })
    } finally {
      this.#watchers.delete(wake)
      signal?.removeEventListener('abort', wake)
    }
    throwIfAborted(signal)
  }

  /** @throws OmenError `closed` */
  checkReadable(): void {
    if (this.#closing) throw closedDatabase()
  }

  /** @throws OmenError `closed`, or why nothing can be written any more */
  checkOpen(): void {
    if (this.#closing) throw closedDatabase()
    if (this.parts.commits.fatal) throw this.parts.commits.fatal
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.parts.hooks.now?.() ?? Date.now()
  }

  /**
   * A collection as it is now: borrowed, as `CollectionState.view` says.
   *
   * @throws OmenError `closed`; `not_found` when it was dropped
   */
  view(collection: CollectionState): View {
    this.checkReadable()
    return collection.view(this.now())
  }

  /**
   * Commits a change of a collection's rows.
   *
   * @throws OmenError as `Commits.commit`; `not_found` when the collection was dropped
   */
  async commit(collection: CollectionState, change: Change, durability: Durability): Promise<Applied> {
    this.checkOpen()
    if (collection.dropped) throw collection.droppedError()
    return this.parts.commits.commit(change, encodeChange(change, collection.schema), durability)
  }

  /** A collection that is there. @throws OmenError `not_found` */
  collection(name: string): CollectionState {
    const state = this.parts.catalog.byName(name)
    if (state) return state
    throw new OmenError(
      'not_found',
      `there is no collection ${JSON.stringify(name)}: give its schema to create it`,
    )
  }

  /**
   * Finds a collection or creates it; brings it into another schema where it can follow.
   *
   * @throws OmenError as `commit`; `schema_mismatch` saying what to do
   */
  createCollection(name: string, schema: CheckedSchema): Promise<CollectionState> {
    return this.#collections.run(async () => {
      this.checkOpen()
      const { catalog, commits, hooks, maker } = this.parts
      const there = catalog.byName(name)
      if (there) {
        if (schemaChange(there.schema, schema).length > 0) await this.#alter(there, schema)
        return there
      }
      const id = catalog.nextId
      const json = schemaToJson(schema)
      // What cannot be read again is not written.
      maker.schemaOf({ schema: json })
      const change: Change = { kind: 'create', collection: id, name, schema: json }
      hooks.point?.('collection:before-create')
      await commits.commit(change, encodeChange(change), 'synced')
      hooks.point?.('collection:created')
      const created = catalog.byId(id)
      if (!created) throw closedDatabase()
      return created
    })
  }

  /** Readers go on meanwhile; writers wait. */
  async #alter(collection: CollectionState, schema: CheckedSchema): Promise<void> {
    const { commits, hooks, maker } = this.parts
    const json = schemaToJson(schema)
    const next = { checked: maker.schemaOf({ schema: json }), json }
    hooks.point?.('collection:before-change')
    await collection.gate.alone(
      () => commits.settled(),
      async () => {
        await alterCollection(this.jobs, collection, next, { threads: this.#limits.threads })
        return () => Promise.resolve()
      },
    )
    hooks.point?.('collection:changed')
  }

  /**
   * Takes all rows of a collection to disk, into one segment without deleted rows, and gives the space of the others back.
   *
   * @throws OmenError `disk_full`, `io`, `aborted`, `closed`
   */
  async optimize(collection: CollectionState, options: JobOptions): Promise<void> {
    this.checkOpen()
    const threads = { threads: this.#limits.threads, ...options }
    // What has expired is left out.
    this.view(collection)
    await flush(this.jobs, collection, threads)
    await collection.mergingQueue.run(async () => {
      const sources = collection.sealed
      const [first] = sources
      const whole = sources.length === 1 && first && first.deletedRows === 0 && !first.stale
      if (sources.length > 0 && !whole) await mergeSealed(this.jobs, collection, sources, threads)
    })
    while (this.parts.manifests.holdsBack) await this.checkpoints.settle()
  }

  /**
   * Drops a collection; its files go with the next manifest.
   *
   * @returns whether there was one
   * @throws OmenError as `commit`
   */
  dropCollection(name: string): Promise<boolean> {
    return this.#collections.run(async () => {
      this.checkOpen()
      const { catalog, commits, hooks } = this.parts
      const collection = catalog.byName(name)
      if (!collection) return false
      const change: Change = { kind: 'drop', collection: collection.id }
      hooks.point?.('collection:before-drop')
      await collection.gate.alone(
        () => commits.settled(),
        async () => () => commits.commit(change, encodeChange(change), 'synced'),
      )
      hooks.point?.('collection:dropped')
      await this.checkpoints.settle()
      return true
    })
  }

  /** Ends it: what was acknowledged is durable, whatever its durability. Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Few rows are left to the log, which is replayed quickly. Many go to disk as they are: to link them would take long. */
  async #sealLarge(collection: CollectionState): Promise<void> {
    const inMemory = collection.active.segment.rows + (collection.sealing.length > 0 ? Infinity : 0)
    if (inMemory < this.#limits.closeRows) return
    await flush(this.jobs, collection, { threads: this.#limits.threads, soon: true }).catch(
      (error: unknown) => {
        // The log has these rows: not being able to seal them loses time alone.
        if (!(error instanceof OmenError)) throw error
      },
    )
    this.parts.hooks.point?.('close:sealed')
  }

  async #close(): Promise<void> {
    const { catalog, commits, hooks, log } = this.parts
    hooks.point?.('close:begun')
    try {
      await this.maintenance.close()
      await commits.settled()
      if (!commits.fatal) {
        for (const collection of catalog.all) await this.#sealLarge(collection)
        await commits.sync()
      }
      await commits.close()
    } finally {
      for (const wake of this.#watchers) wake()
      try {
        await catalog.close()
        await log.close()
        hooks.point?.('close:log-closed')
      } finally {
        // A disk that fails must not keep the folder locked as long as the process lives.
        await this.#lock.release()
        await this.#closeStorage()
        hooks.point?.('close:unlocked')
      }
    }
  }
}

function closedDatabase(): OmenError {
  return new OmenError('closed', 'the database was closed: open it again before using it')
}
