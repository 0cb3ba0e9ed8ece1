import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { main } from '../program.ts'
import { readResults } from '../results.ts'
import { temporaryFolder } from '../testing/files.ts'
import { engineResults, point, runResults } from '../testing/results.ts'

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
    for (const name of ['start', 'run', 'compare', 'report', 'datasets', 'competitors'])
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
