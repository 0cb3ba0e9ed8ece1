import type { Schema } from '../schema/field.ts'
import type { Collection } from './collection.ts'
import type { DatabaseStats, Verification } from './stats.ts'

/** A collection by its name, size and fields. */
export interface CollectionInfo {
  readonly name: string
  /** Rows that there are. */
  readonly rows: number
  readonly schema: Schema
}

/** A database: in this process (`open` of @omen/db), or behind a server (`connect` of @omen/client). */
export interface Database extends AsyncDisposable {
  /**
   * Opens a collection, creating it where there is none. The schema may say more or less than the one that it was created
   * with, as far as what is stored can follow: optional fields and indexes may come and go, and what graphs are built with.
   *
   * @throws OmenError `invalid_argument` naming the field, `schema_mismatch` saying what to do; `unknown_quantizer`;
   * `disk_full`, `io`, `closed`
   */
  collection<const S extends Schema>(name: string, schema: S): Promise<Collection<S>>
  /**
   * Opens a collection that is there, with the schema that is stored.
   *
   * @throws OmenError `not_found` where there is none, `invalid_argument`, `closed`
   */
  collection(name: string): Promise<Collection<Schema>>

  /**
   * The collections that there are, in the order in which they were created.
   *
   * @throws OmenError `closed`
   */
  collections(): Promise<CollectionInfo[]>

  /**
   * Drops a collection with all its rows. Snapshots of it can still be read.
   *
   * @returns whether there was one
   * @throws OmenError `disk_full`, `io`, `unknown_outcome`, `closed`
   */
  drop(name: string): Promise<boolean>

  /**
   * What there is, and what it takes.
   *
   * @throws OmenError `closed`, `io`
   */
  stats(): Promise<DatabaseStats>

  /**
   * Copies the database as it is at this moment, so that the copy can be opened like any other; writes go on meanwhile.
   *
   * @param where an empty directory of the machine that has the database, created when it is not there. A server takes a name
   * below the folder that it was configured with.
   * @throws OmenError `already_exists` for a folder that is not empty; `disk_full`, `io`, `closed`
   */
  backup(where: string): Promise<void>

  /**
   * Reads everything there is, and says what is not as it was written.
   *
   * @throws OmenError `closed`
   */
  verify(): Promise<Verification>

  /**
   * Ends it: every write that was acknowledged is as durable as it was asked to be. Calls that come later throw `closed`;
   * closing twice is fine. Closing a connection leaves the database behind it as it is.
   */
  close(): Promise<void>
}
