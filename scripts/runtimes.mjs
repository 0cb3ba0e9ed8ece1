// Other runtimes than the one that runs this, for tests: each is a package of npm that holds one program, installed into
// .cache when it is wanted. `node scripts/runtimes.mjs bun` prints where it is.
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache, execute, gist, npm, root, say } from './bootstrap.mjs'

const { platform, arch } = process
const suffix = platform === 'win32' ? '.exe' : ''
const bunPlatform = platform === 'win32' ? 'windows' : platform
const bunArch = arch === 'arm64' ? 'aarch64' : arch
const nodePlatform = platform === 'win32' ? 'win' : platform

const RUNTIMES = {
  bun: { name: `@oven/bun-${bunPlatform}-${bunArch}`, version: '1.4.5', file: `bin/bun${suffix}` },
  deno: {
    name: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    version: '2.9.6',
    file: `deno${suffix}`,
  },
  node24: { name: `node-${nodePlatform}-${arch}`, version: '24.21.0', file: `bin/node${suffix}` },
}

/**
 * Installs a runtime, unless it is there, and tries whether it runs.
 *
 * @param {keyof typeof RUNTIMES} runtime
 * @returns {Promise<{ file?: string, reason?: string }>} where it is, or why it is not
 */
export async function ensureRuntime(runtime) {
  const { name, version, file } = RUNTIMES[runtime]
  const home = join(cache, 'runtimes', `${runtime}-${version}`)
  const program = join(home, 'node_modules', name, file)
  if (!existsSync(program)) {
    say(`installing ${name}@${version} into ${relative(root, home)}`)
    const args = [
      'install',
      '--prefix',
      home,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
    ]
    const { output } = await npm([...args, `${name}@${version}`])
    if (!existsSync(program)) return { reason: `npm could not install ${name}@${version}: ${gist(output)}` }
  }
  const { code, output } = await execute(program, ['--version'])
  return code === 0 ? { file: program } : { reason: `${name} does not run here: ${gist(output)}` }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , wanted] = process.argv
  const { file, reason } = Object.hasOwn(RUNTIMES, wanted)
    ? await ensureRuntime(wanted)
    : { reason: `which runtime? One of ${Object.keys(RUNTIMES).join(', ')}` }
  console.log(file ?? reason)
  if (!file) process.exitCode = 1
}
