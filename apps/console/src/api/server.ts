import type { CollectionStats, DatabaseStats, RecallMeasurement, Schema, Verification } from '@omen/schema'
import { schemaFromJson } from '@omen/schema/check'
import { requestJson, requestStream } from './request.ts'
import type { Grants } from './session.ts'

/** A collection, as the list of them has it. */
export interface CollectionSummary {
  readonly name: string
  readonly rows: number
  readonly schema: Schema
}

/** A key without its secret. */
export interface KeyInfo {
  readonly id: string
  readonly name: string
  readonly roles: Grants
  readonly createdAt: string
  readonly expiresAt?: string
}

/** What an import did: rows that were refused are named by their lines. */
export interface ImportSummary {
  readonly rows: number
  readonly written: number
  readonly removed: number
  readonly rejected: number
  readonly errors: readonly { readonly line: number; readonly code: string; readonly message: string }[]
}

const pathOf = (collection: string, rest = ''): string =>
  `v1/collections/${encodeURIComponent(collection)}${rest}`

export async function listCollections(): Promise<CollectionSummary[]> {
  const { collections } = await requestJson<{
    collections: { name: string; rows: number; schema: unknown }[]
  }>('v1/collections')
  return collections.map(({ name, rows, schema }) => ({ name, rows, schema: schemaOf(schema) }))
}

const schemaOf = (json: unknown): Schema => Object.fromEntries(schemaFromJson(json).fields)

export const collectionStats = (name: string): Promise<CollectionStats> => requestJson(pathOf(name, '/stats'))

export const databaseStats = (): Promise<DatabaseStats> => requestJson('v1/stats')

export const verify = (): Promise<Verification> => requestJson('v1/verify', { method: 'POST' })

export const measureRecall = (name: string): Promise<RecallMeasurement> =>
  requestJson(pathOf(name, '/measure-recall'), { method: 'POST', body: {} })

/** Takes all rows of a collection to disk, and says how far it has come. */
export async function optimize(
  name: string,
  onProgress: (progress: { readonly done: number; readonly total: number }) => void,
): Promise<void> {
  const items = requestStream<{ done?: number; total?: number }>(pathOf(name, '/optimize'), {
    method: 'POST',
  })
  for await (const { done, total } of items) {
    if (done !== undefined && total !== undefined) onProgress({ done, total })
  }
}

export const createCollection = (name: string, schema: unknown): Promise<unknown> =>
  requestJson(pathOf(name), { method: 'PUT', body: { schema } })

export const dropCollection = (name: string): Promise<unknown> =>
  requestJson(pathOf(name), { method: 'DELETE' })

/** Writes lines of JSON; the server refuses rows one by one. */
export const importLines = (name: string, lines: string, signal: AbortSignal): Promise<ImportSummary> =>
  requestJson(pathOf(name, '/import'), {
    method: 'POST',
    body: lines,
    contentType: 'application/x-ndjson',
    signal,
  })

export const listKeys = async (): Promise<KeyInfo[]> =>
  (await requestJson<{ keys: KeyInfo[] }>('v1/keys')).keys

export const createKey = (key: {
  readonly name: string
  readonly roles: Grants
  readonly expiresAt?: string
}): Promise<KeyInfo & { readonly key: string }> => requestJson('v1/keys', { method: 'POST', body: key })

export const revokeKey = (id: string): Promise<unknown> =>
  requestJson(`v1/keys/${encodeURIComponent(id)}`, { method: 'DELETE' })
