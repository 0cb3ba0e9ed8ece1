import { OmenError } from '@omen/core'
import type { CollectionInfo, Database, DatabaseStats, Schema, Verification } from '@omen/schema'
import {
  type CheckedSchema,
  checkCollectionName,
  checkSchema,
  schemaChange,
  schemaFromJson,
  schemaToJson,
} from '@omen/schema/check'
import { RemoteCollection } from './collection.ts'
import { pathOf } from './reader.ts'
import type { Transport } from './transport.ts'

/** What the server says of a collection. */
interface StoredInfo {
  readonly name: string
  readonly rows: number
  readonly schema: unknown
}

/** A database behind a server. */
export class RemoteDatabase implements Database {
  readonly #transport: Transport

  /** Databases are made by `connect`. */
  constructor(transport: Transport) {
    this.#transport = transport
  }

  collection<const S extends Schema>(name: string, schema: S): Promise<RemoteCollection<S>>
  collection(name: string): Promise<RemoteCollection<Schema>>
  async collection(name: string, schema?: Schema): Promise<unknown> {
    this.#transport.checkOpen()
    const path = pathOf(checkName(name))
    if (schema === undefined) {
      const { schema: stored } = (await this.#get(path)) as StoredInfo
      return new RemoteCollection(this.#transport, name, fieldsOf(schemaFromJson(stored)))
    }
    const checked = checkSchema(schema)
    // Most collections are there: then a key that may only read will do.
    if (!(await this.#isStored(path, checked))) {
      const body = { schema: schemaToJson(checked) }
      await this.#transport.send({ method: 'PUT', path, body, repeatable: true, changes: true })
    }
    return new RemoteCollection(this.#transport, name, schema)
  }

  async collections(): Promise<CollectionInfo[]> {
    const { collections } = (await this.#get('/v1/collections')) as { collections: StoredInfo[] }
    return collections.map(({ name, rows, schema }) => ({
      name,
      rows,
      schema: fieldsOf(schemaFromJson(schema)),
    }))
  }

  async drop(name: string): Promise<boolean> {
    const path = pathOf(checkName(name))
    const reply = await this.#transport.send({ method: 'DELETE', path, repeatable: true, changes: true })
    return (reply as { dropped: boolean }).dropped
  }

  async stats(): Promise<DatabaseStats> {
    return (await this.#get('/v1/stats')) as DatabaseStats
  }

  /** @param where a name below the folder of backups that the server was configured with */
  async backup(where: string): Promise<void> {
    const request = { method: 'POST', path: '/v1/backup', body: { name: where } } as const
    await this.#transport.send({ ...request, repeatable: false, changes: true, long: true })
  }

  async verify(): Promise<Verification> {
    const request = { method: 'POST', path: '/v1/verify', repeatable: true, long: true } as const
    return (await this.#transport.send(request)) as Verification
  }

  /** Lets calls that are under way end, and ends scans and watches. The database behind the server stays as it is. */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #get(path: string): Promise<unknown> {
    return this.#transport.send({ method: 'GET', path, repeatable: true })
  }

  /** Whether the collection is there, and a schema changes nothing about it. */
  async #isStored(path: string, schema: CheckedSchema): Promise<boolean> {
    try {
      const { schema: stored } = (await this.#get(path)) as StoredInfo
      return schemaChange(schemaFromJson(stored), schema).length === 0
    } catch (error) {
      if (error instanceof OmenError && error.code === 'not_found') return false
      throw error
    }
  }
}

const fieldsOf = ({ fields }: CheckedSchema): Schema => Object.fromEntries(fields)

/** @throws OmenError `invalid_argument`; `unsupported` for a name that no path can hold */
function checkName(name: string): string {
  checkCollectionName(name)
  // However they are escaped, addresses take them for the folder itself and the one above.
  if (name !== '.' && name !== '..') return name
  throw new OmenError('unsupported', `a collection that is called ${name} cannot be reached over HTTP`)
}
