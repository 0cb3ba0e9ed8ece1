// Measures every kernel set of this processor, beside SimSIMD's kernels, and writes docs/kernels.md:
//
//   node packages/native/bench/kernels.mjs [filter]
//
// A filter such as `u8 l2` prints what it finds and writes nothing.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const SIMSIMD = '6.5.5'
const home = fileURLToPath(new URL('..', import.meta.url))
const build = `${home}build/bench`
const compiler = process.env.CXX ?? 'c++'
const [filter] = process.argv.slice(2)

mkdirSync(build, { recursive: true })
const lines = execFileSync(compile(simsimdHeaders()), filter ? [filter] : [], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((line) => line.split('\t'))
if (filter) console.log(lines.map((fields) => fields.join('\t')).join('\n'))
else {
  const file = fileURLToPath(new URL('../../../docs/kernels.md', import.meta.url))
  writeFileSync(file, report(lines))
  console.log(`wrote ${file}`)
}

/** The folder with SimSIMD's headers; undefined when its package cannot be had, which leaves its lines out. */
function simsimdHeaders() {
  const headers = `${build}/package/include`
  if (!existsSync(headers)) {
    const archive = `simsimd-${SIMSIMD}.tgz`
    const packed = spawnSync('npm', ['pack', `simsimd@${SIMSIMD}`], { cwd: build, stdio: 'ignore' })
    if (packed.status !== 0) return undefined
    execFileSync('tar', ['xzf', archive], { cwd: build })
  }
  return headers
}

function compile(simsimd) {
  const kernels = readdirSync(`${home}cpp/kernels`).filter((name) => name.endsWith('.cpp'))
  const targets = ['HASWELL', 'SKYLAKE', 'ICE', 'GENOA'].map((name) => `-DSIMSIMD_TARGET_${name}=1`)
  const program = `${build}/kernels_bench`
  execFileSync(
    compiler,
    [
      ...['-std=c++20', '-O3', '-fno-exceptions', '-ffp-contract=off', '-Icpp'],
      ...(simsimd
        ? ['-DOMEN_SIMSIMD', '-Wno-cpp', `-isystem${simsimd}`, ...(process.arch === 'x64' ? targets : [])]
        : []),
      ...kernels.map((name) => `cpp/kernels/${name}`),
      'cpp/bench/kernels_bench.cpp',
      ...['-o', program],
    ],
    { cwd: home, stdio: 'inherit' },
  )
  return program
}

function report(measured) {
  const sets = [...new Set(measured.map(([set]) => set))]
  const dimensions = [
    ...new Set(measured.map(([, , , dimension]) => (dimension === '104' ? '100' : dimension))),
  ]
  const kernels = [...new Set(measured.map(([, element, metric]) => `${element} ${metric}`))]
  const time = (set, kernel, dimension, column) => {
    const found = measured.find(
      ([s, e, m, d]) => s === set && `${e} ${m}` === kernel && (d === '104' ? '100' : d) === dimension,
    )
    return found ? Number(found[column]).toFixed(1) : '–'
  }
  const row = (cells) => `| ${cells.join(' | ')} |`
  const table = (column) => [
    row(['kernel', 'set', ...dimensions.map((dimension) => `${dimension}-d`)]),
    row(['---', '---', ...dimensions.map(() => '---:')]),
    ...kernels.flatMap((kernel) =>
      sets
        .filter((set) => measured.some(([s, e, m]) => s === set && `${e} ${m}` === kernel))
        .map((set) =>
          row([kernel, set, ...dimensions.map((dimension) => time(set, kernel, dimension, column))]),
        ),
    ),
  ]
  const fastest = (kernel, dimension, column, foreign) =>
    Math.min(
      ...sets
        .filter((set) => set.startsWith('simsimd') === foreign)
        .map((set) => Number(time(set, kernel, dimension, column)))
        .filter((nanoseconds) => !Number.isNaN(nanoseconds)),
    )
  const slower = (column) =>
    kernels.flatMap((kernel) =>
      dimensions
        .filter(
          (dimension) => fastest(kernel, dimension, column, true) < fastest(kernel, dimension, column, false),
        )
        .map((dimension) => `${kernel} ${dimension}-d`),
    )
  const verdict = (column) =>
    `SimSIMD's best is faster than Omen's in: ${slower(column).join(', ') || 'none'}.`
  return `${[
    '# Kernels',
    '',
    'Nanoseconds per distance, best of 25 passes on one thread; made by `pnpm --filter @omen/native bench:kernels` on',
    `${cpus()[0]?.model ?? 'an unknown processor'} with ${compilerName()}. Batches of 16 rows are scored against one query.`,
    '`bits` of 100 dimensions are 104. \u201Csimsimd\u201D is the best that SimSIMD ' +
      SIMSIMD +
      ' has for the instruction set, called',
    'row by row, since it has no kernels for several rows.',
    '',
    '## Rows in the first-level cache',
    '',
    ...table(4),
    '',
    verdict(4),
    '',
    '## Random rows of 256 MiB on huge pages, a batch prefetched before it is scored',
    '',
    'What a search of a large graph pays. The bytes of a row decide, not the arithmetic; other load on the memory of the',
    'machine shows in these numbers.',
    '',
    ...table(5),
    '',
    verdict(5),
  ].join('\n')}\n`
}

function compilerName() {
  return execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n')[0]?.trim()
}
