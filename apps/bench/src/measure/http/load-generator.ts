import { connect, type Socket } from 'node:net'

/** What requests are made, by how many connections, for how long. */
export interface Load {
  readonly port: number
  /** Whole requests as they go over the wire: each connection sends one after another of them. */
  readonly requests: readonly Buffer[]
  readonly connections: number
  readonly durationMs: number
}

/** What came of it. */
export interface LoadResult {
  readonly requestsPerSecond: number
  /** Milliseconds from sending a request to having its reply whole. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Replies that were not 200. */
  readonly failed: number
}

const HEADERS_END = Buffer.from('\r\n\r\n')
const LENGTH = /content-length: (\d+)/i
const OK = 'HTTP/1.1 200'

/**
 * Makes requests as fast as they are answered, one at a time on each connection, which is kept alive. It does as little as
 * possible beside that, since it takes its time from the server's.
 */
export async function generateLoad(load: Load): Promise<LoadResult> {
  const until = performance.now() + load.durationMs
  const began = performance.now()
  const latencies: number[] = []
  let failed = 0
  await Promise.all(
    Array.from({ length: load.connections }, async (_, i) => {
      const connection = await Connection.open(load.port)
      for (let at = i; performance.now() < until; at += load.connections) {
        const sent = performance.now()
        const head = await connection.ask(load.requests[at % load.requests.length] as Buffer)
        latencies.push(performance.now() - sent)
        if (!head.startsWith(OK)) failed++
      }
      connection.close()
    }),
  )
  const seconds = (performance.now() - began) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { requestsPerSecond: sorted.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed }
}

/** A connection that knows of HTTP what it needs to see where a reply ends. */
class Connection {
  readonly #socket: Socket
  #resolve: (head: string) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #head = ''
  #waiting: Buffer | undefined
  #left = -1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#reject(error))
    socket.on('close', () => this.#reject(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Connection(socket)))
    })
  }

  /** @returns the head of the reply, when all of it has come */
  ask(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#left < 0) {
      const bytes = this.#waiting ? Buffer.concat([this.#waiting, chunk]) : chunk
      const end = bytes.indexOf(HEADERS_END)
      if (end < 0) {
        this.#waiting = bytes
        return
      }
      this.#waiting = undefined
      this.#head = bytes.toString('latin1', 0, end)
      this.#left = Number(LENGTH.exec(this.#head)?.[1] ?? 0) + end + HEADERS_END.length - bytes.length
    } else this.#left -= chunk.length
    if (this.#left > 0) return
    this.#left = -1
    this.#resolve(this.#head)
  }
}
