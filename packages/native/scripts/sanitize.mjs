// Compares the kernel sets of this processor under the address and undefined-behaviour sanitizers, in a few seconds.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))
const program = 'build/kernels_test'
const kernels = readdirSync(`${home}cpp/kernels`).filter((name) => name.endsWith('.cpp'))

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: home, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

mkdirSync(`${home}build`, { recursive: true })
run(
  process.env.CXX ?? 'c++',
  ...['-std=c++20', '-O1', '-g', '-fno-exceptions', '-ffp-contract=off', '-Icpp'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  ...kernels.map((name) => `cpp/kernels/${name}`),
  'cpp/test/kernels_test.cpp',
  ...['-o', program],
)
run(`${home}${program}`, ...process.argv.slice(2))
