import type { Progress } from '@omen/core'
import type { CallOptions } from '../call-options.ts'
import type { Filter } from '../filter/filter.ts'
import type { Schema } from '../schema/field.ts'
import type { InputRow, OutputRow, PayloadName, RowChange } from '../schema/infer.ts'
import type { Reader, Snapshot } from './reader.ts'
import type { CollectionStats } from './stats.ts'

/** What a write survives once it has resolved: a power cut (`synced`), the end of the process (`buffered`), or neither. */
export type Durability = 'synced' | 'buffered' | 'memory'

export const DURABILITIES: readonly Durability[] = ['synced', 'buffered', 'memory']

export interface WriteOptions extends CallOptions {
  /**
   * What the write survives once it has resolved: a power cut (`synced`), the end of the process (`buffered`), neither
   * (`memory`). That of the database when left out, which is `synced` unless it was opened otherwise.
   */
  readonly durability?: Durability | undefined
  /**
   * Writes only if every row has this version, or the version that stands under its id; 0 for a row that must not be there.
   * Otherwise nothing is written, and the error is `conflict`.
   */
  readonly ifVersion?: number | Readonly<Record<string, number>> | undefined
}

/** What a write did. */
export interface WriteResult {
  /** The version that the written rows have now. */
  readonly version: number
  /** Rows that were written. */
  readonly written: number
  /** Rows that were there before and are not any more, or not as they were. */
  readonly removed: number
}

/** Which rows to delete. */
export type Deletion<S extends Schema> =
  | { readonly ids: readonly string[]; readonly where?: undefined }
  | { readonly where: Filter<S>; readonly ids?: undefined }

export interface Replacement<S extends Schema> {
  /** Rows that go. */
  readonly where: Filter<S>
  /** Rows that come. */
  readonly rows: readonly InputRow<S>[]
}

export interface OptimizeOptions extends CallOptions {
  /** Told of vectors linked into graphs. */
  readonly onProgress?: (progress: Progress) => void
}

export interface WatchOptions<K extends string> extends CallOptions {
  /** Changes behind this version, as `WriteResult.version` and `Snapshot.sequence` say it; those from now on when left out. */
  readonly after?: number | undefined
  /** Fields that written rows have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
}

/** One change of a collection: what one call did, whole. Rows that expire do so without one. */
export interface CollectionChange<S extends Schema, K extends keyof S & string = PayloadName<S>> {
  readonly version: number
  /** Ids of rows that were deleted before the others were written; some of them may not have been there. */
  readonly deleted: readonly string[]
  /** Rows that were written, in place of those with the same ids. */
  readonly written: readonly OutputRow<S, K>[]
}

/** A collection of a database: in this process (@omen/db), or behind a server (@omen/client). */
export interface Collection<S extends Schema> extends Reader<S> {
  /**
   * Writes rows, in place of those with the same ids: all of them or none.
   *
   * @param rows copied before the first turn of the event loop
   * @throws OmenError `invalid_argument`, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`, naming row and
   * field; `conflict`; `disk_full`, `aborted`, `closed`: then nothing was written; `unknown_outcome`: then opening the database
   * again tells
   */
  upsert(rows: readonly InputRow<S>[], options?: WriteOptions): Promise<WriteResult>

  /**
   * Changes some fields of rows: all of these rows or none.
   *
   * @throws OmenError `not_found` for a row that is not there; else as `upsert`
   */
  update(changes: readonly RowChange<S>[], options?: WriteOptions): Promise<WriteResult>

  /**
   * Deletes rows by their ids, or those that match at this moment: all of them or none. Ids that are not there do no harm.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`; else as `upsert`
   */
  delete(rows: Deletion<S>, options?: WriteOptions): Promise<WriteResult>

  /**
   * Puts rows in place of those that match at this moment, as one change: nobody sees one without the other.
   *
   * @throws OmenError as `upsert` and `delete`
   */
  replace(replacement: Replacement<S>, options?: WriteOptions): Promise<WriteResult>

  /**
   * Keeps the rows as they are now, to be read while writes go on. It holds segments open until it is closed.
   *
   * @throws OmenError `closed`
   */
  snapshot(): Promise<Snapshot<S>>

  /**
   * Follows the changes of the collection, one after another, for as long as somebody asks for the next one.
   *
   * @throws OmenError `position_gone` when the log does not reach back so far: then read all rows and watch from there;
   * `invalid_argument`, `unknown_field`, `not_found` when the collection is dropped, `aborted`, `closed`
   */
  watch<const K extends keyof S & string = PayloadName<S>>(
    options?: WatchOptions<K>,
  ): AsyncGenerator<CollectionChange<S, K>, void, undefined>

  /**
   * Takes all rows to disk, into one segment without those that were deleted, and gives the space of the others back.
   * Searches and writes go on meanwhile. It also happens by itself, in steps, when it is worth it.
   *
   * @throws OmenError `aborted`: then it is as if it had not begun; `disk_full`, `io`, `closed`
   */
  optimize(options?: OptimizeOptions): Promise<void>

  /**
   * What there is, and what it takes, by segment and part.
   *
   * @throws OmenError `closed`, `not_found` when the collection was dropped
   */
  stats(): Promise<CollectionStats>
}
