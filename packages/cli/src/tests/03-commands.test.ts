import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { integer, keyword, open, vector } from '@omen/db'
import { describe, expect, test, vi } from 'vitest'
import { main } from '../program.ts'
import { commandLine, omen, omenJson, temporaryFolder } from '../testing/omen.ts'

/** A database with a few rows on a circle. */
async function circle(rows = 12): Promise<string> {
  const directory = join(temporaryFolder(), 'db')
  await using db = await open(directory)
  const points = await db.collection('points', {
    half: keyword(),
    n: integer(),
    at: vector(2, { metric: 'l2' }),
  })
  const angle = (n: number): number => (2 * Math.PI * n) / rows
  await points.upsert(
    Array.from({ length: rows }, (_, n) => ({
      ...{ id: `p${n}`, n, half: n < rows / 2 ? 'upper' : 'lower' },
      at: [Math.cos(angle(n)), Math.sin(angle(n))],
    })),
  )
  return directory
}

const idsOf = (document: unknown, name: string): string[] =>
  (document as Record<string, { id: string }[]>)[name]?.map(({ id }) => id) ?? []

test('a query finds rows by a vector, by another row, and by a filter', async () => {
  const db = await circle()
  const near = await omenJson(['query', db, 'points', '--vector', '[1,0.1]', '--limit', '2', '--explain'])
  expect(idsOf(near, 'hits')).toEqual(['p0', 'p1'])
  expect(near).toMatchObject({ explanation: { segments: [{ rows: 12 }] } })
  const like = await omenJson([
    'query',
    db,
    'points',
    '--like',
    'p3',
    '--limit',
    '2',
    '--where',
    '{"half":"upper"}',
  ])
  expect(idsOf(like, 'hits').sort()).toEqual(['p2', 'p4'])
  const rows = await omenJson(['query', db, 'points', '--where', '{"n":{"$gte":10}}', '--select', 'n'])
  expect(rows).toEqual({
    rows: expect.arrayContaining([
      { id: 'p10', n: 10 },
      { id: 'p11', n: 11 },
    ]),
  })
  const text = await omen(['query', db, 'points', '--vector-file', '-'], { input: '[0,1]' })
  expect(text.stdout).toMatch(/score\s+distance[\s\S]*p3\s+1\.0000\s+0\.0000\s+upper\s+3/)
})

test('collections are listed, shown, created and dropped', async () => {
  const db = await circle()
  const schema = join(temporaryFolder(), 'schema.json')
  expect(await omenJson(['collections', 'list', db])).toMatchObject({
    collections: [{ name: 'points', rows: 12 }],
  })
  const shown = await omenJson(['collections', 'show', db, 'points'])
  expect(shown).toMatchObject({ schema: { at: { kind: 'vector', dimension: 2, metric: 'l2' } } })
  writeFileSync(schema, JSON.stringify((shown as { schema: unknown }).schema))
  await omenJson(['collections', 'create', db, 'copy', schema])
  expect((await omen(['collections', 'drop', db, 'points'])).code).toBe(2)
  expect(await omenJson(['collections', 'drop', db, 'points', '--yes'])).toEqual({ dropped: 'points' })
  expect(await omenJson(['collections', 'list', db])).toMatchObject({
    collections: [{ name: 'copy', rows: 0 }],
  })
})

test('a backup is verified and restored; a damaged database is told, and repaired', async () => {
  const db = await circle()
  const folder = temporaryFolder()
  const [copy, back] = [join(folder, 'copy'), join(folder, 'back')]
  await omenJson(['optimize', db, 'points'])
  await omenJson(['backup', db, copy])
  expect(await omenJson(['verify', copy])).toMatchObject({ problems: [], rows: 12 })
  expect(await omenJson(['restore', copy, back])).toMatchObject({ rows: 12 })
  expect(await omenJson(['stats', back, 'points'])).toMatchObject({
    rows: 12,
    segments: expect.arrayContaining([expect.objectContaining({ state: 'sealed', rows: 12 })]),
  })
  writeFileSync(join(back, 'CURRENT'), 'nonsense')
  const refused = await omen(['verify', back])
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/omen restore.*omen repair/)])
  expect(await omenJson(['repair', back])).toMatchObject({ rows: 12, lost: [], problems: [] })
  expect((await omen(['verify', back])).stdout).toBe('whole: 12 rows read\n')
})

test('a database that another process writes to is read, and not written', async () => {
  const db = await circle()
  await using writer = await open(db)
  const points = await writer.collection('points')
  await points.upsert([{ id: 'new', half: 'upper', n: 12, at: [2, 0] }] as never)
  expect(await omenJson(['collections', 'list', db])).toMatchObject({ collections: [{ rows: 13 }] })
  expect(idsOf(await omenJson(['query', db, 'points', '--vector', '[2,0]']), 'hits')[0]).toBe('new')
  expect(await omenJson(['stats', db])).toMatchObject({ collections: [{ rows: 13 }], troubles: [] })
  await points.optimize()
  expect(await omenJson(['stats', db, 'points'])).toMatchObject({ rows: 13, name: 'points' })
  expect(await omenJson(['verify', db])).toEqual({ problems: [], rows: 13 })
  const file = join(temporaryFolder(), 'points.jsonl')
  expect(await omenJson(['export', db, 'points', file])).toMatchObject({ rows: 13 })
  const refused = await omen(['optimize', db, 'points', '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'locked' } })
})

test('a misspelt directory creates no database', async () => {
  const folder = temporaryFolder()
  for (const args of [['stats'], ['verify'], ['backup', 'to'], ['query', 'c', '--like', 'a'], ['keys']]) {
    const [name = '', ...operands] = args
    const call =
      name === 'keys' ? ['keys', 'list', join(folder, 'no')] : [name, join(folder, 'no'), ...operands]
    expect(await printed([...call, '--json']), name).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not_found/),
    })
  }
  expect(readdirSync(folder)).toEqual([])
})

test('the doctor looks at a machine and a place', async () => {
  const db = await circle()
  const { findings } = (await omenJson(['doctor', db])) as { findings: { what: string; level: string }[] }
  const what = findings.map((finding) => finding.what)
  expect(what).toEqual(
    expect.arrayContaining(['Node', 'accelerator', 'memory', 'file system', 'locks', 'sync', 'database']),
  )
  expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
  expect(readdirSync(join(db, '..'))).toEqual(['db'])
  writeFileSync(join(db, 'CURRENT'), 'nonsense')
  const sick = await omen(['doctor', db])
  expect([sick.code, sick.stdout]).toEqual([1, expect.stringMatching(/✗ database/)])
})

test('the benchmark says recall beside speed, on the rows that there are', async () => {
  const db = await circle(60)
  const done = await omenJson([
    'bench',
    db,
    'points',
    '--queries',
    '5',
    '--rounds',
    '1',
    '--beams',
    '16,32',
    '--k',
    '3',
  ])
  expect(done).toMatchObject({
    ...{ rows: 60, k: 3, queries: 5 },
    measured: [
      { beam: 16, recall: 1 },
      { beam: 32, recall: 1 },
      { beam: 'exact', recall: 1 },
    ],
  })
})

describe('a call that is wrong', () => {
  test.each([
    [['qurey'], /there is no command qurey; did you mean query\?/],
    [['query', 'db', 'c', '--lmit', '3'], /there is no option --lmit; did you mean --limit\?/],
    [['query', 'db', 'c', '--limit', '--exact'], /--limit needs a value: --limit <n>/],
    [['query', 'db', 'c', '--limit', '0'], /--limit takes a whole number from 1 on, got "0"/],
    [['query', 'db', 'c', '--exact=yes'], /--exact takes no value/],
    [['query', 'db'], /<collection> missing/],
    [['query', 'db', 'c', 'd'], /"d" is too much/],
    [['query', 'db', 'c', '--where', '{lang:"en"}'], /--where takes JSON/],
    [['query', 'db', 'c', '--like', 'a', '--vector', '[1]'], /one of them/],
    [['export', 'db', 'c', 'a.xyz'], /what is in a.xyz\? Say --format jsonl\|csv/],
    [['export', 'db', 'c', '-', '--format', 'parqet'], /did you mean parquet\?/],
    [['collections', 'lst', 'db'], /there is no action lst; did you mean list\?/],
    [['keys', 'create', 'db', '--name', 'a', '--role', 'docs=reed'], /there is no role reed/],
    [['repair', 'http://localhost:1'], /is a URL, and this needs the directory/],
  ])('%j ends with 2 and says what is meant', async (args, message) => {
    expect(await said([...args])).toEqual({ code: 2, stderr: expect.stringMatching(message) })
  })

  test('is JSON for programs', async () => {
    const { code, stderr } = await said(['stats', '--jsno', '--json'])
    expect([code, JSON.parse(stderr)]).toEqual([2, { error: { code: 'usage', message: expect.any(String) } }])
  })
})

test('every command has help with examples that call it', async () => {
  const { stdout } = await omen(['help'])
  const names = [...stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => !/^\d/.test(name))
  expect(names).toEqual(expect.arrayContaining(['import', 'export', 'query', 'serve', 'doctor']))
  for (const name of names.filter((each) => each !== 'help' && each !== 'version')) {
    const { stdout: help } = await printed([name, '--help'])
    expect(help, name).toMatch(new RegExp(`usage: omen ${name} `))
    expect(help, name).toMatch(/examples:[\s\S]*(omen|OMEN_KEY).*/)
    expect(help.split('examples:')[1], name).toContain(`omen ${name}`)
  }
})

test('whoever stops reading ends it quietly', async () => {
  const db = await circle(3000)
  const file = join(temporaryFolder(), 'run.sh')
  writeFileSync(file, `set -o pipefail\n${commandLine} export ${db} points - --format jsonl | head -n 1\n`)
  const { status, stdout, stderr } = spawnSync('bash', [file], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({ at: [expect.any(Number), expect.any(Number)] })
  expect(existsSync(db)).toBe(true)
})

/** What a call says on standard error, run in this process. */
async function said(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await printed(args)
  return { code, stderr }
}

async function printed(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      texts[stream] += String(text)
      return true
    }),
  )
  try {
    const code = await main(args, new AbortController().signal)
    return { code, ...texts }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
