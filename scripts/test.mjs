// `npm test`: everything CI runs. Each check counts as one beside the tests; the last line is the sum.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { bootstrap, cache, execute, fail, pnpm, root, say, tool } from './bootstrap.mjs'
import { ensureRuntime } from './runtimes.mjs'

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
/** Checks and test files that run side by side: vitest alone would leave a core, and of two cores that is half. */
const atOnce = availableParallelism()
/** Where the tests leave how their proofs went. */
const proofs = join(cache, 'test', 'proofs')

/**
 * Counts one check. `work` resolves with an exit code and output, or with `{ skip: reason }`.
 *
 * @returns {Promise<boolean>} whether it did not fail
 */
async function check(name, work) {
  const began = Date.now()
  const result = await work().catch((error) => ({ code: 1, output: String(error?.message ?? error) }))
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  if (result.skip) {
    total.skipped++
    say(`skipped ${name}: ${result.skip}`)
    return true
  }
  const ok = result.code === 0
  total[ok ? 'passed' : 'failed']++
  say(`${ok ? 'passed ' : 'FAILED '} ${name} (${seconds} s)`)
  if (!ok) {
    failures.push(name)
    console.log(result.output.trim())
  }
  return ok
}

/** Runs tasks in their order, as many at once as there are cores. */
async function sideBySide(tasks) {
  const left = [...tasks]
  const lane = async () => {
    for (let task = left.shift(); task; task = left.shift()) await task()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

/** Runs vitest with its own output shown, by this Node or another, and adds what its report counts. */
async function vitest(name, args, env, node) {
  const report = join(cache, 'test', `${name.replaceAll(' ', '-')}.json`)
  rmSync(report, { force: true })
  mkdirSync(join(cache, 'test'), { recursive: true })
  say(name)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const all = ['run', `--maxWorkers=${atOnce}`, ...args, ...reporters]
  const { code } = await tool('vitest', all, { live: true, env, node })
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [] }
  // A file that does not load has no test that could fail, and counts as one.
  const unloaded = counts.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  ).length
  const failed = (counts.numFailedTests ?? 0) + unloaded
  total.passed += counts.numPassedTests ?? 0
  total.skipped += (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0)
  if (code === 0 && failed === 0 && counts.numPassedTests > 0) return
  failures.push(name)
  // Whatever else made the run fail, such as an error outside any test, counts as one too.
  total.failed += Math.max(failed, 1)
}

/** Prints what the proofs among the tests left: what was tried to break, how often, from which seed, and how that went. */
function printProofs() {
  const files = existsSync(proofs) ? readdirSync(proofs) : []
  if (files.length === 0) return
  const rows = files
    .sort()
    .map((name) => JSON.parse(readFileSync(join(proofs, name), 'utf8')))
    .map(({ name, shown, seed, seconds, outcome }) => [
      name,
      shown,
      String(seed || '-'),
      seconds.toFixed(1),
      outcome,
    ])
  const table = [['proof', 'tried', 'seed', 'seconds', 'outcome'], ...rows]
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)))
  for (const row of table) console.log(row.map((cell, i) => cell.padEnd(widths[i])).join('  '))
}

/** Packs a package as it would be published and asks publint and attw about the very tarball. */
async function checkPackage(folder) {
  const packs = join(cache, 'packs')
  mkdirSync(packs, { recursive: true })
  const packed = await pnpm(['--dir', folder, 'pack', '--json', '--pack-destination', packs])
  if (packed.code !== 0) return packed
  const tarball = JSON.parse(packed.output.slice(packed.output.indexOf('{'))).filename
  const published = await tool('publint', ['run', tarball, '--strict', '--pack', 'false'])
  if (published.code !== 0) return published
  return tool('@arethetypeswrong/cli', [
    tarball,
    '--profile',
    'esm-only',
    '--no-definitely-typed',
    '--no-color',
  ])
}

/**
 * What is different without the addon: tests of the packages that load it. Of the index those that name their engines have run
 * both already; core and quantizers are given an accelerator or none. What proofs break lies below everything that has a
 * twin, and takes minutes.
 */
function twinTests() {
  return ['hnsw', 'storage-mmap', 'db'].flatMap((name) => {
    const folder = `packages/${name}/src`
    const files = readdirSync(join(root, folder), { recursive: true }).map((file) =>
      file.replaceAll('\\', '/'),
    )
    return files
      .filter(
        (file) => file.endsWith('.test.ts') && !file.includes('proofs/') && !file.endsWith('/crash.test.ts'),
      )
      .map((file) => `${folder}/${file}`)
      .filter((file) => name !== 'hnsw' || file.endsWith('/hnsw.test.ts') || !namesEngines(file))
  })
}

/** What a newer Node could break: loading the addon, files and locks, connections, and the first steps of everything. */
const NODE_24_TESTS = [
  'packages/native/src/',
  'packages/hnsw/src/hnsw.test.ts',
  'packages/hnsw/src/file.test.ts',
  'packages/storage-mmap/src/file-storage.test.ts',
  'packages/storage-mmap/src/lock.test.ts',
  'packages/storage-mmap/src/region.test.ts',
  'packages/storage-mmap/src/log/file-log.test.ts',
  'packages/db/src/tests/01-first-steps.test.ts',
  'packages/db/src/tests/10-conformance.test.ts',
  'packages/server/src/tests/01-first-steps.test.ts',
  'packages/client/src/tests/01-conformance.test.ts',
]

/** Runs the tests that a newer Node could break by that Node, where it can be had. */
async function testNode24({ file, reason }) {
  if (file) return vitest('tests in Node 24', NODE_24_TESTS, {}, file)
  total.skipped++
  say(`skipped tests in Node 24: ${reason}`)
}

const namesEngines = (file) => /\baccelerator\(\)/.test(readFileSync(join(root, file), 'utf8'))

function packageChecks() {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => () => check(`package ${relative(root, folder)}`, () => checkPackage(folder)))
}

async function changesetStatus() {
  const base = await execute('git', ['rev-parse', '--verify', '--quiet', 'main'])
  if (base.code !== 0) return { skip: 'there is no local branch main to compare with' }
  return tool('@changesets/cli', ['status'])
}

async function main() {
  const ready = await check('build', async () => {
    await bootstrap()
    return { code: 0, output: '' }
  })
  // Without dependencies there is nothing that could check anything.
  if (ready || existsSync(join(root, 'node_modules/vitest'))) {
    const runtimes = Promise.all(['bun', 'deno', 'node24'].map(ensureRuntime))
    await sideBySide([
      () => check('types', () => tool('typescript', ['-p', 'tsconfig.check.json'])),
      () =>
        check('format and lint', () =>
          tool('@biomejs/biome', ['check', '--error-on-warnings', '--max-diagnostics=200']),
        ),
      () => check('unused files, exports and dependencies', () => tool('knip', ['--no-progress'])),
      () => check('changesets', changesetStatus),
      ...(ready ? packageChecks() : []),
    ])
    rmSync(proofs, { recursive: true, force: true })
    const [bun, deno, node24] = await runtimes
    for (const { reason } of [bun, deno]) if (reason) say(reason)
    const others = { ...(bun.file && { OMEN_BUN: bun.file }), ...(deno.file && { OMEN_DENO: deno.file }) }
    await vitest('tests', [], { OMEN_PROOFS: proofs, ...others })
    await vitest('tests of the TypeScript twins alone', twinTests(), { OMEN_NATIVE: 'off' })
    await testNode24(node24)
  }
  if (failures.length > 0) say(`failed: ${failures.join(', ')}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}

await main().catch((error) => {
  total.failed++
  fail(error)
})
printProofs()
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
