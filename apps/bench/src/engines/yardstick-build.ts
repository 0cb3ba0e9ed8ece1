import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { OmenError } from '@omen/core'
import { competitorsFolder, memoryProbeSource, yardstickBuild, yardstickSource } from '../paths.ts'

const run = promisify(execFile)
const FLAGS = ['-std=c++17', '-O3', '-march=native', '-pthread']

/** A compiled program, and what it was made of. */
export interface CompiledProgram {
  readonly program: string
  /** Version of what it measures, compiler and flags. */
  readonly version: string
}

/** hnswlib's headers: those of the system, or else those that come with its binding for Node. */
interface Headers {
  readonly include: string
  readonly version: string
}

/**
 * Compiles the yardstick, unless that has been done with the same source, headers and compiler.
 *
 * @throws OmenError `not_found` without compiler or headers, `unsupported` when it does not compile
 */
export async function buildYardstick(): Promise<CompiledProgram> {
  return compile('hnswlib', yardstickSource, await findHeaders())
}

/** Compiles the program that measures what reading memory costs; otherwise as `buildYardstick`. */
export function buildMemoryProbe(): Promise<CompiledProgram> {
  return compile('memory', memoryProbeSource)
}

async function compile(name: string, source: string, headers?: Headers): Promise<CompiledProgram> {
  const compiler = await findCompiler()
  const include = headers ? [`-I${headers.include}`] : []
  const key = createHash('sha256')
    .update([compiler.version, headers?.version, ...include, ...FLAGS].join('\0'))
    .update(readFileSync(source))
    .digest('hex')
    .slice(0, 12)
  const program = join(yardstickBuild, `${name}-${key}${process.platform === 'win32' ? '.exe' : ''}`)
  const version = `${headers?.version ?? name}, ${compiler.version}, ${FLAGS.slice(1, 3).join(' ')}`
  if (existsSync(program)) return { program, version }
  mkdirSync(yardstickBuild, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  try {
    await run(compiler.command, [...FLAGS, ...include, '-o', unfinished, source])
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error)
    throw new OmenError('unsupported', `${basename(source)} does not compile:\n${output.trim()}`, {
      cause: error,
    })
  }
  renameSync(unfinished, program)
  return { program, version }
}

async function findCompiler(): Promise<{ command: string; version: string }> {
  for (const command of [process.env.CXX, 'g++', 'clang++', 'c++']) {
    if (!command) continue
    try {
      const { stdout } = await run(command, ['--version'])
      return { command, version: stdout.split('\n')[0] ?? command }
    } catch {
      // The next one may be there.
    }
  }
  throw new OmenError('not_found', 'there is no C++ compiler (g++, clang++ or the one that CXX names)')
}

async function findHeaders(): Promise<Headers> {
  for (const include of ['/usr/include', '/usr/local/include', '/opt/homebrew/include']) {
    if (existsSync(join(include, 'hnswlib/hnswlib.h'))) return { include, version: await systemVersion() }
  }
  const binding = join(competitorsFolder, 'node_modules/hnswlib-node')
  if (existsSync(join(binding, 'src/hnswlib/hnswlib.h'))) {
    const { version } = JSON.parse(readFileSync(join(binding, 'package.json'), 'utf8')) as { version: string }
    return { include: join(binding, 'src'), version: `hnswlib of hnswlib-node ${version}` }
  }
  throw new OmenError(
    'not_found',
    'the headers of hnswlib are not installed (Debian: apt-get install libhnswlib-dev)',
  )
}

async function systemVersion(): Promise<string> {
  try {
    const { stdout } = await run('dpkg-query', ['--show', 'libhnswlib-dev'])
    return `hnswlib ${stdout.trim().split(/\s+/)[1]}`
  } catch {
    return 'hnswlib of the system'
  }
}
