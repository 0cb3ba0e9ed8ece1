import { type Collection, type Database, OmenError, type Schema } from '@omen/db'

/** The collections of a database, opened once each. */
export class Collections {
  readonly #db: Database
  readonly #open = new Map<string, Collection<Schema>>()

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * Does something with a collection. What was not found is looked for once more in the collection that has the name now: who
   * embeds the server may have dropped the one that is known and made another.
   *
   * @throws OmenError `not_found` where there is none, and what the work throws
   */
  async use<T>(name: string, work: (collection: Collection<Schema>) => Promise<T>): Promise<T> {
    const known = this.#open.get(name)
    if (!known) return await work(await this.reopen(name))
    try {
      return await work(known)
    } catch (error) {
      if (!(error instanceof OmenError && error.code === 'not_found')) throw error
      return await work(await this.reopen(name))
    }
  }

  /** Creates a collection, or changes its schema. @throws OmenError as `Database.collection` */
  async put(name: string, schema: Schema): Promise<Collection<Schema>> {
    const collection = await this.#db.collection(name, schema)
    this.#open.set(name, collection)
    return collection
  }

  async drop(name: string): Promise<boolean> {
    this.#open.delete(name)
    return await this.#db.drop(name)
  }

  /**
   * The collection that has a name now.
   *
   * @throws OmenError `not_found`, `invalid_argument`
   */
  async reopen(name: string): Promise<Collection<Schema>> {
    this.#open.delete(name)
    const collection = await this.#db.collection(name)
    this.#open.set(name, collection)
    return collection
  }
}
