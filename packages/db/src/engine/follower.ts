import {
  closedError,
  type LogReader,
  OmenError,
  type Quantizer,
  Queue,
  type StorageBackend,
} from '@omen/core'
import type { Catalog } from './catalog.ts'
import type { Change } from './change.ts'
import type { CollectionState } from './collection-state.ts'
import { limitsOf } from './limits.ts'
import { type Manifest, replayFrom } from './manifest.ts'
import { readManifest } from './manifest-store.ts'
import { checkLog, openCatalog, replay } from './recovery.ts'
import { SegmentMaker } from './segment-maker.ts'
import type { View } from './view.ts'

export interface FollowerOptions {
  readonly storage: StorageBackend
  /** Opens the log of this database for reading: closed by the follower. */
  readonly openLog: (database: string) => Promise<LogReader>
  readonly quantizers: readonly Quantizer[]
  readonly onDamage: (file: string, error: OmenError) => void
  /** What is to be closed last. */
  readonly closing: () => Promise<void>
}

/** How often the writer may put another manifest in force while one is being opened. */
const ATTEMPTS = 10
/** What it looks like when files went away that a manifest named which is in force no more. */
const OVERTAKEN: readonly string[] = ['not_found', 'out_of_range', 'stale', 'corrupt_database', 'corrupt_log']

/** A database as one manifest and the log behind it say. */
interface Followed {
  readonly manifest: Manifest
  readonly log: LogReader
  readonly catalog: Catalog
  applied: number
}

/**
 * A database open for reading, beside its writer in this process or another. It makes the same changes out of the same log
 * as recovery does, so it never sees half of one.
 */
export class Follower {
  readonly #options: FollowerOptions
  readonly #queue: Queue = new Queue()
  #followed: Followed
  #closing: Promise<void> | undefined

  private constructor(options: FollowerOptions, followed: Followed) {
    this.#options = options
    this.#followed = followed
  }

  /** @throws OmenError `not_found` where there is no database; else as `Engine.open` */
  static async open(options: FollowerOptions): Promise<Follower> {
    return new Follower(options, await openNewest(options))
  }

  get catalog(): Catalog {
    if (this.#closing) throw closedError()
    return this.#followed.catalog
  }

  /** The manifest that it follows. */
  get manifest(): Manifest {
    return this.#followed.manifest
  }

  get log(): LogReader {
    return this.#followed.log
  }

  get storage(): StorageBackend {
    return this.#options.storage
  }

  /** The last change that it knows. */
  get applied(): number {
    return this.#followed.applied
  }

  /** A collection as it was at the last refresh: borrowed, as `CollectionState.view` says. @throws OmenError `not_found` */
  view(name: string): View {
    return this.state(name).view(Date.now())
  }

  /** @throws OmenError `not_found`, `closed` */
  state(name: string): CollectionState {
    const state = this.catalog.byName(name)
    if (!state) throw new OmenError('not_found', `there is no collection ${JSON.stringify(name)}`)
    return state
  }

  /**
   * Takes in what was written since the last time.
   *
   * @throws OmenError as `open`: then it shows what it did before
   */
  refresh(): Promise<void> {
    return this.#queue.run(async () => {
      const followed = this.#followed
      const manifest = await readManifest(this.#options.storage).catch(ifOvertaken)
      if (manifest?.number === followed.manifest.number) {
        const caughtUp = await catchUp(followed).then(() => true, ifOvertaken)
        if (caughtUp) return
      }
      this.#followed = await openNewest(this.#options)
      await followed.catalog.close()
      await followed.log.close()
    })
  }

  /** Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.run(async () => {
      await this.#followed.catalog.close()
      await this.#followed.log.close()
      await this.#options.closing()
    })
    return this.#closing
  }
}

function ifOvertaken(error: unknown): undefined {
  if (error instanceof OmenError && OVERTAKEN.includes(error.code)) return undefined
  throw error
}

async function openNewest(options: FollowerOptions): Promise<Followed> {
  let failure: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await openOnce(options)
    } catch (error) {
      ifOvertaken(error)
      failure = error
    }
  }
  throw failure
}

async function openOnce({ storage, openLog, quantizers, onDamage }: FollowerOptions): Promise<Followed> {
  const manifest = await readManifest(storage)
  if (!manifest) throw new OmenError('not_found', 'there is no database here yet')
  const maker = new SegmentMaker(storage, {
    quantizers,
    onDamage,
    nextId: manifest.nextSegment,
    graphBytes: limitsOf({}).graphBytes,
  })
  const catalog = await openCatalog(storage, maker, manifest)
  let log: LogReader | undefined
  try {
    log = await openLog(manifest.database)
    const from = replayFrom(manifest)
    checkLog(log, manifest, from)
    const followed = { manifest, log, catalog, applied: from - 1 }
    await catchUp(followed)
    return followed
  } catch (error) {
    await catalog.close()
    await log?.close()
    throw error
  }
}

async function catchUp(followed: Followed): Promise<void> {
  const { catalog, log, manifest } = followed
  await log.refresh()
  const apply = (change: Change | undefined, sequence: number): undefined => {
    if (change) catalog.apply(change, sequence)
    followed.applied = sequence
  }
  await replay(log, followed.applied + 1, catalog, manifest.sequence, apply, {})
}
