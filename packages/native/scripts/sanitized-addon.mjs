// Compiles the addon under AddressSanitizer and UndefinedBehaviorSanitizer into build/sanitized, once for each state of the
// sources, and prints as JSON where it lies and what a Node that is to load it must load first. Exits with 2 where this
// machine has no compiler, no headers of Node or no sanitizers that can.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { resolve as absolute, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { files, headers } from './sources.mjs'

const home = fileURLToPath(new URL('..', import.meta.url))
const folder = join(home, 'build/sanitized')
const addon = join(folder, 'Release/omen_native.node')
const compiler = process.env.CXX ?? 'c++'
const flags = ['-std=c++20', '-fPIC', '-fno-exceptions', '-ffp-contract=off', '-pthread']
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']

/** Without optimisation it compiles in half of the time, which is most of a short run; gcc 12 cannot so compile kernels. */
const level = (source) => (source.startsWith('cpp/kernels/') ? '-O1' : '-O0')

function unable(why) {
  console.error(why)
  process.exit(2)
}

/** Where a library of the compiler lies; it prints the bare name of one that it does not have. */
function libraryOf(name) {
  const { stdout = '' } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' })
  const path = stdout.trim()
  return existsSync(path) ? path : unable(`${compiler} has no ${name}`)
}

function nodeHeaders() {
  const prefixes = [process.env.npm_config_nodedir, dirname(dirname(process.execPath))]
  const found = prefixes.map((prefix) => prefix && join(prefix, 'include/node'))
  return found.find((path) => path && existsSync(join(path, 'node_api.h'))) ?? unable('no headers of Node')
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: home, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))))
  })
}

async function build(include, stamp) {
  mkdirSync(dirname(addon), { recursive: true })
  const objects = []
  const left = files()
  const lane = async () => {
    for (let source = left.shift(); source; source = left.shift()) {
      const object = join(folder, `${source.replaceAll('/', '-')}.o`)
      objects.push(object)
      await run(compiler, [...flags, level(source), ...sanitizers, ...include, '-c', source, '-o', object])
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  await run(compiler, ['-shared', ...sanitizers, ...objects, '-o', addon, '-ldl', '-lpthread'])
  writeFileSync(join(folder, 'stamp'), stamp)
}

if (process.platform !== 'linux') unable('loading sanitizers before Node is done on Linux alone')
const preload = [libraryOf('libasan.so'), libraryOf('libubsan.so')]
// It is given relative to wherever this runs.
const napi = absolute(createRequire(import.meta.url)('node-addon-api').include_dir)
const include = [
  '-Icpp',
  `-I${nodeHeaders()}`,
  `-I${napi}`,
  '-DNAPI_VERSION=8',
  '-DNAPI_DISABLE_CPP_EXCEPTIONS',
]
const hash = createHash('sha1').update([compiler, ...flags, ...sanitizers, ...include].join(' '))
for (const file of [...files(), ...headers()]) hash.update(file).update(readFileSync(join(home, file)))
const stamp = hash.digest('hex')
const built = join(folder, 'stamp')
if (!existsSync(built) || readFileSync(built, 'utf8') !== stamp) await build(include, stamp)
console.log(JSON.stringify({ folder, preload }))
