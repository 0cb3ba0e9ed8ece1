import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { open } from '@omen/db'
import { expect, test } from 'vitest'
import { rowsIn } from '../testing/odd-rows.ts'
import { omen, omenJson, temporaryFolder } from '../testing/omen.ts'

/** Writes a file into a folder of the running test. */
function fileIn(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('rows that do not fit are set aside with their lines, and the others are there', async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const schema = fileIn(
    folder,
    'schema.json',
    '{"year":{"kind":"integer"},"v":{"kind":"vector","dimension":2}}',
  )
  const lines = [
    '{"id":"a","year":1,"v":[1,0]}',
    '{"id":"b","year":"x","v":[1,0]}',
    '',
    'no JSON',
    '{"id":"c","year":1,"v":[1,0,0]}',
    '{"id":"d","year":1,"v":[0,0]}',
    '{"id":"","year":1,"v":[1,0]}',
    '{"id":"e","year":1,"v":[1,0],"other":2}',
    '[1]',
    '{"id":"f","v":[1,0]}',
    '{"id":"g","year":2,"v":[0,1]}',
  ]
  const file = fileIn(folder, 'a.jsonl', lines.join('\n'))
  const { code, stdout } = await omen(['import', db, 'c', file, '--schema', schema, '--json'])
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({ rows: 2, rejected: 8, rejectedFile: `${file}.rejected.jsonl` })
  const rejected = readFileSync(`${file}.rejected.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rejected.map(({ line, code }) => [line, code])).toEqual([
    [2, 'invalid_argument'],
    [4, 'malformed'],
    [5, 'dimension_mismatch'],
    [6, 'zero_vector'],
    [7, 'invalid_argument'],
    [8, 'unknown_field'],
    [9, 'malformed'],
    [10, 'invalid_argument'],
  ])
  expect(rejected[0]).toMatchObject({ reason: expect.stringContaining('year'), row: { id: 'b' } })
  expect(rejected[1]).toMatchObject({ text: 'no JSON' })
  expect([...(await rowsIn(db, 'c')).keys()].sort()).toEqual(['a', 'g'])
})

test('an import that is killed goes on without loss or duplication', { timeout: 240_000 }, async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const count = 20_000
  const row = (i: number): string =>
    // Every hundredth row is one that does not fit, every thousandth comes a second time later on.
    i % 100 === 50 ? `{"id":"bad ${i}"}` : `{"id":"${i % 1000 === 999 ? i - 900 : i}","v":[${i},1],"n":${i}}`
  const file = fileIn(folder, 'a.jsonl', Array.from({ length: count }, (_, i) => row(i)).join('\n'))
  const checkpoint = `${file}.checkpoint.json`
  const schema = fileIn(folder, 'schema.json', '{"n":{"kind":"integer"},"v":{"kind":"vector","dimension":2}}')
  const args = ['import', db, 'c', file]
  const killed = await omen([...args, '--schema', schema, '--batch', '20'], {
    onStart: async (child) => {
      while (!existsSync(checkpoint) && child.exitCode === null) await pause(2)
      child.kill('SIGKILL')
    },
  })
  expect(killed.signal).toBe('SIGKILL')
  const { rows } = JSON.parse(readFileSync(checkpoint, 'utf8'))
  expect(rows).toBeLessThan(count / 2)

  const unasked = await omen(args)
  expect([unasked.code, unasked.stderr]).toEqual([
    2,
    expect.stringMatching(/--resume goes on, --restart begins anew/),
  ])

  const resumed = await omen([...args, '--resume', '--batch', '2000', '--json'])
  expect(resumed.code).toBe(3)
  expect(JSON.parse(resumed.stdout)).toMatchObject({
    rows: count - count / 100,
    rejected: count / 100,
    finished: true,
  })
  expect(existsSync(checkpoint)).toBe(false)

  const expected = new Map<string, number>()
  for (let i = 0; i < count; i++) {
    const { id, n } = JSON.parse(row(i))
    if (n !== undefined) expected.set(id, n)
  }
  const found = await rowsIn(db, 'c')
  expect(new Map([...found].map(([id, values]) => [id, (values as { n: number }).n]))).toEqual(expected)
  const aside = readFileSync(`${file}.rejected.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).line)
  expect(aside).toEqual(Array.from({ length: count / 100 }, (_, i) => 100 * i + 51))
})

test('Ctrl-C ends an import after its batch, and it can go on', { timeout: 240_000 }, async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const count = 20_000
  const file = fileIn(
    folder,
    'a.csv',
    `id,n\n${Array.from({ length: count }, (_, i) => `r${i},${i}`).join('\n')}\n`,
  )
  const checkpoint = `${file}.checkpoint.json`
  const stopped = await omen(['import', db, 'c', file, '--infer', '--batch', '20', '--json'], {
    onStart: async (child) => {
      while (!existsSync(checkpoint) && child.exitCode === null) await pause(2)
      child.kill('SIGINT')
    },
  })
  expect(stopped.code).toBe(130)
  const { rows, finished } = JSON.parse(stopped.stdout)
  expect(finished).toBe(false)
  expect((await rowsIn(db, 'c')).size).toBe(rows)
  expect(await omenJson(['import', db, 'c', file, '--resume'])).toMatchObject({ rows: count, finished: true })
  expect((await rowsIn(db, 'c')).size).toBe(count)
})

test('a checkpoint of another file, or a changed one, is refused', async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const file = fileIn(folder, 'a.jsonl', '{"id":"a"}\n{"id":"b"}\n')
  fileIn(folder, 'a.jsonl.checkpoint.json', '{"file":"elsewhere"}')
  const refused = await omen(['import', db, 'c', file, '--infer', '--resume', '--json'])
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'invalid_argument' } })
  expect(existsSync(db)).toBe(false)
  expect(await omenJson(['import', db, 'c', file, '--infer', '--restart'])).toMatchObject({ rows: 2 })
})

test('columns have other names, vectors are lists of numbers, and ids may be numbers', async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const file = fileIn(
    folder,
    'a.csv',
    'key;lang;emb;when;junk;price\r\n1;en;"[1,2]";2024-01-02;x;0.5\r\n2;;"[3,4]";;y;\r\n3;"";[5,6];2024-01-02T03:04:05Z;"a;b";7\r\n',
  )
  const args = ['--delimiter', ';', '--id', 'key', '--vector', 'emb=embedding', '--map', 'lang=language']
  await omenJson(['import', db, 'c', file, ...args, '--ignore', 'junk', '--infer', '--metric', 'l2'])
  await using database = await open(db)
  const collection = await database.collection('c')
  expect(collection.schema).toMatchObject({
    language: { kind: 'keyword', optional: true },
    embedding: { kind: 'vector', dimension: 2, metric: 'l2', optional: false },
    when: { kind: 'date' },
    price: { kind: 'number' },
  })
  expect(Object.keys(collection.schema)).not.toContain('junk')
  const select = Object.keys(collection.schema)
  expect(await collection.get(['1', '2', '3'], { select })).toEqual([
    { id: '1', language: 'en', embedding: Float32Array.of(1, 2), when: new Date('2024-01-02'), price: 0.5 },
    { id: '2', embedding: Float32Array.of(3, 4) },
    {
      ...{ id: '3', language: '', embedding: Float32Array.of(5, 6) },
      ...{ when: new Date('2024-01-02T03:04:05Z'), price: 7 },
    },
  ])
})

test('columns that are no fields stop an import before its first row', async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const schema = fileIn(folder, 'schema.json', '{"year":{"kind":"integer"}}')
  const file = fileIn(folder, 'a.jsonl', '{"id":"a","year":1,"jear":2}\n')
  const refused = await omen(['import', db, 'c', file, '--schema', schema, '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stderr).error).toMatchObject({
    ...{ code: 'unknown_field', message: expect.stringMatching(/jear.*--ignore jear/) },
  })
  expect((await rowsIn(db, 'c')).size).toBe(0)
  expect(await omenJson(['import', db, 'c', file, '--ignore-unknown', '--restart'])).toMatchObject({
    rows: 1,
  })
})

test('too many rejected rows, and a file that ends early, fail with what was read before', async () => {
  const folder = temporaryFolder()
  const db = join(folder, 'db')
  const file = fileIn(folder, 'a.jsonl', `{"id":"a","n":1}\n${'{"n":1}\n'.repeat(10)}`)
  const given = await omen(['import', db, 'c', file, '--infer', '--max-rejected', '3', '--json'])
  expect([given.code, JSON.parse(given.stderr).error.message]).toEqual([
    1,
    expect.stringMatching(/more than 3 rows/),
  ])
  expect([...(await rowsIn(db, 'c')).keys()]).toEqual(['a'])

  const arrow = join(folder, 'a.arrow')
  await omenJson(['export', db, 'c', arrow])
  truncateSync(arrow, 200)
  const cut = await omen(['import', db, 'c', arrow, '--json'])
  expect(JSON.parse(cut.stderr)).toMatchObject({ error: { code: 'corrupt_dataset' } })
})
