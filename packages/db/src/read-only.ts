import { OmenError, type StorageBackend } from '@omen/core'
import type { CollectionInfo, DatabaseStats, Schema, Verification } from '@omen/schema'
import { checkOptionNames, checkSchema, describe, schemaChange } from '@omen/schema/check'
import { fileStorage, followLog } from '@omen/storage-mmap'
import { infoOf, type OpenOptions, schemaOf } from './database.ts'
import { Follower } from './engine/follower.ts'
import { followedBy } from './observed.ts'
import { EmbeddedReader } from './reader.ts'
import { databaseStats } from './stats.ts'
import { THE_LOG, verify } from './verify.ts'

/** How often the writer may be faster than a reader that verifies. */
const ATTEMPTS = 10

export type OpenReadOnlyOptions = Pick<OpenOptions, 'quantizers' | 'onDamage' | 'reads'>

/**
 * Opens a database for reading, beside the process that writes to it. It shows the database as it was then, and again as it
 * is with every `refresh`.
 *
 * @param where its directory, or a storage backend of your own
 * @throws OmenError `not_found` where there is none; `invalid_argument`; `corrupt_database`, `corrupt_segment`, `corrupt_log`;
 * `unsupported`, `unknown_quantizer`; `io`
 */
export async function openReadOnly(
  where: string | StorageBackend,
  options: OpenReadOnlyOptions = {},
): Promise<ReadOnlyDatabase> {
  checkOptionNames('openReadOnly', options, ['quantizers', 'onDamage', 'reads'])
  const { quantizers = [], onDamage = () => undefined, reads } = options
  if (typeof where === 'string' ? where.length === 0 : typeof where?.read !== 'function') {
    throw new OmenError('invalid_argument', `openReadOnly takes a directory, got ${describe(where)}`)
  }
  const storage =
    typeof where === 'string' ? await fileStorage(where, { readOnly: true, ...(reads && { reads }) }) : where
  const closing = async (): Promise<void> => (typeof where === 'string' ? await storage.close() : undefined)
  try {
    const openLog = (databaseId: string): ReturnType<typeof followLog> => followLog(storage, { databaseId })
    return new ReadOnlyDatabase(await Follower.open({ storage, openLog, quantizers, onDamage, closing }))
  } catch (error) {
    await closing()
    throw error
  }
}

/** A database that is open for reading. */
export class ReadOnlyDatabase {
  readonly #follower: Follower

  /** They are made by `openReadOnly`. */
  constructor(follower: Follower) {
    this.#follower = follower
  }

  /** The version of the last change that it shows. */
  get version(): number {
    return this.#follower.applied
  }

  /**
   * A collection, which shows what the database does at its last `refresh`.
   *
   * @throws OmenError `not_found`, `schema_mismatch` for another schema than it has, `closed`
   */
  collection<const S extends Schema>(name: string, schema: S): Promise<CollectionReader<S>>
  /** The same with the schema that is stored. */
  collection(name: string): Promise<CollectionReader<Schema>>
  async collection(name: string, schema?: Schema): Promise<unknown> {
    const state = this.#follower.state(name)
    if (schema === undefined) return new CollectionReader(name, schemaOf(state), this.#follower)
    if (schemaChange(state.schema, checkSchema(schema)).length > 0) {
      throw new OmenError(
        'schema_mismatch',
        `collection ${JSON.stringify(name)} has another schema: only who opens it for writing can change that`,
      )
    }
    return new CollectionReader(name, schema, this.#follower)
  }

  /** The collections that there are. @throws OmenError `closed` */
  async collections(): Promise<CollectionInfo[]> {
    return this.#follower.catalog.all.map((state) => infoOf(state, this.#follower.view(state.name)))
  }

  /** What there is, and what it takes, as of the last `refresh`. @throws OmenError `closed`, `io` */
  async stats(): Promise<DatabaseStats> {
    return await databaseStats(followedBy(this.#follower))
  }

  /**
   * Reads everything there is, and says what is not as it was written. Where the writer let go of changes meanwhile that the
   * log held it takes in what replaced them, as `refresh` does, and begins again.
   *
   * @throws OmenError as `refresh`
   */
  async verify(): Promise<Verification> {
    let seen = followedBy(this.#follower)
    for (let attempt = 1; ; attempt++) {
      const found = await verify(seen)
      // Segments do not change, and stay while they are open: only the log can go away under a reader.
      if (attempt === ATTEMPTS || found.problems.every(({ where }) => where !== THE_LOG)) return found
      await this.refresh()
      const now = followedBy(this.#follower)
      if (now.manifest.number === seen.manifest.number) return found
      seen = now
    }
  }

  /**
   * Takes in what was written since the last time: all of a change or nothing.
   *
   * @throws OmenError as `openReadOnly`: then it shows what it did before
   */
  refresh(): Promise<void> {
    return this.#follower.refresh()
  }

  /** Calls that come later throw `closed`; closing twice is fine. */
  close(): Promise<void> {
    return this.#follower.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A collection of a database that is open for reading. */
export class CollectionReader<S extends Schema> extends EmbeddedReader<S> {
  /** They are made by `ReadOnlyDatabase.collection`. */
  constructor(name: string, schema: S, follower: Follower) {
    super(name, schema, () => follower.view(name))
  }
}
