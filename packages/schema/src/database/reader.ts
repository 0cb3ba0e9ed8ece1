import type { CallOptions } from '../call-options.ts'
import type { Filter } from '../filter/filter.ts'
import type { Schema } from '../schema/field.ts'
import type { OutputRow, PayloadName, ScannedRow } from '../schema/infer.ts'
import type {
  MeasureRecallOptions,
  RecallMeasurement,
  SearchManyQuery,
  SearchQuery,
  SearchResult,
} from './query.ts'

export interface GetOptions<K extends string> {
  /** Fields that rows have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
}

export interface ScanOptions<S extends Schema, K extends string> extends CallOptions {
  /** Only rows that match. */
  readonly where?: Filter<S> | undefined
  /** Fields that rows have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
  /** Whether rows that expire say when, as `$expiresAt`. */
  readonly expiry?: boolean | undefined
}

/** Reads the rows of a collection, each call as they are at one moment. */
export interface Reader<S extends Schema> {
  readonly name: string
  /** The fields, as they were declared or are stored. */
  readonly schema: S

  /**
   * The row of an id, or the rows of several, with undefined for those that are not there.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `closed`
   */
  get<const K extends keyof S & string = PayloadName<S>>(
    id: string,
    options?: GetOptions<K>,
  ): Promise<OutputRow<S, K> | undefined>
  get<const K extends keyof S & string = PayloadName<S>>(
    ids: readonly string[],
    options?: GetOptions<K>,
  ): Promise<(OutputRow<S, K> | undefined)[]>

  /** Whether there is a row of this id. */
  has(id: string): Promise<boolean>

  /**
   * The version of a row, for `ifVersion`: it changes with every write to the row. 0 for a row that is not there.
   *
   * @throws OmenError `closed`
   */
  version(id: string): Promise<number>

  /**
   * How many rows there are, or match.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `closed`
   */
  count(where?: Filter<S>): Promise<number>

  /**
   * Goes through the rows, or those that match, in no particular order: all as they were when the first was asked for.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `aborted`, `closed`
   */
  scan<const K extends keyof S & string = PayloadName<S>>(
    options?: ScanOptions<S, K>,
  ): AsyncGenerator<ScannedRow<S, K>, void, undefined>

  /**
   * Finds the rows whose vectors are nearest to a query: as many as `limit` says, wherever so many match.
   *
   * @throws OmenError `invalid_argument` naming the option, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`,
   * `unsupported`, `aborted`, `closed`
   */
  search<const K extends keyof S & string = PayloadName<S>>(
    query: SearchQuery<S, K>,
  ): Promise<SearchResult<S, K>>

  /**
   * Searches for many queries at once, on several threads.
   *
   * @returns a result for each query, in their order
   * @throws OmenError as `search`
   */
  searchMany<const K extends keyof S & string = PayloadName<S>>(
    query: SearchManyQuery<S, K>,
  ): Promise<SearchResult<S, K>[]>

  /**
   * Compares searches for vectors of stored rows with the exact answer: how much of it they find.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `aborted`, `closed`
   */
  measureRecall(options?: MeasureRecallOptions<S>): Promise<RecallMeasurement>
}

/** The rows of a collection as they were at one moment: no write shows in it. */
export interface Snapshot<S extends Schema> extends Reader<S>, AsyncDisposable {
  /** The last change of the database that it knows: as `WriteResult.version` counts them. */
  readonly sequence: number

  /** Lets go of the rows; calls that are under way end as they would have. Closing twice is fine. */
  close(): Promise<void>
}
