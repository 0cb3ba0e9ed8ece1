import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Run {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Given on standard input. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Sees the process as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

const nodeArgs = ['--conditions=source', '--import', loader]
const execArgs = [...nodeArgs, main]

const shellWords = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')

/** The program as a shell calls it. */
export const commandLine: string = shellWords([process.execPath, ...execArgs])

/** What a shell runs a module by that comes on standard input, with the sources of packages. */
export const moduleCommandLine: string = shellWords([process.execPath, ...nodeArgs, '--input-type=module'])

/** Runs the program from its sources, as a process of its own. */
export function omen(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { input = '', env = {}, onStart } = options
  const child = spawn(process.execPath, [...execArgs, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(input)
  onStart?.(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Runs it with `--json`, and gives what it printed. @throws Error when it fails */
export async function omenJson(args: readonly string[], options?: RunOptions): Promise<unknown> {
  const { code, stdout, stderr } = await omen([...args, '--json'], options)
  if (code !== 0) throw new Error(`omen ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** A folder of its own for the running test, removed afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omen-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
