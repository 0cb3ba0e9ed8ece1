import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { doctor, loadError } from '@omen/native'
import { sizeText } from '../output/sizes.ts'
import { advice, type Finding, ok, problem } from './finding.ts'

const LEAST_NODE = 20
/** A database of many segments maps and opens some files for each. */
const LEAST_OPEN_FILES = 4096
const GIB = 2 ** 30

/** What can be known about a machine without a database. */
export function examineMachine(): Finding[] {
  return [node(), ...kernels(), hugePages(), memory(), openFiles()].flatMap((finding) => finding ?? [])
}

function node(): Finding {
  const { version, arch, platform } = process
  const is = `${version} on ${platform} ${arch}, ${availableParallelism()} processors`
  const [major = 0] = version.slice(1).split('.').map(Number)
  if (major < LEAST_NODE) return problem('Node', is, `install Node ${LEAST_NODE} or newer`)
  if (platform === 'linux') return ok('Node', is)
  return advice('Node', is, 'Omen is developed and tested on Linux; elsewhere it is not measured')
}

function kernels(): Finding[] {
  const why = loadError()
  if (why !== undefined) {
    const todo = 'everything works without it, slower: a C++20 compiler and pnpm build:native make it'
    return [advice('accelerator', `none: ${why}`, todo)]
  }
  const { kernels: running, available, refused, compiler, threads } = doctor()
  const is = `${running} kernels (of ${available.join(', ')}), ${threads} threads, ${compiler}`
  if (refused !== undefined) {
    return [advice('accelerator', is, `OMEN_KERNELS asks for ${refused}, which this processor has not`)]
  }
  if (running !== available[0])
    return [advice('accelerator', is, 'OMEN_KERNELS chooses slower kernels than there are')]
  return [ok('accelerator', is)]
}

function hugePages(): Finding | undefined {
  const setting = doctor().hugePages
  if (setting === 'unknown') return undefined
  if (setting !== 'never') return ok('huge pages', setting)
  const todo =
    'searches of large indexes are faster with them: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'
  return advice('huge pages', setting, todo)
}

function memory(): Finding {
  const limit = process.constrainedMemory?.() ?? 0
  // Without a limit, the system reports one that nothing reaches.
  const bytes = limit > 0 && limit < totalmem() ? limit : totalmem()
  const is = `${sizeText(bytes)}${bytes === limit ? ', the limit of this container' : ''}`
  if (bytes >= GIB) return ok('memory', is)
  return advice(
    'memory',
    is,
    'open databases with a small memoryBudgetBytes; 256 MiB is what they take when nothing is said',
  )
}

function openFiles(): Finding | undefined {
  const line = textOf('/proc/self/limits')
    ?.split('\n')
    .find((each) => each.startsWith('Max open files'))
  const [, soft] = /Max open files\s+(\d+)/.exec(line ?? '') ?? []
  if (soft === undefined) return undefined
  if (Number(soft) >= LEAST_OPEN_FILES) return ok('open files', `at most ${soft}`)
  return advice('open files', `at most ${soft}`, `raise the limit: ulimit -n ${LEAST_OPEN_FILES}`)
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
