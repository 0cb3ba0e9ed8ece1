import { OmenError } from '@omen/schema'
import {
  decodeMsgpack,
  encodeMsgpack,
  errorOf,
  JSON_TYPE,
  MSGPACK_STREAM_TYPE,
  MSGPACK_TYPE,
  readFrames,
} from '@omen/wire'
import { chunksOf } from '../chunks.ts'
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
const BASE: URL = new URL('../', document.baseURI)

/**
 * Asks the server.
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

/** Asks the server for a document as MessagePack, in which vectors are bytes and dates are dates. */
export async function requestPacked<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const reply = await request(path, {
    ...{ method: 'POST', body: encodeMsgpack(body), contentType: MSGPACK_TYPE, accept: MSGPACK_TYPE, signal },
  })
  return decodeMsgpack(new Uint8Array(await reply.arrayBuffer()), MAX_DEPTH) as T
}

const MAX_DOCUMENT_BYTES = 64 << 20
/** Levels of arrays and objects within each other. */
const MAX_DEPTH = 100

/** Asks the server for documents, one after another, as they come. */
export async function* requestStream<T>(
  path: string,
  options: RequestOptions,
): AsyncGenerator<T, void, undefined> {
  const reply = await request(path, { ...options, accept: MSGPACK_STREAM_TYPE })
  if (!reply.body) return
  for await (const { bytes } of readFrames(chunksOf(reply.body), MAX_DOCUMENT_BYTES)) {
    // A frame without content says that the connection is alive.
    if (!bytes || bytes.length === 0) continue
    const item = decodeMsgpack(bytes, MAX_DEPTH)
    // A stream that fails in the middle says so in its last item; a row has an id.
    const error = Object.hasOwn(item as object, 'id') ? undefined : errorOf(item)
    if (error) throw error
    yield item as T
  }
}

async function refusalOf(reply: Response): Promise<OmenError> {
  const isPacked = reply.headers.get('content-type')?.startsWith(MSGPACK_TYPE)
  const body: unknown = isPacked
    ? decodeMsgpack(new Uint8Array(await reply.arrayBuffer()), MAX_DEPTH)
    : await reply.json().catch(() => undefined)
  return errorOf(body) ?? new OmenError('io', `the server answered ${reply.status} ${reply.statusText}`)
}
