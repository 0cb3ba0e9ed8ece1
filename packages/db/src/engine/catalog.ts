import { OmenError, unreachable } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { Change } from './change.ts'
import type { CollectionState } from './collection-state.ts'
import type { Applied } from './commits.ts'
import type { StoredCollection } from './manifest.ts'

/** Makes a collection without rows. */
export type MakeCollection = (stored: StoredCollection) => CollectionState

/** The collections of a database in memory. `apply` is the one place where the changes of the log come in. */
export class Catalog {
  readonly #byId: Map<number, CollectionState> = new Map()
  readonly #byName: Map<string, CollectionState> = new Map()
  readonly #make: MakeCollection
  #nextId: number

  constructor(collections: readonly CollectionState[], nextId: number, make: MakeCollection) {
    this.#make = make
    this.#nextId = nextId
    for (const collection of collections) this.#add(collection)
  }

  /** Collections in the order in which they were created. */
  get all(): CollectionState[] {
    return [...this.#byId.values()]
  }

  get nextId(): number {
    return this.#nextId
  }

  byId(id: number): CollectionState | undefined {
    return this.#byId.get(id)
  }

  byName(name: string): CollectionState | undefined {
    return this.#byName.get(name)
  }

  /** The schema of a collection's rows, to read a record by. */
  schemaOf(id: number): CheckedSchema | undefined {
    return this.#byId.get(id)?.schema
  }

  /**
   * Makes a change. The same changes in the same order give the same, here, after a restart, and in another process.
   *
   * A change of a collection that is not there does nothing: it was dropped before.
   */
  apply(change: Change, sequence: number): Applied {
    const nothing: Applied = { sequence, written: 0, removed: 0 }
    const collection = this.#byId.get(change.collection)
    switch (change.kind) {
      case 'upsert':
        return collection?.upsert(change.block, sequence) ?? nothing
      case 'delete':
        return collection?.delete(change.ids, sequence) ?? nothing
      case 'replace':
        return collection?.replace(change.ids, change.block, sequence) ?? nothing
      case 'create': {
        const { name, schema } = change
        if (this.#byName.has(name)) {
          throw new OmenError(
            'corrupt_database',
            `the log creates collection ${name}, which is there already`,
          )
        }
        this.#nextId = Math.max(this.#nextId, change.collection + 1)
        this.#add(
          this.#make({
            id: change.collection,
            name,
            schema,
            from: sequence + 1,
            schemaSince: 0,
            segments: [],
          }),
        )
        return nothing
      }
      case 'drop':
        if (collection) this.#remove(collection)
        return nothing
      case 'mark':
        return nothing
      default:
        return unreachable(change)
    }
  }

  #add(collection: CollectionState): void {
    this.#byId.set(collection.id, collection)
    this.#byName.set(collection.name, collection)
  }

  #remove(collection: CollectionState): void {
    this.#byId.delete(collection.id)
    this.#byName.delete(collection.name)
    collection.drop()
  }

  /** Lets go of all segments, and waits until the files of those are closed that nobody else holds. */
  async close(): Promise<void> {
    const segments = this.all.flatMap(({ sealed }) => sealed.map((state) => state.sealed))
    for (const collection of this.all) this.#remove(collection)
    await Promise.all(segments.map(({ closed }) => closed))
  }
}
