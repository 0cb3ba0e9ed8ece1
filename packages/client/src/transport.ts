import { closedError, OmenError } from '@omen/core'
import type { CallOptions } from '@omen/schema'
import { signalOf } from '@omen/schema/check'
import {
  codeOfStatus,
  decodeMsgpack,
  encodeJson,
  encodeMsgpack,
  errorOf,
  JSON_TYPE,
  MSGPACK_STREAM_TYPE,
  MSGPACK_TYPE,
  mediaTypeOf,
  NDJSON_TYPE,
  readFrames,
  readLines,
  VECTOR_TYPE,
} from '@omen/wire'
import { delayBefore, mayPass, pause } from './retry.ts'

export interface TransportOptions {
  /** Where the server is, without a slash at the end. */
  readonly base: string
  readonly key: string | undefined
  readonly timeoutMs: number
  readonly retries: number
  readonly format: 'binary' | 'json'
  readonly fetch: typeof globalThis.fetch
}

/** A request of the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From `/v1` on, with what names hold already escaped. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  /** A document; or the vector itself, of which the query says the rest. */
  readonly body?: unknown
  /** Whether doing it twice is the same as once: then it is sent again after a failure that may pass. */
  readonly repeatable: boolean
  /** Whether it changes something: then whoever loses the reply does not know what happened. */
  readonly changes?: boolean
  /** Whether it may take as long as it takes, where the call sets no limit. */
  readonly long?: boolean
  readonly call?: CallOptions | undefined
}

/** Documents of replies lie no deeper than this within each other: JSON of rows is at most 64 levels deep. */
const MAX_REPLY_DEPTH = 100
const MAX_ITEM_BYTES = 2 ** 30
const IDEMPOTENCY_BYTES = 16

/** Makes requests of one server, and gives what they answer as plain data or as an `OmenError`. */
export class Transport {
  readonly #options: TransportOptions
  readonly #closing = new AbortController()
  readonly #underWay: Set<Promise<unknown>> = new Set()

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** Whether replies have vectors and dates as such; else they are JSON, of which a schema tells them. */
  get binary(): boolean {
    return this.#options.format === 'binary'
  }

  get retries(): number {
    return this.#options.retries
  }

  /** @throws OmenError `closed` */
  checkOpen(): void {
    if (this.#closing.signal.aborted) throw closedError()
  }

  /** Lets requests that are under way end, and ends streams. */
  async close(): Promise<void> {
    this.#closing.abort(closedError())
    await Promise.allSettled(this.#underWay)
  }

  /**
   * Makes a request, again where it is repeatable and a failure may pass.
   *
   * @returns the document of the reply
   * @throws OmenError what the server answers; `io` when it cannot be reached; `unknown_outcome` for a change whose reply did not
   * come; `timeout`, `aborted`, `closed`
   */
  async send(request: ApiRequest): Promise<unknown> {
    this.checkOpen()
    const sent = this.#reply(request, [this.binary ? MSGPACK_TYPE : JSON_TYPE], (response) =>
      this.#document(response),
    )
    this.#underWay.add(sent)
    try {
      return await sent
    } finally {
      this.#underWay.delete(sent)
    }
  }

  /**
   * Makes a request that is answered by a stream.
   *
   * @returns its documents, and undefined for each heartbeat; giving up the iteration ends the request
   * @throws OmenError as `send`; `io` when the stream is cut
   */
  async *stream(request: ApiRequest): AsyncGenerator<unknown, void, undefined> {
    this.checkOpen()
    const type = this.binary ? MSGPACK_STREAM_TYPE : NDJSON_TYPE
    const over = new AbortController()
    const signal = anyOf(over.signal, this.#closing.signal, request.call && signalOf(request.call))
    try {
      const response = await this.#reply(
        { ...request, long: true, call: { signal } },
        [type],
        async (reply) => reply,
      )
      yield* documentsOf(response)
    } catch (error) {
      throw this.#closing.signal.aborted ? closedError() : error
    } finally {
      over.abort()
    }
  }

  async #reply<T>(
    request: ApiRequest,
    accept: readonly string[],
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs, retries } = this.#options
    const wanted = request.call && signalOf(request.call)
    const limit = wanted || request.long ? undefined : AbortSignal.timeout(timeoutMs)
    const signal = wanted ?? limit
    const init = this.#initOf(request, accept, signal)
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once(request, init, read)
      } catch (error) {
        if (signal?.aborted) throw endedBy(signal, limit, timeoutMs)
        const failure = error as OmenError & { readonly retryAfterMs?: number }
        if (tries >= retries || !request.repeatable || !mayPass(failure)) throw failure
        await pause(delayBefore(tries, failure.retryAfterMs), signal).catch(() => {
          throw signal?.aborted ? endedBy(signal, limit, timeoutMs) : failure
        })
      }
    }
  }

  async #once<T>(
    request: ApiRequest,
    init: RequestInit,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { base, fetch } = this.#options
    try {
      const response = await fetch(`${base}${request.path}${queryOf(request.query)}`, init)
      if (!response.ok) throw await failureOf(response)
      return await read(response)
    } catch (cause) {
      if (cause instanceof OmenError) throw cause
      const why = cause instanceof Error ? causeOf(cause) : String(cause)
      throw request.changes
        ? new OmenError('unknown_outcome', `the connection to ${base} failed before the reply came: ${why}`, {
            cause,
          })
        : new OmenError('io', `there is no reply from ${base}: ${why}`, { cause })
    }
  }

  #initOf(request: ApiRequest, accept: readonly string[], signal: AbortSignal | undefined): RequestInit {
    const { key } = this.#options
    const { method, body, changes, repeatable } = request
    const headers: Record<string, string> = { accept: accept.join(', ') }
    if (key !== undefined) headers.authorization = `Bearer ${key}`
    if (changes && repeatable) headers['idempotency-key'] = randomKey()
    const init: RequestInit = { method, headers, signal: signal ?? null, redirect: 'error' }
    if (body === undefined) return init
    headers['content-type'] =
      body instanceof Uint8Array ? VECTOR_TYPE : this.binary ? MSGPACK_TYPE : JSON_TYPE
    init.body = body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : this.#encode(body)
    return init
  }

  #encode(body: unknown): string | Uint8Array<ArrayBuffer> {
    return this.binary ? encodeMsgpack(body) : encodeJson(body)
  }

  async #document(response: Response): Promise<unknown> {
    return parsed(response.headers.get('content-type'), new Uint8Array(await response.arrayBuffer()))
  }
}

/** @throws OmenError `internal` for a body that is of another kind than was asked for: not every server is one of Omen */
function parsed(contentType: string | null, bytes: Uint8Array): unknown {
  const type = mediaTypeOf(contentType)
  if (type === MSGPACK_TYPE || type === MSGPACK_STREAM_TYPE) return decodeMsgpack(bytes, MAX_REPLY_DEPTH)
  if (type !== JSON_TYPE && type !== NDJSON_TYPE) {
    throw new OmenError(
      'unsupported',
      `this is no server of Omen: it answers with ${type || 'no media type'}`,
    )
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new OmenError('internal', 'the reply is no JSON', { cause })
  }
}

/** The documents of a stream, with undefined for heartbeats. @throws OmenError what its last item tells */
async function* documentsOf(response: Response): AsyncGenerator<unknown, void, undefined> {
  const type = response.headers.get('content-type')
  const read = mediaTypeOf(type) === MSGPACK_STREAM_TYPE ? readFrames : readLines
  for await (const { bytes } of read(chunksOf(response), MAX_ITEM_BYTES)) {
    const document = bytes === undefined || bytes.length === 0 ? undefined : parsed(type, bytes)
    // Rows have an id, changes a version: an error is nothing else.
    const error = errorOf(document)
    if (error && Object.keys(document as object).length === 1) throw error
    yield document
  }
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  if (!body) return
  // Not every browser can iterate over a body.
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new OmenError('io', `the stream was cut: ${String(cause)}`, { cause })
      })
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function failureOf(response: Response): Promise<OmenError> {
  const { status } = response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const error =
    tryTo(() => errorOf(parsed(response.headers.get('content-type'), bytes))) ??
    new OmenError(
      codeOfStatus(status),
      `the reply is ${status} ${response.statusText}, and not of a server of Omen`,
    )
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Object.assign(error, { status, ...(seconds >= 0 && { retryAfterMs: seconds * 1000 }) })
}

function tryTo<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** The signal that fires with the first of several. */
function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}

/** A call that was given up says so; one that took longer than the connection allows is the connection's matter. */
function endedBy(signal: AbortSignal, limit: AbortSignal | undefined, timeoutMs: number): OmenError {
  if (limit?.aborted) return new OmenError('timeout', `there was no reply within ${timeoutMs} ms`)
  if (signal.reason instanceof OmenError) return signal.reason
  return new OmenError('aborted', 'the operation was aborted', { cause: signal.reason })
}

/** What the platform says of a failed request: the words are in the cause, where there is one. */
function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message
}

function queryOf(query: ApiRequest['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given as [string, string][])}`
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
