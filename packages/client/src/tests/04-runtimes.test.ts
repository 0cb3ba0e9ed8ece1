import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Outcome } from './elsewhere/suite.ts'
import { type Served, served } from './served.ts'

const run = promisify(execFile)
const at = (name: string): string => fileURLToPath(new URL(`elsewhere/${name}`, import.meta.url))

let server: Served
let folder: string
let program: string
beforeAll(async () => {
  server = await served({ limits: { requestsPerSecond: 1e6, burst: 1e6 } })
  folder = await mkdtemp(join(tmpdir(), 'omen-runtimes-'))
  program = join(folder, 'program.mjs')
  const { outputFiles } = await build({
    entryPoints: [at('program.ts')],
    ...{ bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2022' },
    conditions: ['source'],
    alias: { vitest: at('suite.ts') },
    define: { SERVER: JSON.stringify({ url: server.url, key: await server.key() }) },
  })
  await writeFile(program, outputFiles[0]?.text ?? '')
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** How a runtime runs a file that asks one server and nothing else. `npm test` obtains those that are not given. */
const RUNTIMES = [
  { name: 'Node', file: process.execPath, options: [] },
  { name: 'Bun', file: process.env.OMEN_BUN, options: [] },
  // It is the assertions that look at the environment, for colours.
  { name: 'Deno', file: process.env.OMEN_DENO, options: ['run', '--allow-env', '--allow-net=127.0.0.1'] },
]

describe.each(RUNTIMES)('the client in $name', ({ name, file, options }) => {
  test('does what it does here', async (context) => {
    if (file === undefined) return context.skip(`OMEN_${name.toUpperCase()} does not say where it is`)
    const { stdout } = await run(file, [...options, program], { maxBuffer: 2 ** 26 })
    const { failures, passed } = JSON.parse(stdout) as Outcome
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(150)
  })
})
