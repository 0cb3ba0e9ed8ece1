import type { Database, Reader, Schema } from '@omen/db'
import type { FastifyBaseLogger } from 'fastify'
import type { AuditLog } from '../audit/audit-log.ts'
import type { KeyStore } from '../auth/key-store.ts'
import type { ServerConfig } from '../config/config.ts'
import type { Collections } from '../state/collections.ts'
import type { Idempotency } from '../state/idempotency.ts'
import type { Snapshots } from '../state/snapshots.ts'
import type { Embedder } from './embedder.ts'

/** What routes work with. */
export interface Services {
  readonly config: ServerConfig
  readonly db: Database
  readonly collections: Collections
  readonly snapshots: Snapshots
  readonly keys: KeyStore
  readonly idempotency: Idempotency
  readonly audit: AuditLog | undefined
  readonly embedder: Embedder | undefined
  readonly log: FastifyBaseLogger
  /** The document of all routes. */
  readonly openApi: () => unknown
  readonly metrics: () => Promise<string>
  /** What keeps it from serving, if something does. */
  readonly trouble: () => string | undefined
}

/** A collection, or a snapshot of it. */
export type AnyReader = Reader<Schema>

/** Does something with a collection as it is, or as it was in the snapshot that a request names. */
export function reading<T>(
  { collections, snapshots }: Services,
  collection: string,
  snapshot: string | undefined,
  read: (reader: AnyReader) => Promise<T>,
): Promise<T> {
  return snapshot === undefined
    ? collections.use(collection, read)
    : read(snapshots.find(collection, snapshot))
}
