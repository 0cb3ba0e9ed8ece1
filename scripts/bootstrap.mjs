// What must be true before anything runs: pnpm at the pinned version, dependencies as locked, the native addon
// (where a compiler exists) and the TypeScript build. Plain Node without dependencies, because it runs before
// any is installed. Every step is skipped when what it depends on has not changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const cache = join(root, '.cache')
const competitors = join(root, 'apps/bench/competitors')
const minimumNode = 20

/**
 * The environment of every child process: this very Node first in PATH, no telemetry, no colours into a pipe, and
 * node-gyp pointed at the headers beside this Node when they are there, so that it downloads nothing.
 */
export function environment() {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  // What `npm run` tells its script is not meant for the package managers that the script starts.
  for (const name of Object.keys(env)) {
    if (/^npm_(lifecycle|package)_|^npm_(command|execpath|node_execpath)$|^INIT_CWD$/.test(name))
      delete env[name]
  }
  env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  if (!process.stdout.isTTY) {
    env.NO_COLOR = '1'
    delete env.FORCE_COLOR
  }
  const prefix = dirname(dirname(process.execPath))
  if (!env.npm_config_nodedir && existsSync(join(prefix, 'include/node/node_api.h'))) {
    env.npm_config_nodedir = prefix
  }
  return env
}

/**
 * Runs a command from the repository root and resolves with its exit code and what it printed; never rejects.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ live?: boolean, env?: Record<string, string> }} [options] `live` shares this process's terminal
 * @returns {Promise<{ code: number, output: string }>}
 */
export function execute(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment(), ...options.env },
      stdio: options.live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && !/[\\/]/.test(command),
    })
    let output = ''
    const collect = (chunk) => {
      output += chunk
    }
    child.stdout?.setEncoding('utf8').on('data', collect)
    child.stderr?.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => resolve({ code: 127, output: output + String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs a JavaScript file with this Node, or that of `options.node`; otherwise as `execute`. */
export const node = (file, args, options) =>
  execute(options?.node ?? process.execPath, [file, ...args], options)

/** Runs the command of a development dependency by its entry file, so that no shell shim is needed. */
export function tool(name, args, options) {
  const manifest = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  const bin = typeof manifest.bin === 'string' ? manifest.bin : Object.values(manifest.bin)[0]
  return node(join(root, 'node_modules', name, bin), args, options)
}

/** Runs npm: the one that runs this, where one does. */
export function npm(args, options) {
  const entry = process.env.npm_execpath ?? ''
  return basename(entry) === 'npm-cli.js' ? node(entry, args, options) : execute('npm', args, options)
}

/** Runs pnpm at the version that package.json pins. */
export async function pnpm(args, options) {
  return node(await ensurePnpm(), args, options)
}

async function ensurePnpm() {
  const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('+')[0]
  const home = join(cache, pinned.replace('@', '-'))
  const entry = join(home, 'node_modules/pnpm/bin/pnpm.cjs')
  if (existsSync(entry)) return entry
  say(`installing ${pinned} into ${relative(root, home)}`)
  const args = ['install', '--prefix', home, '--no-audit', '--no-fund', '--no-update-notifier', pinned]
  const result = await npm(args)
  if (result.code !== 0 || !existsSync(entry))
    throw new Error(`npm could not install ${pinned}\n${result.output}`)
  return entry
}

/** Installs the locked dependencies of the workspace, when the lockfile or a manifest changed since the last time. */
export async function ensureDependencies() {
  const manifests = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml']
  for (const folder of ['packages', 'apps']) {
    for (const name of list(join(root, folder))) manifests.push(join(folder, name, 'package.json'))
  }
  manifests.push('examples/package.json', 'datasets/wordnet/package.json')
  await once('node_modules/.omen-installed', digest(root, manifests), async () => {
    say('installing dependencies')
    const result = await pnpm(['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'])
    if (result.code !== 0) {
      throw new Error(
        `pnpm install failed; after editing a manifest run: node scripts/pnpm.mjs install\n${result.output}`,
      )
    }
  })
}

/**
 * Compiles the native addon when its sources changed. A failure is a warning, never an error: everything works on
 * the TypeScript twins, slower.
 *
 * @returns {Promise<{ ok: boolean, reason?: string }>}
 */
export async function ensureNative() {
  const home = join(root, 'packages/native')
  if (!existsSync(join(home, 'binding.gyp'))) return { ok: false, reason: 'there are no native sources' }
  const sources = walk(home).filter((file) => /\.(gypi?|c|cc|cpp|h|hpp|inl)$/.test(file))
  const compiler = [
    process.platform,
    process.arch,
    process.env.CC,
    process.env.CXX,
    process.env.CXXFLAGS,
  ].join()
  const built = () => list(join(home, 'build/Release')).some((name) => name.endsWith('.node'))
  try {
    await once(
      'packages/native/build/.omen-built',
      digest(home, sources, compiler),
      async () => {
        say('compiling the native addon')
        const result = await pnpm(['--dir', home, 'run', 'build:native'])
        if (result.code !== 0 || !built()) throw new Error(result.output)
      },
      built,
    )
    return { ok: true }
  } catch (error) {
    const reason = gist(error.message)
    console.warn(
      `\nWARNING: the native addon was not built; Omen runs on its TypeScript twins, slower.\n${indent(reason)}\n`,
    )
    return { ok: false, reason }
  }
}

/** Compiles all TypeScript, incrementally. */
export async function ensureBuild() {
  const result = await tool('typescript', ['-b', 'tsconfig.json'])
  if (result.code !== 0) throw new Error(`tsc -b failed\n${result.output}`)
}

/** Bundles the web console into the server's build, when its sources or those of the packages in it changed. */
export async function ensureConsole() {
  const home = join(root, 'apps/console')
  const parts = ['apps/console', 'packages/core/src', 'packages/schema/src', 'packages/wire/src']
  const sources = parts.flatMap((folder) => walk(join(root, folder)).map((file) => join(folder, file)))
  const page = join(root, 'packages/server/dist/console/index.html')
  await once(
    'apps/console/node_modules/.omen-built',
    digest(root, [...sources, 'pnpm-lock.yaml']),
    async () => {
      const result = await tool('vite', ['build', home, '--config', join(home, 'vite.config.ts')])
      if (result.code !== 0) throw new Error(`the console could not be built\n${result.output}`)
    },
    () => existsSync(page),
  )
}

/**
 * Installs the engines that the benchmark compares with, in their own workspace, when their lockfile changed.
 * A failure leaves the benchmark without competitors and says why.
 *
 * @returns {Promise<{ ok: boolean, reason?: string }>}
 */
export async function ensureCompetitors() {
  if (!existsSync(join(competitors, 'package.json')))
    return { ok: false, reason: 'no competitors are listed' }
  const manifests = list(competitors).filter((name) =>
    /^(package\.json|pnpm-(lock|workspace)\.yaml)$/.test(name),
  )
  try {
    await once(
      'apps/bench/competitors/node_modules/.omen-installed',
      digest(competitors, manifests, `${process.platform} ${process.arch} ${process.versions.modules}`),
      async () => {
        say('installing the competitors, which compiles some of them')
        const frozen = manifests.includes('pnpm-lock.yaml') ? ['--frozen-lockfile'] : []
        const args = ['install', '--dir', competitors, '--reporter=append-only', ...frozen]
        const result = await pnpm(args, { env: { CI: 'true' } })
        if (result.code !== 0) throw new Error(result.output)
      },
    )
    return { ok: true }
  } catch (error) {
    const reason = gist(error.message)
    console.warn(`\nWARNING: the competitors could not be installed.\n${indent(reason)}\n`)
    return { ok: false, reason }
  }
}

/** Everything a job needs, in order; compilers and bundler run side by side. */
export async function bootstrap() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < minimumNode)
    throw new Error(`Omen needs Node ${minimumNode} or newer; this is ${process.version}`)
  await ensureDependencies()
  const jobs = [ensureNative(), ensureBuild(), ensureConsole()]
  // None is left running behind a failure of the other.
  await Promise.allSettled(jobs)
  const [native] = await Promise.all(jobs)
  return { native }
}

export const say = (line) => console.log(`omen: ${line}`)

/** Prints an error's message and ends with exit code 1; for the last `catch` of a script. */
export function fail(error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** Runs `work` unless the stamp file already holds `key` and `intact` agrees; stamps only success. */
async function once(stampFile, key, work, intact = () => true) {
  const stamp = join(root, stampFile)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key && intact()) return
  rmSync(stamp, { force: true })
  await work()
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, key)
}

/** A hash over the names and contents of files; a missing one counts as empty. */
function digest(base, files, salt = '') {
  const hash = createHash('sha256').update(salt)
  for (const file of [...files].sort()) {
    const path = join(base, file)
    hash.update(`\0${file}\0`).update(existsSync(path) ? readFileSync(path) : '')
  }
  return hash.digest('hex')
}

const list = (folder) => (existsSync(folder) ? readdirSync(folder) : [])

function walk(folder, inside = '') {
  return readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => {
    const path = join(inside, entry.name)
    if (!entry.isDirectory()) return [path]
    return ['node_modules', 'build', 'dist', '.turbo'].includes(entry.name) ? [] : walk(folder, path)
  })
}

/** The lines of a build's output that say what went wrong; its end when no line does. */
export function gist(output) {
  const lines = output.trim().split('\n')
  const telling = lines.filter((line) => /error[:\s!]|not found|could not|cannot|ENOENT/i.test(line))
  const cause = telling.filter(
    (line) => !/gyp ERR! (stack|System|command|cwd|node|not ok|build|\$npm)/.test(line),
  )
  return (cause.length > 0 ? cause.slice(0, 8) : lines.slice(-8)).join('\n')
}
const indent = (text) => text.replace(/^/gm, '  ')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bootstrap().catch(fail)
