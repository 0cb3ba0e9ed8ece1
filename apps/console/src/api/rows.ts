import type { Explanation } from '@omen/schema'
import { request, requestPacked, requestStream } from './request.ts'

/** A row as it comes, with dates as dates and vectors as `Float32Array`. */
export type Row = { readonly id: string } & Readonly<Record<string, unknown>>

export type Hit = Row & { readonly score: number; readonly distance: number }

/** Which rows: as `Filter` of a schema that is known at run time alone. */
export type Where = Readonly<Record<string, unknown>>

/** What to search for: by a vector, or by text where the server has an embedder. */
export interface Search {
  readonly field: string
  readonly by: { readonly vector: Float32Array } | { readonly text: string }
  readonly where?: Where | undefined
  readonly limit: number
  readonly beam?: number | undefined
  readonly exact?: boolean | undefined
}

export interface SearchReply {
  readonly hits: readonly Hit[]
  readonly explanation?: Explanation
}

const pathOf = (collection: string, call: string): string =>
  `v1/collections/${encodeURIComponent(collection)}/${call}`

const post = <T>(collection: string, call: string, body: unknown, signal?: AbortSignal): Promise<T> =>
  requestPacked<T>(pathOf(collection, call), body, signal)

/** Searches, and asks how it was done. */
export function search(collection: string, query: Search, signal?: AbortSignal): Promise<SearchReply> {
  const { call, body } = searchRequest(query)
  return post(collection, call, { ...body, explain: true }, signal)
}

/** The request that a search is: what can be copied, too. */
export function searchRequest({ field, by, ...settings }: Search): {
  call: string
  body: Record<string, unknown>
} {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  return 'text' in by
    ? { call: 'embed-search', body: { text: by.text, field, ...given } }
    : { call: 'search', body: { vector: { [field]: by.vector }, ...given } }
}

/** Rows by id, in their order, without those that are not there. */
export async function getRows(
  collection: string,
  ids: readonly string[],
  select?: readonly string[],
  signal?: AbortSignal,
): Promise<Row[]> {
  const { rows } = await post<{ rows: (Row | null)[] }>(
    collection,
    'get',
    { ids, ...(select && { select }) },
    signal,
  )
  return rows.filter((row) => row !== null)
}

export async function countRows(collection: string, where: Where, signal?: AbortSignal): Promise<number> {
  return (await post<{ count: number }>(collection, 'count', { where }, signal)).count
}

/** Goes through rows, in no particular order. */
export function scanRows(
  collection: string,
  options: { readonly where?: Where; readonly select?: readonly string[]; readonly limit?: number },
  signal?: AbortSignal,
): AsyncGenerator<Row, void, undefined> {
  return requestStream<Row>(pathOf(collection, 'scan'), { method: 'POST', body: options, signal })
}

/** All metrics of the server as Prometheus reads them. */
export async function metricsText(signal: AbortSignal): Promise<string> {
  return (await request('metrics', { accept: 'text/plain', signal })).text()
}
