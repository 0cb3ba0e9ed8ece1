import { NDJSON_TYPE } from '@omen/wire'
import { request, requestJson } from './request.ts'
import type { Grants } from './session.ts'

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

/** Writes lines of JSON; the server refuses rows one by one. */
export const importLines = (name: string, lines: string, signal: AbortSignal): Promise<ImportSummary> =>
  requestJson(`v1/collections/${encodeURIComponent(name)}/import`, {
    method: 'POST',
    body: lines,
    contentType: NDJSON_TYPE,
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

/** All metrics of the server as Prometheus reads them. */
export async function metricsText(signal: AbortSignal): Promise<string> {
  return (await request('metrics', { accept: 'text/plain', signal })).text()
}
