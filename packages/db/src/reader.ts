import { Turns, throwIfAborted } from '@omen/core'
import { type CallOptions, checkOptionNames, signalOf } from './deadline.ts'
import type { View } from './engine/view.ts'
import { versionIn } from './engine/writer.ts'
import type { Filter } from './filter/filter.ts'
import { type MeasureRecallOptions, measureRecall, type RecallMeasurement } from './measure-recall.ts'
import {
  checkSearchManyQuery,
  checkSearchQuery,
  checkWhere,
  type Hit,
  type SearchManyQuery,
  type SearchQuery,
} from './query.ts'
import { countMatching, matching, rowNumbers } from './read/matching.ts'
import { Projection } from './read/projection.ts'
import { type Found, type SegmentExplanation, scoreOf, searchView, searchViewMany } from './read/search.ts'
import { checkId } from './rows/check-row.ts'
import type { Schema } from './schema/field.ts'
import type { OutputRow, PayloadName } from './schema/infer.ts'

export interface GetOptions<K extends string> {
  /** Fields that rows have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
}

export interface ScanOptions<S extends Schema, K extends string> extends CallOptions {
  /** Only rows that match. */
  readonly where?: Filter<S> | undefined
  /** Fields that rows have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
}

/** How a search was made. */
export interface Explanation {
  /** The segments that were searched, the oldest first. */
  readonly segments: readonly SegmentExplanation[]
  /** Milliseconds that it took, without reading the fields of hits. */
  readonly timeMs: number
}

export interface SearchResult<S extends Schema, K extends keyof S & string = PayloadName<S>> {
  /** Closest first. */
  readonly hits: Hit<S, K>[]
  /** How they were found, where that was asked for. */
  readonly explanation?: Explanation
}

/** Reads the rows of a collection, each call as they are at one moment. */
export class Reader<S extends Schema> {
  readonly #view: () => View

  /** @param view the rows as they are now: borrowed, and retained while a call needs them */
  protected constructor(view: () => View) {
    this.#view = view
  }

  async #reading<T>(read: (view: View) => Promise<T>): Promise<T> {
    const view = this.#view().retain()
    try {
      return await read(view)
    } finally {
      view.release()
    }
  }

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
  async get(ids: string | readonly string[], options: GetOptions<string> = {}): Promise<unknown> {
    checkOptionNames('get', options, ['select'])
    return await this.#reading(async (view) => {
      const projection = new Projection(view.schema, options.select)
      if (!Array.isArray(ids)) return rowIn(view, checkId(ids), projection)
      return ids.map((id) => rowIn(view, checkId(id), projection))
    })
  }

  /** Whether there is a row of this id. */
  async has(id: string): Promise<boolean> {
    return this.#view().find(checkId(id)) !== undefined
  }

  /**
   * The version of a row, for `ifVersion`: it changes with every write to the row. 0 for a row that is not there.
   *
   * @throws OmenError `closed`
   */
  async version(id: string): Promise<number> {
    return versionIn(this.#view(), checkId(id))
  }

  /**
   * How many rows there are, or match.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `closed`
   */
  count(where?: Filter<S>): Promise<number> {
    return this.#reading((view) => countMatching(view, checkWhere(view.schema, where)))
  }

  /**
   * Goes through the rows, or those that match, in no particular order: all as they were when the first was asked for.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `aborted`, `closed`
   */
  async *scan<const K extends keyof S & string = PayloadName<S>>(
    options: ScanOptions<S, K> = {},
  ): AsyncGenerator<OutputRow<S, K>, void, undefined> {
    checkOptionNames('scan', options, ['where', 'select', 'signal', 'timeoutMs'])
    const signal = signalOf(options)
    const view = this.#view().retain()
    try {
      const projection = new Projection(view.schema, options.select)
      const turns = new Turns()
      for await (const matches of matching(view, checkWhere(view.schema, options.where))) {
        const { segment } = matches.segment
        for (const row of rowNumbers(matches)) {
          const output: Record<string, unknown> = { id: segment.idOf(row) }
          projection.addTo(output, segment, row)
          yield output as OutputRow<S, K>
          throwIfAborted(signal)
          if (turns.due) await turns.take()
        }
      }
    } finally {
      view.release()
    }
  }

  /**
   * Finds the rows whose vectors are nearest to a query: as many as `limit` says, wherever so many match.
   *
   * @throws OmenError `invalid_argument` naming the option, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`,
   * `unsupported`, `aborted`, `closed`
   */
  async search<const K extends keyof S & string = PayloadName<S>>(
    query: SearchQuery<S, K>,
  ): Promise<SearchResult<S, K>> {
    const view = this.#view().retain()
    try {
      const { search, projection } = checkSearchQuery(view.schema, query)
      const segments: SegmentExplanation[] | undefined = query.explain ? [] : undefined
      const started = segments ? performance.now() : 0
      const found = await searchView(view, search, segments)
      const explanation = segments && { segments, timeMs: performance.now() - started }
      const hits = hitsOf<Hit<S, K>>(found, search.metric, projection)
      return explanation ? { hits, explanation } : { hits }
    } finally {
      view.release()
    }
  }

  /**
   * Searches for many queries at once, on several threads.
   *
   * @returns a result for each query, in their order
   * @throws OmenError as `search`
   */
  searchMany<const K extends keyof S & string = PayloadName<S>>(
    query: SearchManyQuery<S, K>,
  ): Promise<SearchResult<S, K>[]> {
    return this.#reading(async (view) => {
      const { search, count, projection } = checkSearchManyQuery(view.schema, query)
      if (count === 0) return []
      const results: SearchResult<S, K>[] = []
      const turns = new Turns()
      for (const found of await searchViewMany(view, search, count)) {
        results.push({ hits: hitsOf<Hit<S, K>>(found, search.metric, projection) })
        if (turns.due) await turns.take()
      }
      return results
    })
  }

  /**
   * Compares searches for vectors of stored rows with the exact answer: how much of it they find.
   *
   * @throws OmenError `invalid_argument`, `unknown_field`, `unsupported`, `aborted`, `closed`
   */
  measureRecall(options: MeasureRecallOptions<S> = {}): Promise<RecallMeasurement> {
    return this.#reading((view) => measureRecall(view, options))
  }
}

function rowIn(view: View, id: string, projection: Projection): unknown {
  const found = view.find(id)
  if (!found) return undefined
  const output: Record<string, unknown> = { id }
  projection.addTo(output, found.segment.segment, found.row)
  return output
}

/** Reads of the winners what users see. The compiler cannot follow what a projection picks by name. */
function hitsOf<H>(
  found: readonly Found[],
  metric: Parameters<typeof scoreOf>[0],
  projection: Projection,
): H[] {
  return found.map(({ segment: { segment }, row, distance }) => {
    const hit: Record<string, unknown> = { id: segment.idOf(row), score: scoreOf(metric, distance), distance }
    projection.addTo(hit, segment, row)
    return hit as H
  })
}
