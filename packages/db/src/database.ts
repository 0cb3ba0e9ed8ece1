import {
  MemoryLog,
  MemoryStorage,
  OmenError,
  type OmenErrorCode,
  type Quantizer,
  type StorageBackend,
} from '@omen/core'
import type { CollectionInfo, Database, DatabaseStats, Durability, Schema, Verification } from '@omen/schema'
import { checkCollectionName, checkOptionNames, checkSchema, describe } from '@omen/schema/check'
import { fileStorage, openFileLog } from '@omen/storage-mmap'
import { backup } from './backup.ts'
import { checkDurability, EmbeddedCollection } from './collection.ts'
import type { CollectionState } from './engine/collection-state.ts'
import { Engine, type EngineOptions } from './engine/engine.ts'
import { limitsOf } from './engine/limits.ts'
import type { EngineHooks } from './engine/points.ts'
import type { View } from './engine/view.ts'
import { observedOf } from './observed.ts'
import { databaseStats } from './stats.ts'
import { verify } from './verify.ts'

export interface OpenOptions {
  /** What writes survive that do not say otherwise: a power cut (`synced`) when left out. */
  readonly durability?: Durability | undefined
  /**
   * Bytes of memory that the process may grow by while rows are written, shared by all collections; 256 MiB when left out. A
   * sixth of it is for rows that are not on disk yet, a third for what a merge of segments makes, an eighth for graphs of small
   * collections, the rest for batches on their way and for what was let go of until it is collected. Beside it come mapped
   * files, which the system takes back when it needs them, and what calls hold, their rows and hits. `optimize` and new schemas
   * make whole segments, whatever they take.
   */
  readonly memoryBudgetBytes?: number | undefined
  /**
   * Threads for linking rows, and as many for merging segments; half of the cores when left out. They run at a low priority,
   * where the accelerator runs.
   */
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
export async function open(
  where: string | StorageBackend,
  options: OpenOptions = {},
): Promise<EmbeddedDatabase> {
  return (await openDatabase(where, options, {})).db
}

/** `open`, with what only tests ask for, and the engine that they look at. */
export async function openDatabase(
  where: string | StorageBackend,
  options: OpenOptions,
  hooks: EngineHooks,
): Promise<{ db: EmbeddedDatabase; engine: Engine }> {
  checkOptionNames('open', options, OPEN_OPTIONS)
  const { durability = 'synced', quantizers = [], onDamage = () => undefined } = options
  checkDurability(durability)
  const limits = { ...limitsOf(options), ...hooks.limits }
  const places = await placesOf(where, options)
  const engine = await Engine.open({ ...places, quantizers, limits, onDamage }, hooks).catch(tellOfRepair)
  return { db: new EmbeddedDatabase(engine, durability), engine }
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

/** A database in this process that is open for writing. */
export class EmbeddedDatabase implements Database {
  readonly #engine: Engine
  readonly #durability: Durability

  /** Databases are made by `open`. */
  constructor(engine: Engine, durability: Durability) {
    this.#engine = engine
    this.#durability = durability
  }

  collection<const S extends Schema>(name: string, schema: S): Promise<EmbeddedCollection<S>>
  collection(name: string): Promise<EmbeddedCollection<Schema>>
  async collection(name: string, schema?: Schema): Promise<unknown> {
    this.#engine.checkOpen()
    checkCollectionName(name)
    const state =
      schema === undefined
        ? this.#engine.collection(name)
        : await this.#engine.createCollection(name, checkSchema(schema))
    return new EmbeddedCollection(this.#engine, state, schema ?? schemaOf(state), this.#durability)
  }

  async collections(): Promise<CollectionInfo[]> {
    this.#engine.checkReadable()
    const { catalog } = this.#engine.parts
    return catalog.all.map((state) => infoOf(state, this.#engine.view(state)))
  }

  async drop(name: string): Promise<boolean> {
    return await this.#engine.dropCollection(checkCollectionName(name))
  }

  async stats(): Promise<DatabaseStats> {
    this.#engine.checkReadable()
    return await databaseStats(observedOf(this.#engine))
  }

  /** As `Database.backup`, or into a storage backend. */
  async backup(where: string | StorageBackend): Promise<void> {
    this.#engine.checkReadable()
    await backup(this.#engine, where)
  }

  async verify(): Promise<Verification> {
    this.#engine.checkReadable()
    return await verify(observedOf(this.#engine))
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The fields of a collection as they are stored: without validators, which come from whoever opens it. */
export function schemaOf(state: CollectionState): Schema {
  return Object.fromEntries(state.schema.fields)
}

/** A collection as `collections()` names it. */
export function infoOf(state: CollectionState, view: View): CollectionInfo {
  return { name: state.name, rows: view.rows, schema: schemaOf(state) }
}
