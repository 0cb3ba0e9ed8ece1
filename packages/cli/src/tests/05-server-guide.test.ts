import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commandLine, moduleCommandLine, temporaryFolder } from '../testing/omen.ts'

const GUIDE = fileURLToPath(new URL('../../../../docs/guides/server.md', import.meta.url))

/** The guide as one script: what stands in it for a shell, and programs where they stand. */
function scriptOf(guide: string, port: number): string {
  const blocks = [...guide.matchAll(/^```(sh|js)\n(.*?)^```$/gms)].map(([, language, code = '']) =>
    language === 'sh' ? code : `program <<'PROGRAM'\n${code}PROGRAM\n`,
  )
  return [
    'set -euo pipefail',
    `export OMEN_SERVER_PORT=${port}`,
    // Programs find their packages from here, and files where the guide has them.
    `program() { sed "s#'\\./#'$PWD/#" | (cd '${import.meta.dirname}' && ${moduleCommandLine} -); }`,
    'server=',
    'trap \'[ -z "$server" ] || kill "$server" 2> /dev/null || true\' EXIT',
    ...blocks,
  ]
    .join('\n')
    .replaceAll('127.0.0.1:7700', `127.0.0.1:${port}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a program with `omen` among those that it finds. */
async function run(program: string, args: string[], cwd: string): Promise<{ code: number; text: string }> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', PATH: `${cwd}:${process.env.PATH}` },
  })
  child.stdin.end()
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', (ended) => resolve(ended ?? 1))
  })
  return { code, text }
}

test('the guide to the server does what it says', async (context) => {
  const folder = temporaryFolder()
  for (const tool of ['bash', 'curl', 'jq', 'openssl']) {
    if ((await run(tool, ['--help'], folder)).code === 127) return context.skip(`there is no ${tool}`)
  }
  // In place of the shell, so that a signal reaches the program itself.
  writeFileSync(join(folder, 'omen'), `#!/bin/sh\nexec ${commandLine} "$@"\n`, { mode: 0o755 })
  const file = join(folder, 'guide.sh')
  writeFileSync(file, scriptOf(readFileSync(GUIDE, 'utf8'), await freePort()))
  const { code, text } = await run('bash', [file], folder)
  expect(code, text).toBe(0)
  for (const said of [
    /2 rows imported/,
    /"hits":\[\{"id":"a"/,
    /"code":"forbidden"/,
    /first key[\s\S]*web/,
    /^Bread$/m,
    /nothing is wrong/,
    /\{"status":"ok"\}/,
    /omen_collection_rows\{collection="docs"\} 3/,
    /backed up to monday/,
    /^whole: \d+ rows read$/m,
    /^\d+ as written$/m,
  ]) {
    expect(text).toMatch(said)
  }
})
