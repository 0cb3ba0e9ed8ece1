import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../testing/omen.ts'
import { openCsv } from './csv.ts'
import type { BadRecord, SourceRecord } from './record.ts'

async function recordsOf(text: string, after = 0): Promise<(SourceRecord | BadRecord)[]> {
  const path = join(temporaryFolder(), 'a.csv')
  writeFileSync(path, text)
  const source = openCsv(path, ',')
  const records: (SourceRecord | BadRecord)[] = []
  for await (const record of source.read(after)) records.push(record)
  return records
}

test('no value and an empty text differ, lines are those of the file', async () => {
  const records = await recordsOf('\ufeffid,a\r\n1,\r\n\r\n2,""\n3,"x\ny""z"\n4,w\n')
  expect(records.map(({ line }) => line)).toEqual([2, 3, 5, 7])
  expect(records.map((record) => 'values' in record && { ...record.values })).toEqual([
    { id: '1', a: null },
    { id: '2', a: '' },
    { id: '3', a: 'x\ny"z' },
    { id: '4', a: 'w' },
  ])
})

test('a row of too few cells is bad, and so is a stray quote, with all the text that it swallows', async () => {
  const records = await recordsOf('id,a\n1,x\n2\n3,y\n"4"z,w\n5,v\n')
  expect(records.map(({ line }) => line).slice(0, 3)).toEqual([2, 3, 4])
  expect(records[1]).toMatchObject({ reason: 'it has 1 cells, and the first line has 2', text: '2' })
  const lost = records.slice(3).map((record) => ('text' in record ? record.text : ''))
  expect(lost.join('')).toContain('"4"z,w\n5,v\n')
})

test('reading again begins behind a position', async () => {
  const text = 'id,a\n1,x\n2\n3,"y\ny"\n4,w\n'
  const [, , third] = await recordsOf(text)
  expect(third).toMatchObject({ line: 4, position: 5 })
  expect(await recordsOf(text, third?.position)).toMatchObject([{ line: 6, values: { id: '4' } }])
})

test('a column that is named twice is refused', async () => {
  await expect(recordsOf('id,a,a\n1,2,3\n')).rejects.toThrow(/names the column "a" twice/)
})
