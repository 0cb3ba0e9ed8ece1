import type { Leaf, ServerConfig } from './config.ts'
import { choice, flag, list, path, type Setting, text, whole } from './setting.ts'

/** A setting for everything in a group of the configuration: the compiler says when one is missing. */
export type SettingsOf<T> = {
  readonly [K in keyof T]: [T[K]] extends [Leaf] ? Setting<T[K]> : SettingsOf<T[K]>
}

const DAY_MS = 86_400_000
const GIB = 2 ** 30
const MIB = 2 ** 20

/** Every setting there is: what files, the environment, flags and programs are checked against. */
export const SETTINGS: SettingsOf<ServerConfig> = {
  host: text('127.0.0.1', 'the address to listen on'),
  port: whole(7700, 0, 65_535, 'the port to listen on; 0 for any that is free'),
  state: path('the folder of keys and of the audit log; beside the database when left out'),
  backups: path('the folder in which backups are made'),
  console: {
    enabled: flag(true, 'show the web console, at / and /console'),
    folder: path('the folder of its files; those that come with the server when left out'),
  },
  auth: {
    mode: choice(['keys', 'off'], 'keys', 'whether requests need a key, or everybody may do everything'),
    exposeWithoutAuthentication: flag(
      false,
      'listen where other machines reach it although auth.mode is off',
    ),
    jwt: {
      issuer: text(undefined, 'who issues tokens that are accepted beside keys'),
      audience: text(undefined, 'whom tokens must be meant for'),
      jwksUrl: text(undefined, 'where the issuer publishes its keys'),
      jwksFile: path("a file of the issuer's keys"),
      secretFile: path('a file with a secret of at least 32 bytes, shared with the issuer'),
      rolesClaim: text('omen', 'the claim that holds roles by collection'),
    },
  },
  tls: {
    certFile: path('a certificate with its chain, in PEM'),
    keyFile: path('the key of the certificate, in PEM'),
    clientCaFile: path('who signs the certificates of clients, in PEM: then every client needs one'),
  },
  limits: {
    bodyBytes: whole(32 * MIB, 1024, GIB, 'bytes of the body of one request, or of one row of an import'),
    bufferedBytes: whole(256 * MIB, 1024, 64 * GIB, 'bytes of all bodies that are being worked on'),
    bodyDepth: whole(80, 4, 1000, 'levels of arrays and objects within each other in a body'),
    batch: whole(10_000, 1, 1_000_000, 'rows, changes, ids or queries of one request'),
    dimension: whole(8192, 1, 65_536, 'components of a vector field'),
    hits: whole(10_000, 1, 1_000_000, 'hits of a search, those left out by offset included'),
    beam: whole(4096, 1, 1_000_000, 'candidates kept while graphs are walked'),
    samples: whole(1000, 1, 1_000_000, 'searches that a measurement of recall makes'),
    filterDepth: whole(32, 1, 32, 'levels of filters and operators within each other'),
    filterNodes: whole(2000, 1, 100_000, 'conditions and values of a filter'),
    timeoutMs: whole(30_000, 1, DAY_MS, 'milliseconds that the work of one request may take'),
    headersMs: whole(10_000, 10, DAY_MS, 'milliseconds in which the headers of a request must have come'),
    bodyMs: whole(30_000, 10, DAY_MS, 'milliseconds in which a body must have come, and a stream must go on'),
    concurrency: whole(64, 1, 100_000, 'requests that are worked on at the same time'),
    queue: whole(256, 0, 100_000, 'requests that wait for their turn'),
    queueMs: whole(5000, 1, DAY_MS, 'milliseconds after which a request that waits is refused'),
    streams: whole(64, 1, 100_000, 'scans, imports and watches that are open at the same time'),
    connections: whole(4096, 1, 1_000_000, 'connections that are open at the same time'),
    requestsPerSecond: whole(50_000, 1, 10_000_000, 'requests of one key in a second, in the long run'),
    burst: whole(50_000, 1, 10_000_000, 'requests that one key may make at once after a pause'),
    snapshots: whole(64, 1, 10_000, 'snapshots that are open at the same time'),
    snapshotMs: whole(600_000, 1, DAY_MS, 'the longest time for which a snapshot is kept'),
    idempotencyKeys: whole(10_000, 0, 1_000_000, 'replies that are remembered by Idempotency-Key'),
    idempotencyMs: whole(600_000, 1, DAY_MS, 'milliseconds for which they are'),
    heartbeatMs: whole(15_000, 10, DAY_MS, 'milliseconds between the heartbeats of a watch'),
    shutdownMs: whole(30_000, 0, DAY_MS, 'milliseconds that closing waits for requests that were accepted'),
  },
  log: {
    level: choice(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'info',
      'what is logged, as lines of JSON on standard output',
    ),
    requests: choice(['failed', 'all', 'none'], 'failed', 'which requests have a line'),
  },
  audit: {
    enabled: flag(true, 'record every action that writes or administers'),
    sync: flag(false, 'make a record durable before the action is answered'),
    fileBytes: whole(64 * MIB, 1024, 64 * GIB, 'bytes after which the log goes on in another file'),
  },
  docs: { open: flag(true, 'show /openapi.json and /docs without a key') },
  metrics: { open: flag(false, 'show /metrics without a key') },
  tracing: flag(false, 'make requests spans of the tracer registered with OpenTelemetry'),
  origins: list('origins of web pages that may use the server from a browser'),
}

/** One setting and where it stands. */
export interface NamedSetting {
  /** As in a file: `limits.bodyBytes`. */
  readonly name: string
  /** As in the environment: `OMEN_SERVER_LIMITS_BODY_BYTES`. */
  readonly variable: string
  /** As a flag: `limits-body-bytes`. */
  readonly flag: string
  readonly setting: Setting
}

/** What variables of the environment begin with that configure a server. */
export const VARIABLE_PREFIX = 'OMEN_SERVER_'

/** All settings in one list, in the order of the table. */
export const NAMED_SETTINGS: readonly NamedSetting[] = namedSettings(SETTINGS, '')

function namedSettings(group: object, prefix: string): NamedSetting[] {
  return Object.entries(group).flatMap(([key, entry]: [string, Setting | object]) => {
    const name = prefix + key
    return isSetting(entry) ? [named(name, entry)] : namedSettings(entry, `${name}.`)
  })
}

function isSetting(entry: Setting | object): entry is Setting {
  return 'check' in entry && typeof entry.check === 'function'
}

function named(name: string, setting: Setting): NamedSetting {
  const words = name.split('.').flatMap((part) => part.split(/(?=[A-Z])/))
  const lower = words.map((word) => word.toLowerCase())
  return {
    ...{ name, setting, flag: lower.join('-') },
    variable: VARIABLE_PREFIX + lower.join('_').toUpperCase(),
  }
}
