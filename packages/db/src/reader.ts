import { Turns, throwIfAborted } from '@omen/core'
import type {
  Filter,
  GetOptions,
  Hit,
  MeasureRecallOptions,
  OutputRow,
  PayloadName,
  Reader,
  RecallMeasurement,
  ScannedRow,
  ScanOptions,
  Schema,
  SearchManyQuery,
  SearchQuery,
  SearchResult,
  SegmentExplanation,
} from '@omen/schema'
import { checkId, checkOptionNames, signalOf } from '@omen/schema/check'
import type { View } from './engine/view.ts'
import { versionIn } from './engine/writer.ts'
import { measureRecall } from './measure-recall.ts'
import { checkFlag, checkSearchManyQuery, checkSearchQuery, checkWhere } from './query.ts'
import { countMatching, matching, rowNumbers } from './read/matching.ts'
import { Projection } from './read/projection.ts'
import { giveBackQuery } from './read/query-vectors.ts'
import { countFound, type Found, scoreOf, searchView, searchViewMany } from './read/search.ts'

/** Reads the rows of a collection in this process. */
export class EmbeddedReader<S extends Schema> implements Reader<S> {
  readonly name: string
  readonly schema: S
  readonly #view: () => View

  /** @param view the rows as they are now: borrowed, and retained while a call needs them */
  protected constructor(name: string, schema: S, view: () => View) {
    this.name = name
    this.schema = schema
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

  async has(id: string): Promise<boolean> {
    return this.#view().find(checkId(id)) !== undefined
  }

  async version(id: string): Promise<number> {
    return versionIn(this.#view(), checkId(id))
  }

  count(where?: Filter<S>): Promise<number> {
    return this.#reading((view) => countMatching(view, checkWhere(view.schema, where)))
  }

  async *scan<const K extends keyof S & string = PayloadName<S>>(
    options: ScanOptions<S, K> = {},
  ): AsyncGenerator<ScannedRow<S, K>, void, undefined> {
    checkOptionNames('scan', options, ['where', 'select', 'expiry', 'signal', 'timeoutMs'])
    const expiry = checkFlag('expiry', options.expiry)
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
          if (expiry) addExpiry(output, segment.expiresAt(row))
          yield output as ScannedRow<S, K>
          throwIfAborted(signal)
          if (turns.due) await turns.take()
        }
      }
    } finally {
      view.release()
    }
  }

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
      giveBackQuery(search.queries)
      const hits = hitsOf<Hit<S, K>>(found, search.metric, projection)
      return explanation ? { hits, explanation } : { hits }
    } finally {
      view.release()
    }
  }

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

  measureRecall(options: MeasureRecallOptions<S> = {}): Promise<RecallMeasurement> {
    return this.#reading((view) => measureRecall(view, options))
  }
}

/** Says when a row expires. What is behind the last moment that a `Date` can say is never. */
function addExpiry(row: Record<string, unknown>, expiresAt: number): void {
  const date = new Date(expiresAt)
  if (!Number.isNaN(date.getTime())) row.$expiresAt = date
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
  const hits: H[] = new Array(countFound(found))
  for (const { segment: view, rows, distances, places } of found) {
    const { segment } = view
    const ids = segment.idsOf(rows)
    const payloads = projection.readsPayload ? segment.payload.payloads(rows) : undefined
    for (let i = 0; i < rows.length; i++) {
      const distance = distances[i] as number
      const hit: Record<string, unknown> = { id: ids[i], score: scoreOf(metric, distance), distance }
      const payload = payloads?.[i]
      if (payload) projection.addPayload(hit, payload)
      projection.addStoredVectors(hit, segment, rows[i] as number)
      hits[places?.[i] ?? i] = hit as H
    }
  }
  return hits
}
