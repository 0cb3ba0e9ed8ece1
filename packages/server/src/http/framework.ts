import { readFile } from 'node:fs/promises'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { OmenError } from '@omen/core'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import type { ServerConfig, TlsConfig } from '../config/config.ts'
import { queryStringReader } from './query-string.ts'
import { DirectMessage } from './read-body.ts'
import { sendError } from './send-error.ts'

/** Ids of rows stand in paths, and may be longer than what Fastify expects there. */
const MAX_PARAMETER_CHARACTERS = 16_384
const KEEP_ALIVE_MS = 72_000
const CHECK_CONNECTIONS_MS = 1000

/** What Fastify calls what it keeps them under. */
const BINDINGS = 'fastify.serverBindings'

let instances = 0

/** Makes the HTTP server, which knows no routes yet. @throws OmenError `io` for files of TLS that cannot be read */
export async function makeFramework(config: ServerConfig): Promise<FastifyInstance> {
  const { limits, log } = config
  const options = {
    logger: { level: log.level, redact: ['req.headers.authorization', 'req.headers.cookie'] },
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Closing waits for what was accepted, for as long as limits.shutdownMs says.
    pluginTimeout: 0,
    routerOptions: {
      maxParamLength: MAX_PARAMETER_CHARACTERS,
      querystringParser: queryStringReader() as (text: string) => Record<string, unknown>,
    },
    bodyLimit: limits.bodyBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The time for a body runs by itself: an import may take as long as it likes while it goes on.
    requestTimeout: 0,
    requestIdHeader: false,
    genReqId: requestIds(),
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    clientErrorHandler: refuseConnection,
  } satisfies FastifyServerOptions
  const serverOptions = {
    IncomingMessage: DirectMessage,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, limits.headersMs),
  }
  const tls = await tlsOptions(config.tls)
  // Nothing here or behind it depends on which of the two servers of Node it is.
  const app: FastifyInstance = tls
    ? (Fastify({ ...options, https: { ...serverOptions, ...tls } }) as unknown as FastifyInstance)
    : Fastify({ ...options, http: serverOptions })
  app.server.maxConnections = limits.connections
  app.server.headersTimeout = limits.headersMs
  return app
}

/**
 * The servers by which Fastify listens at further addresses of `localhost`, such as ::1. It closes them with the first one, waits
 * for none of their connections, and shows them to nobody.
 */
export function furtherServers(app: FastifyInstance): readonly Server[] {
  const bindings = Object.getOwnPropertySymbols(app).find((symbol) => symbol.description === BINDINGS)
  return bindings ? ((app as unknown as Record<symbol, Server[]>)[bindings] ?? []) : []
}

async function tlsOptions({ certFile, keyFile, clientCaFile }: TlsConfig): Promise<object | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined
  const [cert, key] = [await readPem(certFile), await readPem(keyFile)]
  const common = { cert, key, minVersion: 'TLSv1.2' }
  if (clientCaFile === undefined) return common
  return { ...common, ca: await readPem(clientCaFile), requestCert: true, rejectUnauthorized: true }
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new OmenError('io', `cannot read ${file}`, { cause })
  }
}

/** Ids that no other process gives out, in an order that shows. */
function requestIds(): () => string {
  const prefix = `${Date.now().toString(36)}${process.pid.toString(36)}${(instances++).toString(36)}`
  let last = 0
  return () => `${prefix}-${(++last).toString(36)}`
}

const STATUS_LINES: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'timeout'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'too_large'],
}

/** Answers what is no HTTP, or too slow or too long to become a request. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // A reply that is under way cannot be followed by another.
  const { _httpMessage: reply } = socket as Socket & { _httpMessage?: ServerResponse }
  if (error.code === 'ECONNRESET' || socket.destroyed || reply?.headersSent) return void socket.destroy()
  const [status, code] = STATUS_LINES[error.code ?? ''] ?? ['400 Bad Request', 'invalid_argument']
  const message =
    code === 'timeout' ? 'the headers came too slowly' : 'this is no HTTP request that is accepted'
  const body = JSON.stringify({ error: { code, message, requestId: '' } })
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
