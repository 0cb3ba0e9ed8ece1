// Runs the C++ tests under sanitizers, in a minute: the kernel sets of this processor against each other, every kind of
// codes, and a graph built, searched and relinked by several threads at once.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))
const sources = (folder) =>
  readdirSync(`${home}cpp/${folder}`)
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => `cpp/${folder}/${name}`)

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: home, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

function test(name, sanitizers, files, ...args) {
  const program = `build/${name}`
  console.log(`${name} under ${sanitizers}`)
  run(
    process.env.CXX ?? 'c++',
    ...['-std=c++20', '-O1', '-g', '-fno-exceptions', '-ffp-contract=off', '-Icpp', '-pthread'],
    ...[
      `-fsanitize=${sanitizers}`,
      ...(sanitizers.includes('undefined') ? ['-fno-sanitize-recover=undefined'] : []),
    ],
    ...files,
    ...['-o', program],
  )
  run(`${home}${program}`, ...args)
}

mkdirSync(`${home}build`, { recursive: true })
const kernels = sources('kernels')
const graph = [
  ...kernels,
  ...sources('codecs'),
  ...sources('graph'),
  'cpp/codes.cpp',
  'cpp/test/graph_test.cpp',
]
test('kernels_test', 'address,undefined', [...kernels, 'cpp/test/kernels_test.cpp'], ...process.argv.slice(2))
const codes = [...kernels, ...sources('codecs'), 'cpp/codes.cpp', 'cpp/test/codecs_test.cpp']
test('codecs_test', 'address,undefined', codes, ...process.argv.slice(2))
test('graph_test', 'address,undefined', graph)
test('graph_test', 'thread', graph)
