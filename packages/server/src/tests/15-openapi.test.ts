import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../testing/start-server.ts'

const run = promisify(execFile)
let server: TestServer
let folder: string
beforeAll(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'omen-openapi-'))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

test('the OpenAPI document passes a linter without a warning', async () => {
  const { body } = await server.call('GET', '/openapi.json', undefined, { key: null })
  const file = join(folder, 'openapi.json')
  await writeFile(file, JSON.stringify(body))
  const manifest = createRequire(import.meta.url).resolve('@redocly/cli/package.json')
  const config = fileURLToPath(new URL('../testing/redocly.yaml', import.meta.url))
  const cli = join(dirname(manifest), 'bin/cli.js')
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const linted = await run(process.execPath, [cli, 'lint', file, '--config', config, '--format', 'json'], {
    env,
  }).catch((error: { stdout: string }) => error)
  const { totals, problems } = JSON.parse(linted.stdout) as { totals: object; problems: unknown[] }
  expect(problems).toEqual([])
  expect(totals).toMatchObject({ errors: 0, warnings: 0 })
}, 120_000)

test('a client in Python, generated from nothing but the document, writes and searches', async (context) => {
  const python = await run('python3', ['--version']).catch(() => undefined)
  if (!python) return context.skip('there is no python3')
  const at = (name: string): string => fileURLToPath(new URL(`../testing/${name}`, import.meta.url))
  const [document, module] = [join(folder, 'openapi.json'), join(folder, 'omen_client.py')]
  await writeFile(document, JSON.stringify(server.openApi))
  await run('python3', [at('generate_client.py'), document, module])
  await run('python3', ['-m', 'py_compile', module])
  const { stdout } = await run('python3', [at('use_client.py'), folder, server.url, server.admin])
  const { operations, ...did } = JSON.parse(stdout) as { operations: string[] }
  expect(did).toEqual({
    written: 2,
    hits: [
      ['near', 'near'],
      ['far', 'far'],
    ],
    refused: {
      status: 400,
      code: 'dimension_mismatch',
      message: 'expected 3 components, got 1',
    },
    row: { id: 'near', title: 'near' },
    scanned: ['far'],
    imported: 2,
    metrics: true,
  })
  const described = server.routes.filter(({ tag }) => tag !== 'Pages')
  expect(operations).toHaveLength(described.length)
  expect(operations).toEqual(expect.arrayContaining(['measure_recall', 'import_']))
})
