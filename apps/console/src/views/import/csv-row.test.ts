import { boolean, integer, json, keyword, type Schema, text, vector } from '@omen/schema'
import { expect, test } from 'vitest'
import { csvRow } from './csv-row.ts'

const schema: Schema = {
  embedding: vector(3),
  tags: keyword({ many: true }),
  year: integer({ optional: true }),
  open: boolean(),
  title: text(),
  more: json(),
}

test('cells become values of the fields of their columns', () => {
  const columns = ['id', 'embedding', 'tags', 'year', 'open', 'title', 'more']
  expect(csvRow(columns, ['a', '[1, 2.5, -3]', 'x; y', '2020', 'yes', '12', '{"deep":[1]}'], schema)).toEqual(
    {
      id: 'a',
      embedding: [1, 2.5, -3],
      tags: ['x', 'y'],
      year: 2020,
      open: true,
      title: '12',
      more: { deep: [1] },
    },
  )
  expect(csvRow(['embedding', 'tags'], ['1;2;3', '["x","y"]'], schema)).toEqual({
    embedding: [1, 2, 3],
    tags: ['x', 'y'],
  })
})

test('empty cells, and cells that are missing, are fields that are not there', () => {
  expect(csvRow(['id', 'year', 'title'], ['a', ''], schema)).toEqual({ id: 'a' })
})

test('what does not fit is left for the server to refuse', () => {
  expect(csvRow(['year', 'open', 'embedding'], ['soon', 'maybe', '[1, 2'], schema)).toEqual({
    year: 'soon',
    open: 'maybe',
    embedding: '[1, 2',
  })
})
