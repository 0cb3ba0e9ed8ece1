import {
  MemoryLog,
  MemoryStorage,
  OmenError,
  type OmenErrorCode,
  type Quantizer,
  type StorageBackend,
} from '@omen/core'
import { fileStorage, openFileLog } from '@omen/storage-mmap'
import { backup } from './backup.ts'
import { Collection, checkDurability } from './collection.ts'
import { checkOptionNames } from './deadline.ts'
import type { Durability } from './engine/commits.ts'
import { Engine, type EngineOptions } from './engine/engine.ts'
import { limitsOf } from './engine/limits.ts'
import type { EngineHooks } from './engine/points.ts'
import { wellFormed } from './rows/values.ts'
import { checkSchema, describe } from './schema/check-schema.ts'
import type { Schema } from './schema/field.ts'
import { type DatabaseStats, databaseStats } from './stats.ts'
import { type Verification, verify } from './verify.ts'

export interface OpenOptions {
  /** What writes survive that do not say otherwise: a power cut (`synced`) when left out. */
  readonly durability?: Durability | undefined
  /** Bytes that rows may take in memory before they go to disk, shared by all collections; 256 MiB when left out. */
  readonly memoryBudgetBytes?: number | undefined
  /** Threads that background work may use; half of the cores when left out. */
  readonly threads?: number | undefined
  /** Quantizers of your own, which schemas in the database name; those of @omen/quant are always there. */
  readonly quantizers?: readonly Quantizer[] | undefined
  /**
   * Told of a file that is damaged and can be made again from others: searches do without it until then, slower. Damage that
   * cannot be mended is an error of `open`, or, where it is found later since mapped bytes are checked in the background,
   * reported here with the code `corrupt_segment`: whatever would read these rows throws that error from then on.
   */
  readonly onDamage?: ((file: string, error: OmenError) => void) | undefined
  /** Whether sealed files are mapped (the default, where the accelerator runs) or read. */
  readonly reads?: 'mapped' | 'plain' | undefined
}

const OPEN_OPTIONS = ['durability', 'memoryBudgetBytes', 'threads', 'quantizers', 'onDamage', 'reads']

/**
 * Opens a database for writing, creating it where there is none.
 *
 * @param where a directory; `:memory:` for a database that ends with the process; or a storage backend of your own
 * @throws OmenError `locked` naming who writes to it; `invalid_argument`; `corrupt_database`, `corrupt_segment`, `corrupt_log`;
 * `unsupported`, `unknown_quantizer`; `disk_full`, `io`
 */
export async function open(where: string | StorageBackend, options: OpenOptions = {}): Promise<Database> {
  return (await openDatabase(where, options, {})).db
}

/** `open`, with what only tests ask for, and the engine that they look at. */
export async function openDatabase(
  where: string | StorageBackend,
  options: OpenOptions,
  hooks: EngineHooks,
): Promise<{ db: Database; engine: Engine }> {
  checkOptionNames('open', options, OPEN_OPTIONS)
  const { durability = 'synced', quantizers = [], onDamage = () => undefined } = options
  checkDurability(durability)
  const limits = { ...limitsOf(options), ...hooks.limits }
  const places = await placesOf(where, options)
  const engine = await Engine.open({ ...places, quantizers, limits, onDamage }, hooks).catch(tellOfRepair)
  return { db: new Database(engine, durability), engine }
}

/** Says what can be done about damage. @throws the error */
function tellOfRepair(error: unknown): never {
  if (!(error instanceof OmenError && CORRUPT.has(error.code))) throw error
  const advice = 'bring the files back from a backup, or let repair() save what can be saved'
  throw new OmenError(error.code, `${error.message}; ${advice}`, { cause: error })
}

const CORRUPT: ReadonlySet<OmenErrorCode> = new Set([
  'corrupt_database',
  'corrupt_index',
  'corrupt_log',
  'corrupt_segment',
  'not_found',
])

async function placesOf(
  where: string | StorageBackend,
  { reads }: OpenOptions,
): Promise<Pick<EngineOptions, 'storage' | 'openLog' | 'closing'>> {
  if (where === ':memory:') {
    const openLog = async (): Promise<MemoryLog> => new MemoryLog()
    return { storage: new MemoryStorage(), openLog, closing: async () => undefined }
  }
  if (typeof where === 'string' && where.length === 0) {
    throw new OmenError('invalid_argument', 'open takes a directory, or :memory:, got an empty string')
  }
  if (typeof where !== 'string' && typeof where?.writeOnce !== 'function') {
    throw new OmenError('invalid_argument', `open takes a directory, or :memory:, got ${describe(where)}`)
  }
  const storage = typeof where === 'string' ? await fileStorage(where, reads ? { reads } : {}) : where
  return {
    storage,
    // A backend that came from elsewhere is closed by whoever made it.
    closing: async () => (typeof where === 'string' ? await storage.close() : undefined),
    openLog: ({ database, ...origin }) => openFileLog(storage, { databaseId: database, ...origin }),
  }
}

/** A collection by its name and size. */
export interface CollectionInfo {
  readonly name: string
  /** Rows that there are. */
  readonly rows: number
}

/** A database that is open for writing. */
export class Database {
  readonly #engine: Engine
  readonly #durability: Durability

  /** Databases are made by `open`. */
  constructor(engine: Engine, durability: Durability) {
    this.#engine = engine
    this.#durability = durability
  }

  /**
   * Opens a collection, creating it where there is none. The schema may say more or less than the one that it was created
   * with, as far as what is stored can follow: optional fields and indexes may come and go, and what graphs are built with.
   *
   * @throws OmenError `invalid_argument` naming the field, `schema_mismatch` saying what to do; `disk_full`, `io`, `closed`
   */
  async collection<const S extends Schema>(name: string, schema: S): Promise<Collection<S>> {
    this.#engine.checkOpen()
    checkCollectionName(name)
    const checked = checkSchema(schema)
    const state = await this.#engine.createCollection(name, checked)
    return new Collection<S>(this.#engine, state, checked, this.#durability)
  }

  /**
   * The collections that there are, in the order in which they were created.
   *
   * @throws OmenError `closed`
   */
  async collections(): Promise<CollectionInfo[]> {
    this.#engine.checkReadable()
    const { catalog } = this.#engine.parts
    return catalog.all.map((state) => ({ name: state.name, rows: this.#engine.view(state).rows }))
  }

  /**
   * Drops a collection with all its rows. Snapshots of it can still be read.
   *
   * @returns whether there was one
   * @throws OmenError `disk_full`, `io`, `unknown_outcome`, `closed`
   */
  async drop(name: string): Promise<boolean> {
    checkCollectionName(name)
    return await this.#engine.dropCollection(name)
  }

  /**
   * What there is, and what it takes.
   *
   * @throws OmenError `closed`, `io`
   */
  async stats(): Promise<DatabaseStats> {
    this.#engine.checkReadable()
    return await databaseStats(this.#engine)
  }

  /**
   * Copies the database as it is at this moment into another folder, which can be opened like any other; writes go on
   * meanwhile.
   *
   * @param where an empty directory, created when it is not there, or a storage backend
   * @throws OmenError `already_exists` for a folder that is not empty; `disk_full`, `io`, `closed`
   */
  async backup(where: string | StorageBackend): Promise<void> {
    this.#engine.checkReadable()
    await backup(this.#engine, where)
  }

  /**
   * Reads everything there is, and says what is not as it was written.
   *
   * @throws OmenError `closed`
   */
  async verify(): Promise<Verification> {
    this.#engine.checkReadable()
    return await verify(this.#engine)
  }

  /** Ends it: every write that was acknowledged is durable. Calls that come later throw `closed`; closing twice is fine. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const MAX_NAME_BYTES = 255

function checkCollectionName(name: unknown): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_BYTES) {
    wellFormed(name)
    return
  }
  throw new OmenError(
    'invalid_argument',
    `a collection is called by 1 to ${MAX_NAME_BYTES} characters, got ${describe(name)}`,
  )
}
