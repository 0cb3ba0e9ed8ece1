import type { Explanation } from '@omen/client'
import { requestJson } from './request.ts'
import { collectionOf } from './session.ts'

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

/** Searches, and asks how it was done. */
export async function search(name: string, query: Search, signal?: AbortSignal): Promise<SearchReply> {
  const { field, by, ...settings } = query
  if ('text' in by) {
    const path = `v1/collections/${encodeURIComponent(name)}/embed-search`
    const body = { ...settings, field, text: by.text, explain: true }
    return requestJson<SearchReply>(path, { method: 'POST', body, signal })
  }
  const collection = await collectionOf(name)
  return collection.search({ ...settings, vector: { [field]: by.vector }, explain: true, signal })
}

/** A search as programs say it. */
export function bodyOf({ field, by, ...settings }: Search): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  return 'text' in by ? { text: by.text, field, ...given } : { vector: { [field]: by.vector }, ...given }
}

/** Rows by id, in their order, without those that are not there. */
export async function getRows(
  name: string,
  ids: readonly string[],
  select?: readonly string[],
): Promise<Row[]> {
  const collection = await collectionOf(name)
  const rows: (Row | undefined)[] = await collection.get(ids, select ? { select } : {})
  return rows.filter((row) => row !== undefined)
}

/** Goes through the rows, in no particular order. */
export async function* scanRows(
  name: string,
  select: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Row, void, undefined> {
  const collection = await collectionOf(name)
  yield* collection.scan({ select, signal })
}
