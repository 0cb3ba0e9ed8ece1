/** How a server behaves. Every setting has a default, so that an empty configuration is a server for this machine alone. */
export interface ServerConfig {
  /** The address to listen on. */
  readonly host: string
  /** The port to listen on; 0 for any that is free. */
  readonly port: number
  /** The folder of keys and of the audit log; beside the database when left out. */
  readonly state: string | undefined
  /** The folder in which backups are made; without one there are none. */
  readonly backups: string | undefined
  readonly console: ConsoleConfig
  readonly auth: AuthConfig
  readonly tls: TlsConfig
  readonly limits: LimitsConfig
  readonly log: LogConfig
  readonly audit: AuditConfig
  readonly docs: OpenConfig
  readonly metrics: OpenConfig
  /** Whether requests become spans of the tracer that is registered with OpenTelemetry. */
  readonly tracing: boolean
  /** Origins of web pages that may use the server from a browser, such as `https://example.com`. */
  readonly origins: readonly string[]
}

export interface AuthConfig {
  /** `keys`: every request needs one. `off`: everybody may do everything. */
  readonly mode: 'keys' | 'off'
  /** Listens on an address that other machines reach although `mode` is `off`. */
  readonly exposeWithoutAuthentication: boolean
  readonly jwt: JwtConfig
}

/** Tokens of an identity provider, beside keys. They are accepted when `issuer` is set, and one of the three sources of keys. */
export interface JwtConfig {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  /** Where the issuer publishes its keys. */
  readonly jwksUrl: string | undefined
  /** A file of the issuer's keys. */
  readonly jwksFile: string | undefined
  /** A file with a secret of at least 32 bytes, shared with the issuer. */
  readonly secretFile: string | undefined
  /** The claim that holds roles by collection, as an object such as `{ "docs": "read" }`. */
  readonly rolesClaim: string
}

export interface TlsConfig {
  /** Files in PEM: a certificate with its chain, and its key. */
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  /** A file in PEM of who signs the certificates of clients: then every client needs one (mutual TLS). */
  readonly clientCaFile: string | undefined
}

export interface LimitsConfig {
  /** Bytes of the body of one request, and of one row of an import. */
  readonly bodyBytes: number
  /** Bytes of all bodies that are being received or worked on. */
  readonly bufferedBytes: number
  /** Levels of arrays and objects within each other in a body. */
  readonly bodyDepth: number
  /** Rows, changes, ids or queries of one request. */
  readonly batch: number
  /** Components of a vector field. */
  readonly dimension: number
  /** Hits of a search, those left out by `offset` included. */
  readonly hits: number
  /** Candidates kept while graphs are walked. */
  readonly beam: number
  /** Searches that a measurement of recall makes. */
  readonly samples: number
  /** Levels of filters and operators within each other. */
  readonly filterDepth: number
  /** Conditions and values of a filter. */
  readonly filterNodes: number
  /** Milliseconds that the work of one request may take; that of optimizing, verifying and backing up is not limited. */
  readonly timeoutMs: number
  /** Milliseconds in which the headers of a request must have come. */
  readonly headersMs: number
  /** Milliseconds in which the body of a request must have come, and within which a stream must go on. */
  readonly bodyMs: number
  /** Requests that are worked on at the same time. */
  readonly concurrency: number
  /** Requests that wait for their turn, beyond which they are refused. */
  readonly queue: number
  /** Milliseconds after which a request that waits is refused. */
  readonly queueMs: number
  /** Scans, imports and watches that are open at the same time. */
  readonly streams: number
  /** Connections that are open at the same time. */
  readonly connections: number
  /** Requests of one key in a second, in the long run. */
  readonly requestsPerSecond: number
  /** Requests that one key may make at once after a pause. */
  readonly burst: number
  /** Snapshots that are open at the same time. */
  readonly snapshots: number
  /** The longest time for which a snapshot is kept, in milliseconds. */
  readonly snapshotMs: number
  /** Replies that are remembered by `Idempotency-Key`. */
  readonly idempotencyKeys: number
  /** Milliseconds for which they are. */
  readonly idempotencyMs: number
  /** Milliseconds between the heartbeats of a watch. */
  readonly heartbeatMs: number
  /** Milliseconds that closing waits for requests that were accepted. */
  readonly shutdownMs: number
}

export interface LogConfig {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** Which requests have a line: those that failed by the server's fault or were refused (`failed`), all, none. */
  readonly requests: 'failed' | 'all' | 'none'
}

export interface AuditConfig {
  /** Whether every action that writes or administers is recorded. */
  readonly enabled: boolean
  /** Whether a record survives a power cut before the action is answered. */
  readonly sync: boolean
  /** Bytes after which the log goes on in another file; those that are full stay. */
  readonly fileBytes: number
}

export interface ConsoleConfig {
  /** Whether the web console is shown. */
  readonly enabled: boolean
  /** The folder of its files; the console that comes with the package, where `serve` is used, when left out. */
  readonly folder: string | undefined
}

export interface OpenConfig {
  /** Whether it needs no key. */
  readonly open: boolean
}

/** A configuration as far as somebody gave one. */
export type ConfigInput = PartialGroup<ServerConfig>

type PartialGroup<T> = {
  readonly [K in keyof T]?: (T[K] extends Leaf ? T[K] : PartialGroup<T[K]>) | undefined
}

/** What a setting can be. */
export type Leaf = string | number | boolean | readonly string[] | undefined
