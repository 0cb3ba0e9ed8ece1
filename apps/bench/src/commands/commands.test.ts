import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { TECHNIQUES } from '@omen/hnsw'
import { loadError } from '@omen/native'
import { quantizers } from '@omen/quant'
import { describe, expect, test, vi } from 'vitest'
import { benchmarksFolder } from '../paths.ts'
import { main } from '../program.ts'
import type { AblationRun } from '../report/ablation.ts'
import type { ChurnRun } from '../report/churn.ts'
import type { DatabaseRun } from '../report/database.ts'
import type { FilteredRun } from '../report/filtered.ts'
import type { HttpRun } from '../report/http.ts'
import type { QuantizersRun } from '../report/quantizers.ts'
import { readResults } from '../results.ts'
import { temporaryFolder } from '../testing/files.ts'
import { engineResults, point, runResults } from '../testing/results.ts'
import { readWorkload } from '../workload.ts'

/** Runs a command and gathers what it prints. */
async function bench(...args: string[]): Promise<{ code: number; output: string }> {
  vi.stubEnv('OMEN_DATASETS_CACHE', temporaryFolder())
  const lines: string[] = []
  const print = (text: unknown): void => {
    lines.push(stripVTControlCharacters(String(text)))
  }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(print),
    vi.spyOn(console, 'error').mockImplementation(print),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ]
  try {
    const code = await main(args)
    return { code, output: lines.join('\n') }
  } finally {
    for (const spy of spies) spy.mockRestore()
    vi.unstubAllEnvs()
  }
}

describe('the program', () => {
  test('says what it can do', async () => {
    const { code, output } = await bench('--help')
    expect(code).toBe(0)
    for (const name of [
      'start',
      'run',
      'ablation',
      'scale',
      'churn',
      'filtered',
      'database',
      'http',
      'quantizers',
      'compare',
      'report',
      'datasets',
      'competitors',
    ])
      expect(output).toContain(name)
    expect((await bench()).code).toBe(2)
    expect((await bench('run', '--help')).output).toContain('--build-rounds')
  })

  test.each([
    [['fly'], 2, 'there is no command fly'],
    [['toString'], 2, 'there is no command toString'],
    [['run'], 2, 'an argument is missing'],
    [['run', 'a', 'b'], 2, 'unexpected argument b'],
    [['run', 'nothing'], 1, 'there is no workload nothing'],
    [['run', 'start', '--rounds', 'many'], 2, '--rounds must be a whole number'],
    [['run', 'start', '--engines', 'x'], 1, 'the workload has no engine x'],
    [['run', 'start', '--colour'], 2, "Unknown option '--colour'"],
    [['report', 'missing.json'], 1, 'could not read missing.json'],
    [['datasets', 'drop'], 2, 'list, get or check'],
    [['datasets', 'get', 'x'], 1, 'there is no data set x'],
  ])('refuses %j', async (args, code, message) => {
    const result = await bench(...args)
    expect(result.output).toContain(message)
    expect(result.code).toBe(code)
  })

  test('lists the data sets', async () => {
    expect((await bench('datasets', 'list')).output).toMatch(/sift-photos-10k +10,000 +128 +l2/)
  })
})

test('start measures Omen on real data and writes its report', async () => {
  const folder = temporaryFolder()
  const [json, html] = [join(folder, 'r.json'), join(folder, 'r.html')]
  const sizes = ['--rows', '400', '--queries', '10', '--rounds', '1', '--engines', 'omen-f32,omen-sq8']
  const { code, output } = await bench('start', ...sizes, '--out', json, '--html', html)
  expect(output).toContain('recall@10 and queries per second')
  expect(code).toBe(0)
  expect(output).toContain(html)
  const [dataset] = readResults(json).datasets
  expect(dataset?.engines.map(({ id }) => id)).toEqual(['omen-f32', 'omen-sq8'])
  for (const { points, id } of dataset?.engines ?? []) expect(points.at(-1)?.recall, id).toBeGreaterThan(0.95)
  expect(readFileSync(html, 'utf8')).toContain('Recall against speed')
  expect((await bench('report', json)).output).toContain('build and memory')
})

test.each(readdirSync(benchmarksFolder).filter((file) => file.endsWith('.json')))(
  'benchmarks/%s measures every engine that is part of this project, on few rows',
  async (file) => {
    const folder = temporaryFolder()
    const [json, html] = [join(folder, 'r.json'), join(folder, 'r.html')]
    const ids = readWorkload(file.replace('.json', ''))
      .engines.filter(({ engine }) => engine.startsWith('omen'))
      .map(({ id }) => id)
    const sizes = ['--dataset', 'sift-photos-10k', '--rows', '400', '--queries', '10', '--rounds', '1']
    const args = [...sizes, '--engines', ids.join(','), '--build-rounds', '1', '--out', json, '--html', html]
    expect((await bench('run', file.replace('.json', ''), ...args)).code).toBe(0)
    const dataset = readResults(json).datasets[0]
    expect(dataset?.skipped).toEqual([])
    expect(dataset?.engines.map(({ id }) => id)).toEqual(ids)
    for (const { points, id } of dataset?.engines ?? [])
      expect(points.at(-1)?.recall, id).toBeGreaterThan(0.9)
  },
)

const tiny = ['--rows', '600', '--queries', '10', '--rounds', '1', '--threads', '2']

test('scale draws the cost of generated rows, and opens what it saved', async () => {
  const folder = temporaryFolder()
  const files = ['--out', join(folder, 'r.json'), '--html', join(folder, 'r.html')]
  const sizes = [...tiny, '-d', 'clusters-128-10k', '--engines', 'omen']
  const { code } = await bench('scale', ...sizes, ...files)
  expect(code).toBe(0)
  const engine = readResults(join(folder, 'r.json')).datasets[0]?.engines[0]
  expect(engine?.reopened?.fileBytes).toBeGreaterThan(600 * 128)
  expect(engine?.reopened?.recall).toBe(
    engine?.points.find(({ beam }) => beam === engine?.reopened?.beam)?.recall,
  )
  expect(readFileSync(join(folder, 'scale.md'), 'utf8')).toMatch(/\| 600 \| Omen \| [0-9.]+ \|/)
  expect(readFileSync(join(folder, 'scale.svg'), 'utf8')).toContain('<svg')
})

test('churn replaces rows and compares with a fresh index', async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const args = [...tiny, '--times', '3', '-d', 'sift-photos-10k', '--out', json]
  const { code, output } = await bench('churn', ...args)
  expect(code).toBe(0)
  expect(output).toContain('churn.md')
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as ChurnRun
  expect(results.rows).toBe(300)
  expect(results.steps.map(({ times }) => times)).toEqual([0, 1, 2, 3])
  for (const { unreachable, recall } of results.steps) {
    expect(unreachable).toBe(0)
    expect(recall).toBeGreaterThan(0.95)
  }
  for (const { churnedRecall, freshRecall } of results.comparisons) {
    expect(freshRecall).toBeGreaterThan(0.95)
    expect(churnedRecall).toBeGreaterThan(0.95)
  }
})

test('filtered measures every kind of filter at every share', async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const args = [
    '--rows',
    '600',
    '--queries',
    '20',
    '--rounds',
    '1',
    '--threads',
    '1',
    '-d',
    'sift-photos-10k',
  ]
  const { code, output } = await bench('filtered', ...args, '--out', json)
  expect(code).toBe(0)
  expect(output).toContain('filtered.md')
  const [dataset] = (JSON.parse(readFileSync(json, 'utf8')) as FilteredRun).datasets
  expect(dataset?.points.map(({ kind, share }) => `${kind} ${share}`)).toEqual(
    ['random', 'anti-correlated'].flatMap((kind) =>
      [0.9, 0.5, 0.1, 0.01, 0.001].map((share) => `${kind} ${share}`),
    ),
  )
  // So few rows are scanned, which finds all.
  for (const point of dataset?.points ?? []) expect(point).toMatchObject({ strategy: 'scan', recall: 1 })
  expect(readFileSync(join(folder, 'filtered.md'), 'utf8')).toMatch(/\| anti-correlated 10 % \| scan \| 1/)
})

const missing = loadError()

test.skipIf(missing)(`ablation leaves out one thing at a time (skipped: ${missing ?? 'no'})`, async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const sizes = [
    '--rows',
    '5000',
    '--queries',
    '20',
    '--rounds',
    '2',
    '--build-rows',
    '300',
    '--build-rounds',
    '1',
  ]
  const graphs = ['--graphs', join(folder, 'graphs')]
  const { code, output } = await bench(
    'ablation',
    '-d',
    'sift-photos-10k',
    ...sizes,
    ...graphs,
    '--out',
    json,
  )
  expect(code).toBe(0)
  expect(readdirSync(join(folder, 'graphs')).map((name) => name.split('-').at(-1))).toEqual([
    'all',
    'alpha1',
    'f32',
    'm16',
    'sq8',
  ])
  expect(output).toMatch(/\| epsilon in place of beam \| \d.* \| not known \|/)
  expect(output).toMatch(/\| hugePages \| .* \| 1\.00× \| 1\.00× \| 1\.04–1\.15× \|/)
  const { datasets } = JSON.parse(readFileSync(json, 'utf8')) as AblationRun
  const variants = datasets[0]?.variants ?? []
  expect(variants.map(({ id }) => id)).toEqual([
    'all',
    'again',
    ...TECHNIQUES.map((name) => `without-${name}`),
    'by-beam',
    'alpha1',
    'f32',
    'sq8',
    'm16',
  ])
  const [all, again] = variants
  for (const { id, points, buildSeconds } of variants) {
    expect(points.at(-1)?.recall, id).toBeGreaterThanOrEqual(0.95)
    expect(buildSeconds, id).toEqual([expect.any(Number)])
    for (const { single, batch } of points) expect([single.length, batch.length], id).toEqual([2, 2])
  }
  expect(again?.points.map(({ epsilon, recall, work }) => ({ epsilon, recall, work }))).toEqual(
    all?.points.map(({ epsilon, recall, work }) => ({ epsilon, recall, work })),
  )
  const path = join(folder, 'ablation.md')
  const document = readFileSync(path, 'utf8')
  writeFileSync(path, '')
  expect((await bench('ablation', '--from', json, '--out', json)).code).toBe(0)
  expect(readFileSync(path, 'utf8')).toBe(document)
  writeFileSync(json, '{"format":"omen-bench/1"}')
  expect((await bench('ablation', '--from', json)).output).toContain('is no result of ablation')
})

test.skipIf(missing)(`database measures all of it (skipped: ${missing ?? 'no'})`, async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const args = ['-d', 'sift-photos-10k', '--rows', '4500', '--queries', '10', '--times', '1', '--rounds', '1']
  const { code, output } = await bench('database', ...args, '--folder', folder, '--out', json)
  expect(code).toBe(0)
  expect(output).toContain('database.md')
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as DatabaseRun
  const { burst, sharedSyncs, overhead, overwrites, life } = results
  expect(burst).toMatchObject({ rows: 4500, batches: { count: 5 } })
  expect(sharedSyncs).toMatchObject({ rows: 3200, writes: { count: 3200 } })
  expect(sharedSyncs.rowsPerSync).toBeGreaterThanOrEqual(1)
  expect(overhead.rows).toBe(4500)
  expect(overwrites.rounds.map(({ round }) => round)).toEqual([0, 1])
  for (const each of [...overwrites.rounds, overwrites.fresh]) {
    expect(each).toMatchObject({ lost: 0, wrong: 0 })
    expect(each.recall).toBeGreaterThan(0.95)
  }
  expect(life.reopened.rows).toBe(4500)
  expect(readFileSync(join(folder, 'database.md'), 'utf8')).toMatch(
    /\| rows lost or wrong after overwriting \| 0 \| 0 \| met \|/,
  )
  expect(life.recall).toBeGreaterThan(0.95)
  expect(life.freshRecall).toBeGreaterThan(0.95)
  expect(readdirSync(folder).sort()).toEqual(['database.md', 'r.json'])
})

test('http measures every form of a search, beside an empty route', async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const sizes = ['--rows', '600', '--connections', '2', '--seconds', '1', '--rounds', '1']
  const { code, output } = await bench('http', ...sizes, '-d', 'sift-photos-10k', '--out', json)
  expect(code).toBe(0)
  expect(output).toContain('http.md')
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as HttpRun
  expect(results).toMatchObject({ rows: 600, dimension: 128 })
  expect(results.forms.map(({ form }) => form)).toHaveLength(3)
  for (const form of results.forms) {
    expect(form.connections).toBe(2)
    expect(form.failed).toBe(0)
    expect(form.ratio.median).toBeGreaterThan(0)
  }
})

test.skipIf(missing)(`quantizers measures all of them (skipped: ${missing ?? 'no'})`, async () => {
  const folder = temporaryFolder()
  const json = join(folder, 'r.json')
  const args = ['-d', 'sift-photos-10k', '--rows', '600', '--queries', '10', '--rounds', '1']
  const { code, output } = await bench('quantizers', ...args, '--out', json)
  expect(code).toBe(0)
  expect(output).toMatch(/\| `none` \| 512 \| 32\.0 \| 1\.0000 \| 1\.0000 \| 1\.0000 \|/)
  const { datasets } = JSON.parse(readFileSync(json, 'utf8')) as QuantizersRun
  const figures = datasets[0]?.quantizers ?? []
  expect(figures.map(({ name }) => name)).toEqual(quantizers().map(({ name }) => name.split('/')[0]))
  for (const { name, recall, rescored30, rescored200 } of figures) {
    expect(recall, name).toBeGreaterThan(0.2)
    expect(rescored30, name).toBeGreaterThanOrEqual(recall)
    expect(rescored200, name).toBeGreaterThan(0.9)
  }
  const document = readFileSync(join(folder, 'quantizers.md'), 'utf8')
  expect(document).toMatch(/start -->\n\*\*sift-photos-10k-first-600\*\*: 600 x 128/)
  expect((await bench('quantizers', '--quantizers', 'sq9')).output).toContain('there is no quantizer sq9')
})

test('compare exits with 1 when a run got worse, and says where', async () => {
  const folder = temporaryFolder()
  const run = (name: string, speed: number): string => {
    const points = [point(16, 0.8, 2000 * speed), point(64, 0.99, 500 * speed)]
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(runResults([engineResults('y'), engineResults('omen', { points })])))
    return path
  }
  const [base, same, slow] = [run('base.json', 1), run('same.json', 1.05), run('slow.json', 0.5)]
  expect((await bench('compare', base, same)).code).toBe(0)
  const worse = await bench('compare', base, slow)
  expect(worse.code).toBe(1)
  expect(worse.output).toMatch(/omen +speed ratio at recall 0\.95 .* -50\.0 % +worse/)
  expect((await bench('compare', base, slow, '--tolerance', 'speed=0.6')).code).toBe(0)
  expect((await bench('compare', base, slow, '--tolerance', 'luck=1')).code).toBe(2)
})
