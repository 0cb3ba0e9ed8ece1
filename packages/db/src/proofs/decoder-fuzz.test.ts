import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { proofSize, prove } from '@omen/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleChild } from './child-bundle.ts'

/** `OMEN_PROOF_SIZE=0.03` makes 18 seconds of it, for who cannot wait. */
const SECONDS = 600

const COMPILE = fileURLToPath(new URL('../../../native/scripts/sanitized-addon.mjs', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

function ended(child: ChildProcess): Promise<Ended> {
  let [output, errors] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output, errors }))
  })
}

let folder: string
let script: string
let environment: NodeJS.ProcessEnv
let missing: string | undefined

beforeAll(async () => {
  const { code, output, errors } = await ended(spawn(process.execPath, [COMPILE], { stdio: 'pipe' }))
  if (code === 2) {
    missing = errors
    return
  }
  if (code !== 0) throw new Error(errors)
  const { folder: nativeBuild, preload } = JSON.parse(output) as { folder: string; preload: string[] }
  folder = await mkdtemp(join(tmpdir(), 'omen-fuzz-'))
  script = await bundleChild(folder, 'fuzz-child', nativeBuild)
  environment = {
    ...process.env,
    OMEN_NATIVE: 'sanitized',
    LD_PRELOAD: preload.join(':'),
    // What Node and V8 leave behind at the end of a process is theirs.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
}, 1_200_000)

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true })
})

function runChild(what: 'fuzz' | 'trip', seconds: number, seed: number): Promise<Ended> {
  const args = [script, what, String(seconds), String(seed)]
  return ended(spawn(process.execPath, args, { stdio: 'pipe', env: environment }))
}

test('no damaged graph makes native code read or write where it must not', async (context) => {
  context.skip(missing !== undefined, `there are no sanitizers: ${missing}`)
  await prove('decoder fuzz under sanitizers', { seed: 99 }, async (proof) => {
    const { code, output, errors } = await runChild('fuzz', proofSize(SECONDS), proof.seed)
    expect(code, errors).toBe(0)
    const { images, refused, opened } = JSON.parse(output) as Record<string, number>
    proof.shown = `${images} damaged graphs in ${proofSize(SECONDS)} s: ${refused} refused, ${opened} opened and searched`
    // Damage that is always refused, or never, would show nothing of one half.
    expect(Math.min(refused ?? 0, opened ?? 0)).toBeGreaterThan(0)
  })
}, 1_200_000)

test('the sanitizers see links that change behind the checks', async (context) => {
  context.skip(missing !== undefined, `there are no sanitizers: ${missing}`)
  const { code, errors } = await runChild('trip', 0, 1)
  expect(errors).toMatch(/AddressSanitizer|runtime error/)
  expect(code).not.toBe(0)
}, 60_000)
