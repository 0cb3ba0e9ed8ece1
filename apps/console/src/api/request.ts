import { OmenError } from '@omen/client'
import { errorOf, JSON_TYPE } from '@omen/wire'
import { key } from './key.ts'

/** What the server is told besides the path. */
export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Sent as JSON, unless it is text that is to be sent as it is. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
}

/** The server's own address: the page lies below it, wherever it is served. */
export const BASE: URL = new URL('../', document.baseURI.replace(/[?#].*$/, ''))

/**
 * Asks the server what no database can be asked: who somebody is, which keys there are, how it does.
 *
 * @param path without a slash before it, such as `v1/collections`
 * @throws OmenError as the server says it, `io` when it cannot be reached, `aborted`
 */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, contentType = JSON_TYPE, accept = JSON_TYPE, signal } = options
  const headers: Record<string, string> = { accept }
  if (key.value !== '') headers.authorization = `Bearer ${key.value}`
  if (body !== undefined) headers['content-type'] = contentType
  const init: RequestInit = { method, headers, cache: 'no-store' }
  if (body !== undefined) init.body = contentType === JSON_TYPE ? JSON.stringify(body) : (body as BodyInit)
  if (signal) init.signal = signal
  let reply: Response
  try {
    reply = await fetch(new URL(path, BASE), init)
  } catch (error) {
    if (signal?.aborted) throw new OmenError('aborted', 'stopped')
    throw new OmenError('io', 'the server cannot be reached: is it running?', { cause: error })
  }
  if (!reply.ok) throw await refusalOf(reply)
  return reply
}

/** Asks the server for a document. */
export async function requestJson<T>(path: string, options?: RequestOptions): Promise<T> {
  return (await (await request(path, options)).json()) as T
}

async function refusalOf(reply: Response): Promise<OmenError> {
  const body: unknown = await reply.json().catch(() => undefined)
  return errorOf(body) ?? new OmenError('io', `the server answered ${reply.status} ${reply.statusText}`)
}
