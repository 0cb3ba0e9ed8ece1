import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHdf5, readMatrix } from '@omen/vector-files'
import { describe, expect, test } from 'vitest'
import { oddRows, oddSchemaText, rowsIn, writeOddRows } from '../testing/odd-rows.ts'
import { omen, omenJson, temporaryFolder } from '../testing/omen.ts'

const rows = oddRows.length

describe.each(['jsonl', 'csv', 'tsv', 'parquet', 'arrow', 'npy', 'fvecs', 'hdf5'])('%s', (format) => {
  test('gives equal rows when what was exported is imported', async () => {
    const folder = temporaryFolder()
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    const file = join(folder, `rows.${format}`)
    const schema = join(folder, 'schema.json')
    await writeOddRows(from)
    writeFileSync(schema, oddSchemaText)
    const isVectors = ['npy', 'fvecs', 'hdf5'].includes(format)
    const field = isVectors ? ['--field', 'embedding'] : []
    const column = isVectors && format !== 'hdf5' ? ['--vector', 'vector=embedding'] : []
    expect(await omenJson(['export', from, 'odd', file, ...field])).toMatchObject({ rows })
    expect(
      await omenJson(['import', to, 'odd', file, '--schema', schema, '--batch', '7', ...column]),
    ).toMatchObject({
      ...{ rows, rejected: 0, finished: true },
    })
    expect(await rowsIn(to, 'odd')).toEqual(await rowsIn(from, 'odd'))
    expect((await rowsIn(to, 'odd')).get('expires')).toHaveProperty('$expiresAt')
    expect(readdirSync(folder).filter((name) => /partial|checkpoint|rejected/.test(name))).toEqual([])
  })
})

test('files of vectors are what other programs read, and rows without a vector are counted', async () => {
  const folder = temporaryFolder()
  const from = join(folder, 'from')
  await writeOddRows(from)
  const [npy, hdf5] = [join(folder, 'a.npy'), join(folder, 'a.hdf5')]
  const done = await omenJson(['export', from, 'odd', npy, '--field', 'second'])
  expect(done).toMatchObject({ rows: 1, leftOut: rows - 1 })
  expect(readMatrix(npy)).toEqual({
    rows: 1,
    dimension: 2,
    values: Float32Array.of(0.30000001192092896, -0.7),
  })
  expect(JSON.parse(readFileSync(`${npy}.rows.jsonl`, 'utf8'))).toMatchObject({
    id: 'edges',
    embedding: [1, 0, 0],
  })
  await omenJson(['export', from, 'odd', hdf5, '--field', 'embedding'])
  const file = await openHdf5(hdf5)
  expect(file.shape('embedding')).toEqual([rows, 3])
  file.close()
})

test('when rows expire is left out where only some fields are exported, unless it is asked for', async () => {
  const folder = temporaryFolder()
  const from = join(folder, 'from')
  await writeOddRows(from)
  for (const select of ['year', 'year,$expiresAt']) {
    const args = ['export', from, 'odd', '-', '--format', 'jsonl', '--select', select]
    const { stdout } = await omen([...args, '--where', '{"id":"expires"}'])
    expect('$expiresAt' in JSON.parse(stdout)).toBe(select !== 'year')
  }
})

test('an export of no rows can be imported', async () => {
  const folder = temporaryFolder()
  const from = join(folder, 'from')
  await writeOddRows(from)
  for (const format of ['csv', 'arrow']) {
    const file = join(folder, `none.${format}`)
    await omenJson(['export', from, 'odd', file, '--where', '{"year":-5}'])
    expect(await omenJson(['import', from, 'odd', file]), format).toMatchObject({ rows: 0, rejected: 0 })
  }
})

test('standard output and input serve as well, and what was there is not replaced', async () => {
  const folder = temporaryFolder()
  const from = join(folder, 'from')
  await writeOddRows(from)
  const exported = await omen(['export', from, 'odd', '-', '--format', 'jsonl', '--select', 'year,when'])
  expect(exported.code).toBe(0)
  const imported = await omen(['import', join(folder, 'to'), 'years', '-', '--format', 'jsonl', '--infer'], {
    input: exported.stdout,
  })
  expect(imported.code).toBe(0)
  expect((await rowsIn(join(folder, 'to'), 'years')).get('row 3')).toEqual({
    ...{ id: 'row 3', year: 3, when: new Date(1_700_000_000_000 + 3 * 86_400_001) },
  })
  const file = join(folder, 'there.csv')
  writeFileSync(file, 'mine')
  const refused = await omen(['export', from, 'odd', file, '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'already_exists' } })
  expect(readFileSync(file, 'utf8')).toBe('mine')
})
