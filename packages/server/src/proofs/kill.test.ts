import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleServer, ServerProcess } from './server-process.ts'

const KILLS = 10
const WRITERS = 8
const MAX_ROWS = 5

let folder: string
let bundle: Awaited<ReturnType<typeof bundleServer>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-server-kill-'))
  bundle = await bundleServer()
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(bundle.folder, { recursive: true, force: true })
})

/** One write: its rows have the same content, so that half of it shows. */
interface Write {
  readonly ids: readonly string[]
  readonly content: string
  acknowledged: boolean
}

async function call(
  server: ServerProcess,
  key: string,
  path: string,
  body: unknown,
  method = 'POST',
): Promise<unknown> {
  const reply = await fetch(`${server.url}/v1/collections/docs${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const said = await reply.json()
  if (reply.status !== 200) throw new Error(JSON.stringify(said))
  return said
}

/** Writes one thing after another until the server is gone. */
async function write(
  server: ServerProcess,
  key: string,
  random: () => number,
  writer: string,
  all: Write[],
): Promise<void> {
  for (let i = 0; ; i++) {
    const content = `${writer}-${i}`
    const ids = Array.from({ length: 1 + Math.floor(random() * MAX_ROWS) }, (_, row) => `${content}-${row}`)
    const made: Write = { ids, content, acknowledged: false }
    all.push(made)
    try {
      await call(server, key, '/upsert', { rows: ids.map((id) => ({ id, content, v: [random(), 1] })) })
      made.acknowledged = true
    } catch {
      return
    }
  }
}

/** Every acknowledged write is there, and every other one whole or not at all. */
async function expectWrites(server: ServerProcess, key: string, writes: readonly Write[]): Promise<void> {
  for (const { ids, content, acknowledged } of writes) {
    const { rows } = (await call(server, key, '/get', { ids })) as { rows: ({ content: string } | null)[] }
    const there = rows.filter((row) => row?.content === content).length
    if (acknowledged) expect(there, `acknowledged write ${content}`).toBe(ids.length)
    else expect([0, ids.length], `write ${content}`).toContain(there)
  }
}

test('a killed server has every acknowledged write after its restart', async () => {
  await prove('kill -9 of the server', { seed: 90210 }, async (proof) => {
    const random = randomNumbers(proof.seed)
    const database = join(folder, 'data')
    const writes: Write[] = []
    let server = await ServerProcess.start(bundle.script, database)
    const key = server.firstKey ?? ''
    const schema = { content: { kind: 'keyword' }, v: { kind: 'vector', dimension: 2 } }
    await call(server, key, '', { schema }, 'PUT')
    for (let kill = 0; kill < proofSize(KILLS); kill++) {
      const fresh: Write[] = []
      const running = Array.from({ length: WRITERS }, (_, i) =>
        write(server, key, random, `${kill}-${i}`, fresh),
      )
      const enough = 20 + Math.floor(random() * 200)
      await expect.poll(() => fresh.length, { interval: 1, timeout: 30_000 }).toBeGreaterThan(enough)
      await server.end('SIGKILL')
      await Promise.all(running)
      server = await ServerProcess.start(bundle.script, database)
      expect(server.firstKey).toBeUndefined()
      await expectWrites(server, key, fresh)
      writes.push(...fresh)
      const acknowledged = writes.filter((each) => each.acknowledged).length
      proof.shown = `${kill + 1} kills, ${acknowledged} acknowledged writes of ${writes.length}`
    }
    await expectWrites(server, key, writes)
    await server.end('SIGTERM')
  })
}, 300_000)
