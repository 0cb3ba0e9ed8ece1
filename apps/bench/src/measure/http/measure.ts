import { type ChildProcess, fork } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { OmenError } from '@omen/core'
import { type Database, open, vector } from '@omen/db'
import { createServer } from '@omen/server'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Dataset } from '../../data/dataset.ts'
import { processEntry } from '../../entry-point.ts'
import { type Spread, spread } from '../statistics.ts'
import type { LoadResult } from './load-generator.ts'
import type { SentLoad } from './load-process.ts'

/** How searches over HTTP are measured. */
export interface HttpOptions {
  /** How many are open at once, each with one request at a time: one after another. */
  readonly connections: readonly number[]
  readonly seconds: number
  readonly rounds: number
  readonly onProgress: (line: string) => void
}

/** Searches in one form, beside a route that answers the same bytes and does nothing else. */
export interface HttpForm {
  /** What goes over the wire. */
  readonly form: string
  readonly connections: number
  readonly requestBytes: number
  readonly replyBytes: number
  readonly requestsPerSecond: Spread
  readonly emptyRequestsPerSecond: Spread
  /** Of the two in one round: what the search and everything around it leave of the empty route's speed. */
  readonly ratio: Spread
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

/** Searches over HTTP, and in this process without it: as many at once as there were connections at first. */
export interface HttpResults {
  readonly rows: number
  readonly dimension: number
  readonly forms: readonly HttpForm[]
  readonly withoutHttpPerSecond: number
}

const K = 10
const BATCH_ROWS = 1000
const QUERIES = 1000
const WARM_UP_MS = 4000
const COLLECTION = '/v1/collections/docs/search'

interface Form {
  readonly name: string
  readonly contentType: string
  readonly accept: string
  readonly path: string
  readonly body: (query: Float32Array) => Buffer
}

const FORMS: readonly Form[] = [
  {
    name: 'f32 in, MessagePack out',
    contentType: 'application/octet-stream',
    accept: 'application/msgpack',
    path: `${COLLECTION}?limit=${K}`,
    body: bytesOf,
  },
  {
    name: 'f32 in, JSON out',
    contentType: 'application/octet-stream',
    accept: 'application/json',
    path: `${COLLECTION}?limit=${K}`,
    body: bytesOf,
  },
  {
    name: 'JSON in and out',
    contentType: 'application/json',
    accept: 'application/json',
    path: COLLECTION,
    body: (query) => Buffer.from(JSON.stringify({ vector: { embedding: Array.from(query) }, limit: K })),
  },
]

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Measures searches over HTTP, in rounds that take turns with an empty route; the load comes from a process beside it. */
export async function measureHttp(dataset: Dataset, options: HttpOptions): Promise<HttpResults> {
  const { onProgress } = options
  const db = await open(':memory:', { memoryBudgetBytes: 2 ** 30 })
  const server = await createServer(db, { log: { level: 'silent' } })
  const load = new LoadProcess()
  try {
    await fill(db, dataset, onProgress)
    const { key } = await server.keys.create({ name: 'bench', roles: { docs: 'read' } })
    const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const forms: HttpForm[] = []
    for (const connections of options.connections) {
      for (const form of FORMS) {
        forms.push(await measureForm(form, { url, key, dataset, load, connections, options }))
        const { requestsPerSecond, ratio } = forms.at(-1) as HttpForm
        const speed = `${requestsPerSecond.median.toFixed(0)} requests/s, ${ratio.median.toFixed(2)}x`
        onProgress(`${form.name} over ${connections} connections: ${speed}`)
      }
    }
    const { rows, dimension } = dataset
    const withoutHttpPerSecond = await searchesPerSecond(db, dataset, options)
    return { rows, dimension, forms, withoutHttpPerSecond }
  } finally {
    load.end()
    await server.app.close()
    await db.close()
  }
}

async function fill(
  db: Database,
  { base, rows, dimension, metric }: Dataset,
  say: (line: string) => void,
): Promise<void> {
  const collection = await db.collection('docs', { embedding: vector(dimension, { metric }) })
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, rows - from)
    await collection.upsert(
      Array.from({ length: count }, (_, i) => ({
        id: String(from + i),
        embedding: base.subarray((from + i) * dimension, (from + i + 1) * dimension),
      })),
    )
  }
  say(`${rows} rows are written; linking them`)
  await collection.optimize()
}

interface FormInput {
  readonly url: string
  readonly key: string
  readonly dataset: Dataset
  readonly load: LoadProcess
  readonly connections: number
  readonly options: HttpOptions
}

async function measureForm(
  form: Form,
  { url, key, dataset, load, connections, options }: FormInput,
): Promise<HttpForm> {
  const requests = requestsOf(form, key, dataset)
  const reply = await replyTo(form, url, key, dataset)
  const empty = await emptyRoute(reply)
  const durationMs = options.seconds * 1000
  const common = {
    requests: requests.map((each) => each.toString('base64')),
    connections,
  }
  const ask = (port: number, ms: number): Promise<LoadResult> => load.run({ ...common, port, durationMs: ms })
  const ports = { omen: Number(new URL(url).port), empty: (empty.server.address() as AddressInfo).port }
  // What is compiled on the way, and caches that fill, belong to neither.
  await ask(ports.omen, WARM_UP_MS)
  await ask(ports.empty, WARM_UP_MS)
  const results: LoadResult[] = []
  const emptyResults: LoadResult[] = []
  for (let round = 0; round < options.rounds; round++) {
    results.push(await ask(ports.omen, durationMs))
    emptyResults.push(await ask(ports.empty, durationMs))
  }
  await empty.close()
  const speeds = results.map((each) => each.requestsPerSecond)
  const emptySpeeds = emptyResults.map((each) => each.requestsPerSecond)
  return {
    form: form.name,
    connections,
    requestBytes: requests[0]?.length ?? 0,
    replyBytes: reply.body.length,
    requestsPerSecond: spread(speeds),
    emptyRequestsPerSecond: spread(emptySpeeds),
    ratio: spread(speeds.map((speed, i) => speed / (emptySpeeds[i] ?? Number.NaN))),
    p50Ms: spread(results.map((each) => each.p50Ms)).median,
    p99Ms: spread(results.map((each) => each.p99Ms)).median,
    failed: results.reduce((sum, each) => sum + each.failed, 0),
  }
}

function queryOf({ queryVectors, dimension }: Dataset, i: number): Float32Array {
  return queryVectors.subarray(i * dimension, (i + 1) * dimension)
}

function requestsOf(form: Form, key: string, dataset: Dataset): Buffer[] {
  return Array.from({ length: Math.min(QUERIES, dataset.queries) }, (_, i) => {
    const body = form.body(queryOf(dataset, i))
    const head =
      `POST ${form.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nAccept: ${form.accept}\r\n` +
      `Content-Type: ${form.contentType}\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
}

async function replyTo(
  form: Form,
  url: string,
  key: string,
  dataset: Dataset,
): Promise<{ body: Buffer; type: string }> {
  const reply = await fetch(url + form.path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': form.contentType, accept: form.accept },
    body: new Uint8Array(form.body(queryOf(dataset, 0))),
  })
  const body = Buffer.from(await reply.arrayBuffer())
  if (reply.status !== 200)
    throw new OmenError('io', `the server answers ${reply.status}: ${body.toString()}`)
  return { body, type: reply.headers.get('content-type') ?? '' }
}

/** A server that reads the same bodies, as bytes or JSON, and answers the same bytes to all of them. */
async function emptyRoute({ body, type }: { body: Buffer; type: string }): Promise<FastifyInstance> {
  const app = Fastify()
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, bytes, done) =>
    done(null, bytes),
  )
  app.post('/v1/collections/:name/search', (_request, reply) => {
    reply.type(type).send(body)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

async function searchesPerSecond(db: Database, dataset: Dataset, options: HttpOptions): Promise<number> {
  const collection = await db.collection('docs')
  const queries = Math.min(QUERIES, dataset.queries)
  const until = performance.now() + options.seconds * 1000
  const began = performance.now()
  let searches = 0
  await Promise.all(
    Array.from({ length: options.connections[0] ?? 1 }, async () => {
      while (performance.now() < until) {
        const embedding = queryOf(dataset, searches++ % queries)
        await collection.search({ vector: { embedding }, limit: K })
      }
    }),
  )
  return searches / ((performance.now() - began) / 1000)
}

/** The process that makes requests. */
class LoadProcess {
  readonly #child: ChildProcess

  constructor() {
    const { entry, execArgv } = processEntry('measure/http/load-process')
    this.#child = fork(entry, [], { execArgv })
  }

  run(load: SentLoad): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (said: { result?: LoadResult; error?: string }) => {
        if (said.result) resolve(said.result)
        else reject(new OmenError('io', `requests cannot be made: ${said.error}`))
      })
      this.#child.send(load)
    })
  }

  end(): void {
    this.#child.kill()
  }
}
