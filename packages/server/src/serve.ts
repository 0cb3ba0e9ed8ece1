import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Database, OmenError, type OpenOptions, open } from '@omen/db'
import type { FastifyInstance } from 'fastify'
import type { ConfigInput, ServerConfig } from './config/config.ts'
import { type CreatedServer, createServer, type ServerOptions } from './create-server.ts'

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:7700`. */
  readonly url: string
  /** Where the web console is shown; undefined where there is none. */
  readonly console: string | undefined
  /** The first key, which may do everything, where there was none before: shown this once. */
  readonly firstKey: string | undefined
  readonly app: FastifyInstance
  /**
   * Takes no new requests, finishes those that it accepted, and closes what it opened; closing twice is fine.
   */
  close(): Promise<void>
}

export interface ServeOptions extends ServerOptions {
  /** How the database is opened, where a directory was given. */
  readonly open?: OpenOptions | undefined
}

/**
 * Serves a database over HTTP.
 *
 * @param where a directory, which is opened and in the end closed; `:memory:`; or a database, which stays open
 * @throws OmenError as `open` and `createServer`; `io` when the address cannot be listened on
 */
export async function serve(
  where: string | Database,
  input: ConfigInput = {},
  options: ServeOptions = {},
): Promise<RunningServer> {
  const db = typeof where === 'string' ? await open(where, options.open) : where
  const closeDatabase = async (): Promise<void> => (typeof where === 'string' ? await db.close() : undefined)
  let server: CreatedServer | undefined
  try {
    const config = {
      ...input,
      state: input.state ?? stateBeside(where),
      console: { ...input.console, folder: input.console?.folder ?? builtConsole() },
    }
    server = await createServer(db, config, options)
    const firstKey = await makeFirstKey(server)
    const { app } = server
    const url = await listen(app, server.config)
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => {
      closed ??= app.close().then(closeDatabase)
      return closed
    }
    const { enabled, folder } = server.config.console
    const page = enabled && folder !== undefined ? `${url}/console/` : undefined
    return { url, console: page, firstKey, app, close }
  } catch (error) {
    await server?.app.close()
    await closeDatabase()
    throw error
  }
}

async function listen(app: FastifyInstance, { host, port }: ServerConfig): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('io', `cannot listen on ${host}, port ${port}: ${why}`, { cause })
  }
}

/** Keys and the audit log do not belong to the database: whoever copies that copies no secrets. */
function stateBeside(where: string | Database): string | undefined {
  return typeof where === 'string' && where !== ':memory:'
    ? `${where.replace(/[/\\]+$/, '')}-server`
    : undefined
}

/** The web console that comes with this package: its build puts it there. */
function builtConsole(): string | undefined {
  const folder = fileURLToPath(new URL('../dist/console/', import.meta.url))
  return existsSync(join(folder, 'index.html')) ? folder : undefined
}

async function makeFirstKey({ config, keys }: CreatedServer): Promise<string | undefined> {
  if (config.auth.mode === 'off' || keys.hasAdmin) return undefined
  const { key } = await keys.create({ name: 'first key', roles: { '*': 'admin' } })
  return key
}
