import type {
  GetOptions,
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
} from '@omen/schema'
import { checkId, checkOptionNames } from '@omen/schema/check'
import { type ReadRow, rowReader } from '@omen/wire'
import type { ApiRequest, Transport } from './transport.ts'
import { vectorSearch } from './vector-search.ts'

/** How a request of a collection differs from one that only reads. */
export type RequestOptions = Partial<Omit<ApiRequest, 'method' | 'path' | 'body'>>

/** Reads the rows of a collection behind a server. What a reply holds is what the routes of the server say. */
export class RemoteReader<S extends Schema> implements Reader<S> {
  readonly name: string
  readonly schema: S
  protected readonly transport: Transport
  /** Brings rows of replies to what the schema says. */
  protected readonly readRow: ReadRow

  protected constructor(transport: Transport, name: string, schema: S) {
    this.transport = transport
    this.name = name
    this.schema = schema
    this.readRow = transport.binary ? (row) => row : rowReader(schema)
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
    const many = Array.isArray(ids)
    const body = { ids: many ? ids : [checkId(ids)], select: options.select }
    const { rows } = await this.post<{ rows: (Record<string, unknown> | null)[] }>('get', body)
    const read = rows.map((row) => (row === null ? undefined : this.readRow(row)))
    return many ? read : read[0]
  }

  async has(id: string): Promise<boolean> {
    return (await this.post<{ has: boolean }>('has', { id: checkId(id) })).has
  }

  async version(id: string): Promise<number> {
    return (await this.post<{ version: number }>('version', { id: checkId(id) })).version
  }

  async count(where?: OptionalFilter<S>): Promise<number> {
    return (await this.post<{ count: number }>('count', { where })).count
  }

  async *scan<const K extends keyof S & string = PayloadName<S>>(
    options: ScanOptions<S, K> = {},
  ): AsyncGenerator<ScannedRow<S, K>, void, undefined> {
    const { signal, timeoutMs, ...body } = options
    const request = this.request('scan', body, { call: { signal, timeoutMs } })
    for await (const row of this.transport.stream(request)) {
      if (row !== undefined)
        yield withExpiry(this.readRow(row as Record<string, unknown>)) as ScannedRow<S, K>
    }
  }

  async search<const K extends keyof S & string = PayloadName<S>>(
    query: SearchQuery<S, K>,
  ): Promise<SearchResult<S, K>> {
    const { signal, timeoutMs, ...rest } = withoutInfinity(query)
    const call = { signal, timeoutMs }
    const quick = this.transport.binary ? vectorSearch(rest) : undefined
    const { hits, ...explained } = quick
      ? await this.post<SearchReply>('search', quick.vector, { call, query: quick.query })
      : await this.post<SearchReply>('search', rest, { call })
    return { ...explained, hits: hits.map(this.readRow) } as unknown as SearchResult<S, K>
  }

  async searchMany<const K extends keyof S & string = PayloadName<S>>(
    query: SearchManyQuery<S, K>,
  ): Promise<SearchResult<S, K>[]> {
    const { signal, timeoutMs, ...body } = withoutInfinity(query)
    const call = { signal, timeoutMs }
    const { results } = await this.post<{ results: SearchReply[] }>('search-many', body, { call })
    return results.map(({ hits }) => ({ hits: hits.map(this.readRow) })) as unknown as SearchResult<S, K>[]
  }

  async measureRecall(options: MeasureRecallOptions<S> = {}): Promise<RecallMeasurement> {
    const { signal, timeoutMs, ...body } = options
    return await this.post('measure-recall', body, { call: { signal, timeoutMs } })
  }

  /** Sends a request of this collection. What comes back is what the route says: the compiler cannot follow it. */
  protected async post<Reply>(route: string, body?: unknown, options: RequestOptions = {}): Promise<Reply> {
    return (await this.transport.send(this.request(route, body, options))) as Reply
  }

  protected request(route: string, body: unknown, options: RequestOptions): ApiRequest {
    const path = `${pathOf(this.name)}/${route}`
    return { method: 'POST', repeatable: true, ...options, path, body }
  }
}

/** JSON has dates as text. */
function withExpiry(row: Record<string, unknown>): Record<string, unknown> {
  if (typeof row.$expiresAt === 'string') row.$expiresAt = new Date(row.$expiresAt)
  return row
}

/** A search within infinity is one without a bound, which every body can say. */
function withoutInfinity<Query extends { readonly within?: number | undefined }>(query: Query): Query {
  return query.within === Infinity ? { ...query, within: undefined } : query
}

type OptionalFilter<S extends Schema> = ScanOptions<S, string>['where']

interface SearchReply {
  readonly hits: Record<string, unknown>[]
}

/** The path of a collection whose name was checked. */
export function pathOf(name: string): string {
  return `/v1/collections/${encodeURIComponent(name)}`
}
