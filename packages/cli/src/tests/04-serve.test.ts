import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { rowsIn } from '../testing/odd-rows.ts'
import { omen, omenJson, type Run, temporaryFolder } from '../testing/omen.ts'

interface Served {
  readonly url: string
  readonly firstKey: string
  /** Ends it as a service manager would. */
  stop(): Promise<Run>
}

/** Serves a directory by the program, until it is stopped. */
async function served(directory: string): Promise<Served> {
  let child: ChildProcess | undefined
  let run: Promise<Run> | undefined
  const line = await new Promise<string>((resolve, reject) => {
    run = omen(['serve', directory, '--port', '0', '--json'], {
      onStart(started) {
        child = started
        if (started.stdout)
          createInterface(started.stdout).on('line', (text) => text.startsWith('{"url"') && resolve(text))
      },
    })
    run.then(({ stderr }) => reject(new Error(stderr)), reject)
  })
  return {
    ...(JSON.parse(line) as { url: string; firstKey: string }),
    async stop() {
      child?.kill('SIGTERM')
      return await (run as Promise<Run>)
    },
  }
}

test('a server makes its first key, keys are made by its URL, and it ends in order', async () => {
  const directory = join(temporaryFolder(), 'db')
  const server = await served(directory)
  const { url, firstKey } = server
  const env = { OMEN_KEY: firstKey }
  expect(firstKey).toMatch(/^omen_/)
  expect((await fetch(`${url}/v1/collections`)).status).toBe(401)
  const created = (await omenJson(['keys', 'create', url, '--name', 'web', '--role', 'docs=read'], {
    env,
  })) as {
    id: string
    key: string
  }
  expect((await fetch(`${url}/v1`, { headers: { authorization: `Bearer ${created.key}` } })).status).toBe(200)
  expect(await omenJson(['keys', 'list', url], { env })).toMatchObject({
    keys: [{ name: 'first key' }, { id: created.id, roles: { docs: 'read' } }],
  })
  expect(await omenJson(['keys', 'revoke', url, created.id], { env })).toEqual({ revoked: created.id })
  expect((await fetch(`${url}/v1`, { headers: { authorization: `Bearer ${created.key}` } })).status).toBe(401)
  const denied = await omen(['keys', 'list', url, '--json'])
  expect(JSON.parse(denied.stderr)).toMatchObject({ error: { code: 'unauthenticated' } })
  const locked = await omen(['keys', 'list', directory, '--json'])
  expect(JSON.parse(locked.stderr)).toMatchObject({ error: { code: 'locked' } })
  expect(await server.stop()).toMatchObject({ code: 0, signal: null })

  expect(await omenJson(['keys', 'list', directory])).toMatchObject({ keys: [{ name: 'first key' }] })
  const again = await served(directory)
  expect(again.firstKey).toBeUndefined()
  expect((await again.stop()).code).toBe(0)
})

test('commands reach a database through its server as they do in its directory', async () => {
  const folder = temporaryFolder()
  const server = await served(join(folder, 'db'))
  const { url } = server
  const env = { OMEN_KEY: server.firstKey }
  const file = join(folder, 'a.jsonl')
  const rows = Array.from({ length: 250 }, (_, i) => ({
    id: `r${i}`,
    n: i,
    v: [i, 1, 0.1],
    when: '2024-01-02',
  }))
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'))
  const args = ['--infer', '--vector', 'v=v', '--metric', 'l2', '--batch', '100']
  expect(await omenJson(['import', url, 'c', file, ...args], { env })).toMatchObject({
    rows: 250,
    rejected: 0,
  })
  expect(await omenJson(['collections', 'show', url, 'c'], { env })).toMatchObject({
    ...{ rows: 250, schema: { v: { kind: 'vector', dimension: 3, metric: 'l2' } } },
  })
  const like = await omenJson(['query', url, 'c', '--like', 'r7', '--limit', '2', '--select', 'n'], { env })
  expect((like as { hits: { n: number }[] }).hits.map(({ n }) => n).sort()).toEqual([6, 8])
  const out = join(folder, 'out.arrow')
  expect(await omenJson(['export', url, 'c', out], { env })).toMatchObject({ rows: 250 })
  expect(await omenJson(['verify', url], { env })).toEqual({ problems: [], rows: 250 })
  const unknown = await omen(['stats', url, '--json'])
  expect([unknown.code, JSON.parse(unknown.stderr).error.code]).toEqual([1, 'unauthenticated'])
  await server.stop()
  await omenJson(['import', join(folder, 'copy'), 'c', out, '--infer', '--metric', 'l2'])
  expect(await rowsIn(join(folder, 'copy'), 'c')).toEqual(await rowsIn(join(folder, 'db'), 'c'))
})

test('keys are made before a server runs, and only their hashes are kept', async () => {
  const folder = temporaryFolder()
  const directory = join(folder, 'db')
  const schema = join(folder, 'schema.json')
  writeFileSync(schema, '{"n":{"kind":"integer"}}')
  await omenJson(['collections', 'create', directory, 'docs', schema])
  const args = ['keys', 'create', directory, '--name', 'ops', '--role', '*=admin', '--expires', '2999-01-31']
  const { key } = (await omenJson(args)) as { key: string }
  const kept = readFileSync(`${directory}-server/keys.json`, 'utf8')
  expect(kept).not.toContain(key.split('_').at(-1))
  const server = await served(directory)
  expect(server.firstKey).toBeUndefined()
  expect((await fetch(`${server.url}/v1`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  await server.stop()
})

test('a configuration is checked, from a file, the environment and options', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'server.json')
  writeFileSync(file, '{"port":1234,"limits":{"hits":50}}')
  const env = { OMEN_SERVER_PORT: '2345' }
  const flags = ['--limits-batch', '7', '--console-enabled', 'false']
  const checked = await omenJson(['config', 'check', '--config', file, ...flags], { env })
  const { problems, settings } = checked as { problems: string[]; settings: { name: string }[] }
  expect(problems).toEqual([])
  const of = (name: string): unknown => settings.find((setting) => setting.name === name)
  expect(of('port')).toMatchObject({ value: 2345, origin: 'environment' })
  expect(of('limits.hits')).toMatchObject({ value: 50, origin: 'file' })
  expect(of('limits.batch')).toMatchObject({ value: 7, origin: 'flag' })
  expect(of('console.enabled')).toMatchObject({ value: false, origin: 'flag' })
  expect(of('host')).toMatchObject({ value: '127.0.0.1', origin: 'default' })

  writeFileSync(file, '{"prot":1234,"host":"0.0.0.0","auth":{"mode":"off"}}')
  const wrong = await omen(['config', 'check', '--config', file])
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toMatch(/prot/)
  const refused = await omen(['serve', join(folder, 'db'), '--config', file, '--json'])
  expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([1, 'invalid_argument'])
  expect(existsSync(join(folder, 'db'))).toBe(false)
})
