import { OmenError } from '@omen/core'
import { checkOptionNames, describe } from '@omen/schema/check'
import { RemoteDatabase } from './database.ts'
import { Transport } from './transport.ts'

export interface ConnectOptions {
  /** A key of the server, or a token (JWT) that it accepts; none for a server that needs none. */
  readonly key?: string | undefined
  /** Milliseconds that a request may take, all tries together, when the call does not say; 30,000 when left out. */
  readonly timeoutMs?: number | undefined
  /** How often a request is tried again that can be; 3 when left out. */
  readonly retries?: number | undefined
  /** How bodies are written: MessagePack with vectors as bytes (`binary`, the default), or `json`, which is slower. */
  readonly format?: 'binary' | 'json' | undefined
  /** What makes requests: that of the platform when left out. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

const OPTIONS = ['key', 'timeoutMs', 'retries', 'format', 'fetch']
const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_RETRIES = 3

/**
 * Connects to a server: what it gives is used as the database that `open` of @omen/db gives.
 *
 * @param url where the server is, such as `http://localhost:7700`, with the path that a proxy gives it where there is one
 * @throws OmenError `invalid_argument`; `unauthenticated` for a key that the server does not know; `io` when it is not there
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<RemoteDatabase> {
  checkOptionNames('connect', options, OPTIONS)
  const { key, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES, format = 'binary' } = options
  if (key !== undefined && (typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key))) {
    throw new OmenError('invalid_argument', 'key must be a key of the server: visible characters, no spaces')
  }
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw new OmenError('invalid_argument', `timeoutMs must be above 0, got ${describe(timeoutMs)}`)
  }
  if (!Number.isInteger(retries) || retries < 0) {
    throw new OmenError(
      'invalid_argument',
      `retries must be a whole number from 0 on, got ${describe(retries)}`,
    )
  }
  if (format !== 'binary' && format !== 'json') {
    throw new OmenError('invalid_argument', `format is binary or json, got ${describe(format)}`)
  }
  // Called without its object, the platform's own would not do.
  const request = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
  const transport = new Transport({ base: baseOf(url), key, timeoutMs, retries, format, fetch: request })
  await transport.send({ method: 'GET', path: '/v1', repeatable: true })
  return new RemoteDatabase(transport)
}

/** The address that paths are appended to. */
function baseOf(url: string | URL): string {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch (cause) {
    throw new OmenError('invalid_argument', `connect takes the address of a server, got ${describe(url)}`, {
      cause,
    })
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new OmenError(
      'invalid_argument',
      `a server is reached by http: or https:, got ${describe(parsed.protocol)}`,
    )
  }
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw new OmenError('invalid_argument', 'the address has no user, query or fragment: a key is an option')
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
}
