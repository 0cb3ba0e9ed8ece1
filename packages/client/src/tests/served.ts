import { type Database, open } from '@omen/db'
import { type ConfigInput, createServer, type Grants } from '@omen/server'
import { type ConnectOptions, connect, type RemoteDatabase } from '../index.ts'

/** A server over a database in memory, for the tests of one file. */
export interface Served {
  readonly behind: Database
  readonly url: string
  key(roles?: Grants): Promise<string>
  /** Connects as an admin. */
  connect(options?: ConnectOptions): Promise<RemoteDatabase>
  close(): Promise<void>
}

export async function served(config: ConfigInput = {}): Promise<Served> {
  const behind = await open(':memory:')
  const { app, keys } = await createServer(behind, {
    log: { level: 'silent' },
    ...config,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const key = async (roles: Grants = { '*': 'admin' }): Promise<string> =>
    (await keys.create({ name: 'test', roles })).key
  const admin = await key()
  return {
    ...{ behind, url, key },
    connect: (options = {}) => connect(url, { key: admin, ...options }),
    async close() {
      await app.close()
      await behind.close()
    },
  }
}

type Fetch = typeof globalThis.fetch

/** A fetch that goes wrong as it is told to, and remembers what was asked for. */
export class Network {
  /** Of each request: method, path, and the key under which it is done once. */
  readonly requests: {
    readonly method: string
    readonly path: string
    readonly once: string | null
    readonly type: string | null
  }[] = []
  /** What happens to the next requests, one each; then nothing does. */
  readonly faults: Fault[] = []

  readonly fetch: Fetch = async (input, init) => {
    const { pathname } = new URL(String(input))
    const headers = new Headers(init?.headers)
    const once = headers.get('idempotency-key')
    this.requests.push({
      method: init?.method ?? '',
      path: pathname,
      once,
      type: headers.get('content-type'),
    })
    const fault = this.faults.shift()
    if (!fault || fault.kind === 'cut') {
      const reply = await fetch(input, init)
      return fault ? cutReply(reply, fault.afterChunks) : reply
    }
    if (fault.kind === 'lose the reply') await (await fetch(input, init)).arrayBuffer()
    if (fault.kind === 'reply')
      return new Response(fault.body ?? '', { status: fault.status, headers: fault.headers ?? {} })
    throw new TypeError('fetch failed')
  }
}

type Fault =
  | { readonly kind: 'do not reach it' | 'lose the reply' }
  | { readonly kind: 'cut'; readonly afterChunks: number }
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly body?: string
      readonly headers?: Record<string, string>
    }

function cutReply(reply: Response, afterChunks: number): Response {
  let left = afterChunks
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (left-- <= 0) controller.error(new TypeError('terminated'))
      else controller.enqueue(chunk)
    },
  })
  return new Response(reply.body?.pipeThrough(cut) ?? null, { status: reply.status, headers: reply.headers })
}
