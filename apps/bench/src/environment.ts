import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from './paths.ts'
import type { Environment } from './results.ts'

/** The version of Omen in this checkout. */
export function omenVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'packages/hnsw/package.json'), 'utf8')) as {
    version: string
  }
  return version
}

/** Where and on what is being measured. */
export async function readEnvironment(): Promise<Environment> {
  return {
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    modified: (git('status', '--porcelain', '--untracked-files=no') ?? '') !== '',
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernels: await omenKernels(),
  }
}

/** The kernels that Omen would use in this process; what the addon's absence says without it. */
async function omenKernels(): Promise<string> {
  try {
    const { doctor } = await import('@omen/native')
    return doctor().kernels
  } catch (error) {
    return `none: ${(error as Error).message.split('\n')[0]}`
  }
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}
