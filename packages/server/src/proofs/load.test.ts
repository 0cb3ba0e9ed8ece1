import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleServer, ServerProcess } from './server-process.ts'

/** Seconds of load; `OMEN_PROOF_SIZE=7.5` makes it a quarter of an hour. */
const SECONDS = 120
const CLIENTS = 8
const IDS = 4000
const DIMENSION = 32
const BATCH = 20
/** Of the load that memory has to become flat in: caches fill, and the heap finds its size. */
const WARM = 0.4
const GROWTH = 1.25
const GROWTH_BYTES = 64 * 2 ** 20

let folder: string
let bundle: Awaited<ReturnType<typeof bundleServer>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-server-load-'))
  bundle = await bundleServer()
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(bundle.folder, { recursive: true, force: true })
})

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** One client, which makes one request after another. */
class Client {
  readonly latencies: number[] = []
  readonly failures: string[] = []
  readonly #url: string
  readonly #key: string
  readonly #random: () => number

  constructor(url: string, key: string, random: () => number) {
    this.#url = url
    this.#key = key
    this.#random = random
  }

  async run(until: number): Promise<void> {
    while (performance.now() < until) {
      const choice = this.#random()
      if (choice < 0.7) await this.#ask('/search', this.#search())
      else if (choice < 0.9) await this.#ask('/upsert', { rows: this.#rows() })
      else if (choice < 0.95) await this.#ask('/delete', { ids: [this.#id(), this.#id()] })
      else if (choice < 0.98) await this.#ask('/count', { where: { group: this.#group() } })
      else if (choice < 0.998) await this.#ask('/get', { ids: [this.#id()], select: ['v'] })
      else await this.#ask('/optimize', {})
    }
  }

  async #ask(path: string, body: unknown): Promise<void> {
    const began = performance.now()
    const reply = await fetch(`${this.#url}/v1/collections/docs${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const said = await reply.text()
    // Optimizing takes as long as there is to do.
    if (path !== '/optimize') this.latencies.push(performance.now() - began)
    if (reply.status !== 200) this.failures.push(`${path} ${reply.status} ${said}`)
  }

  #search(): unknown {
    const where = this.#random() < 0.3 ? { group: this.#group() } : undefined
    return { vector: { v: this.#vector() }, limit: 10, where }
  }

  /** Rows of a batch: their ids are unique in it. */
  #rows(): unknown[] {
    const ids = new Set(Array.from({ length: BATCH }, () => this.#id()))
    return [...ids].map((id) => ({ id, group: this.#group(), v: this.#vector() }))
  }

  #id = (): string => `id-${Math.floor(this.#random() * IDS)}`
  #group = (): string => `g${Math.floor(this.#random() * 8)}`
  #vector = (): number[] => Array.from({ length: DIMENSION }, () => this.#random() - 0.5)
}

test('under mixed load nothing fails, and memory becomes flat', async () => {
  await prove('mixed load on the server', { seed: 1234 }, async (proof) => {
    const seconds = proofSize(SECONDS)
    const server = await ServerProcess.start(bundle.script, join(folder, 'data'))
    const key = server.firstKey ?? ''
    const schema = { group: { kind: 'keyword' }, v: { kind: 'vector', dimension: DIMENSION } }
    const put = await fetch(`${server.url}/v1/collections/docs`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ schema }),
    })
    expect(put.status).toBe(200)
    const began = performance.now()
    const until = began + seconds * 1000
    const clients = Array.from(
      { length: CLIENTS },
      (_, i) => new Client(server.url, key, randomNumbers(proof.seed + i)),
    )
    const memory: Sample[] = []
    const sampling = setInterval(
      () => void residentBytes(server.pid).then((bytes) => memory.push({ at: performance.now(), bytes })),
      250,
    )
    await Promise.all(clients.map((client) => client.run(until)))
    clearInterval(sampling)
    const latencies = clients.flatMap((client) => client.latencies).sort((a, b) => a - b)
    const warm = memory.filter(({ at }) => at > began + seconds * 1000 * WARM).map(({ bytes }) => bytes)
    const half = Math.floor(warm.length / 2)
    const [early, late] = [Math.max(...warm.slice(0, half)), Math.max(...warm.slice(half))]
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0)
    proof.shown = `${latencies.length} requests in ${seconds} s, p99 ${p99.toFixed(0)} ms, ${mib(early)} then ${mib(late)} MiB at most`
    expect(clients.flatMap((client) => client.failures)).toEqual([])
    expect(late).toBeLessThan(early * GROWTH + GROWTH_BYTES)
    await server.end('SIGTERM')
  })
}, 1_200_000)

/** What a process takes of memory. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}
