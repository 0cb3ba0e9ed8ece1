import { OmenError, type Progress, throwIfAborted } from '@omen/core'
import { type CallOptions, checkOptionNames, signalOf } from './deadline.ts'
import type { CollectionState } from './engine/collection-state.ts'
import { DURABILITIES, type Durability } from './engine/commits.ts'
import type { Engine } from './engine/engine.ts'
import { type CheckedWrite, Writer } from './engine/writer.ts'
import { checkFilter } from './filter/check-filter.ts'
import type { Filter } from './filter/filter.ts'
import { Reader } from './reader.ts'
import { checkId } from './rows/check-row.ts'
import { type CheckedSchema, describe } from './schema/check-schema.ts'
import type { Schema } from './schema/field.ts'
import type { InputRow, PayloadName, RowChange } from './schema/infer.ts'
import { Snapshot } from './snapshot.ts'
import { type CollectionStats, collectionStats } from './stats.ts'
import { type CollectionChange, type WatchOptions, watch } from './watch.ts'

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

const WRITE_OPTIONS = ['durability', 'ifVersion', 'signal', 'timeoutMs']

/** A collection of a database that is open for writing. */
export class Collection<S extends Schema> extends Reader<S> {
  readonly name: string
  readonly #engine: Engine
  readonly #state: CollectionState
  readonly #schema: CheckedSchema
  readonly #writer: Writer
  readonly #durability: Durability

  /** Collections are made by `Database.collection`. */
  constructor(engine: Engine, state: CollectionState, schema: CheckedSchema, durability: Durability) {
    super(() => engine.view(state))
    this.name = state.name
    this.#engine = engine
    this.#state = state
    this.#schema = schema
    this.#writer = new Writer(engine, state, schema)
    this.#durability = durability
  }

  /**
   * Writes rows, in place of those with the same ids: all of them or none.
   *
   * @param rows copied before the first turn of the event loop
   * @throws OmenError `invalid_argument`, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`, naming row and
   * field; `conflict`; `disk_full`, `aborted`, `closed`: then nothing was written; `unknown_outcome`: then opening the database
   * again tells
   */
  async upsert(rows: readonly InputRow<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#writer.upsert(rows, this.#check('upsert', options)))
  }

  /**
   * Changes some fields of rows: all of these rows or none.
   *
   * @throws OmenError `not_found` for a row that is not there; else as `upsert`
   */
  async update(changes: readonly RowChange<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#writer.update(changes, this.#check('update', options)))
  }

  /**
   * Deletes rows by their ids, or those that match at this moment: all of them or none. Ids that are not there do no harm.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`; else as `upsert`
   */
  async delete(rows: Deletion<S>, options: WriteOptions = {}): Promise<WriteResult> {
    const write = this.#check('delete', options)
    checkOptionNames('delete', rows, ['ids', 'where'])
    if ((rows.ids === undefined) === (rows.where === undefined)) {
      throw new OmenError('invalid_argument', 'delete takes { ids } or { where }')
    }
    if (rows.where !== undefined) {
      const where = checkFilter(this.#schema, rows.where)
      return resultOf(await this.#writer.deleteWhere(where, write))
    }
    const { ids } = rows
    if (!Array.isArray(ids)) throw new OmenError('invalid_argument', `ids is an array, got ${describe(ids)}`)
    return resultOf(await this.#writer.delete(ids.map(checkId), write))
  }

  /**
   * Puts rows in place of those that match at this moment, as one change: nobody sees one without the other.
   *
   * @throws OmenError as `upsert` and `delete`
   */
  async replace(replacement: Replacement<S>, options: WriteOptions = {}): Promise<WriteResult> {
    const write = this.#check('replace', options)
    checkOptionNames('replace', replacement, ['where', 'rows'])
    if (replacement.where === undefined) {
      throw new OmenError('invalid_argument', 'replace takes { where, rows }; { where: {} } means every row')
    }
    const where = checkFilter(this.#schema, replacement.where)
    return resultOf(await this.#writer.replace(where, replacement.rows, write))
  }

  /**
   * Keeps the rows as they are now, to be read while writes go on. It holds segments open until it is closed.
   *
   * @throws OmenError `closed`
   */
  snapshot(): Snapshot<S> {
    return new Snapshot(this.name, this.#engine.view(this.#state))
  }

  /**
   * Follows the changes of the collection, one after another, for as long as somebody asks for the next one.
   *
   * @throws OmenError `position_gone` when the log does not reach back so far: then read all rows and watch from there;
   * `invalid_argument`, `unknown_field`, `not_found` when the collection is dropped, `aborted`, `closed`
   */
  watch<const K extends keyof S & string = PayloadName<S>>(
    options: WatchOptions<K> = {},
  ): AsyncGenerator<CollectionChange<S, K>, void, undefined> {
    return watch<S, K>(this.#engine, this.#state, options)
  }

  /**
   * Takes all rows to disk, into one segment without those that were deleted, and gives the space of the others back.
   * Searches and writes go on meanwhile. It also happens by itself, in steps, when it is worth it.
   *
   * @throws OmenError `aborted`: then it is as if it had not begun; `disk_full`, `io`, `closed`
   */
  async optimize(options: OptimizeOptions = {}): Promise<void> {
    checkOptionNames('optimize', options, ['onProgress', 'signal', 'timeoutMs'])
    const signal = signalOf(options)
    throwIfAborted(signal)
    const { onProgress } = options
    await this.#engine.optimize(this.#state, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
  }

  /**
   * What there is, and what it takes, by segment and part.
   *
   * @throws OmenError `closed`, `not_found` when the collection was dropped
   */
  async stats(): Promise<CollectionStats> {
    this.#engine.view(this.#state)
    return collectionStats(this.#state)
  }

  #check(call: string, options: WriteOptions): CheckedWrite {
    checkOptionNames(call, options, WRITE_OPTIONS)
    const { durability = this.#durability, ifVersion } = options
    return {
      durability: checkDurability(durability),
      signal: signalOf(options),
      ifVersion: ifVersion === undefined ? undefined : versionsOf(ifVersion),
    }
  }
}

/** @throws OmenError `invalid_argument` */
export function checkDurability(durability: Durability): Durability {
  if (DURABILITIES.includes(durability)) return durability
  throw new OmenError(
    'invalid_argument',
    `durability is one of ${DURABILITIES.join(', ')}, got ${describe(durability)}`,
  )
}

function versionsOf(ifVersion: unknown): (id: string) => number | undefined {
  if (typeof ifVersion === 'number') return () => checkVersion(ifVersion)
  if (typeof ifVersion !== 'object' || ifVersion === null) {
    throw new OmenError(
      'invalid_argument',
      `ifVersion is a version, or an object of versions by id, got ${describe(ifVersion)}`,
    )
  }
  const versions = new Map(Object.entries(ifVersion).map(([id, version]) => [id, checkVersion(version)]))
  return (id) => versions.get(id)
}

function checkVersion(version: unknown): number {
  if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 0) return version
  throw new OmenError('invalid_argument', `a version is a whole number from 0 on, got ${describe(version)}`)
}

function resultOf({ sequence, written, removed }: Awaited<ReturnType<Writer['upsert']>>): WriteResult {
  return { version: sequence, written, removed }
}
