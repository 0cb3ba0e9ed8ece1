import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Served, served } from './served.ts'

let server: Served
beforeAll(async () => {
  server = await served()
})
afterAll(() => server.close())

/** What browsers have beside the language, as far as the client uses it; nothing of Node is among it. */
const { fetch, URL, URLSearchParams, AbortController, AbortSignal, TextEncoder, TextDecoder, crypto } =
  globalThis
const { setTimeout, clearTimeout } = globalThis
const PAGE = {
  fetch,
  URL,
  URLSearchParams,
  AbortController,
  AbortSignal,
  TextEncoder,
  TextDecoder,
  crypto,
  setTimeout,
  clearTimeout,
}

/** What a page does with it. */
const PROGRAM = `
  (async () => {
    const db = await omen.connect(url, { key, format })
    const rows = await db.collection('rows', { when: omen.date(), at: omen.vector(2, { metric: 'l2' }) })
    const { version } = await rows.upsert([{ id: 'a', when: new Date(5), at: Float32Array.of(1, 2) }])
    const { hits } = await rows.search({ vector: { at: [1, 1] }, select: ['when', 'at'] })
    const scanned = []
    for await (const row of rows.scan()) scanned.push(row.id)
    for await (const change of rows.watch({ after: version - 1 })) { scanned.push(change.written[0].id); break }
    const code = await rows.upsert([{ id: 'b' }]).catch((error) => error.code)
    await db.drop('rows')
    await db.close()
    const [{ id, distance, when, at }] = hits
    return JSON.stringify({ id, distance, when: when.getTime(), at: Array.from(at), scanned, code })
  })()
`

test.each(['binary', 'json'])(
  'a bundle for browsers runs where there is nothing of Node, in %s',
  async (format) => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../index.ts', import.meta.url))],
      ...{ bundle: true, write: false, format: 'iife', globalName: 'omen', platform: 'browser' },
      conditions: ['source'],
    })
    const context = createContext({ ...PAGE, url: server.url, key: await server.key(), format })
    runInContext(outputFiles[0]?.text ?? '', context)
    expect(runInContext('typeof process + typeof Buffer + typeof require', context)).toBe(
      'undefined'.repeat(3),
    )
    expect(JSON.parse(await runInContext(PROGRAM, context))).toEqual({
      ...{ id: 'a', distance: 1, when: 5, at: [1, 2] },
      ...{ scanned: ['a', 'a'], code: 'invalid_argument' },
    })
  },
)
