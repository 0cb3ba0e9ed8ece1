import { expect, test } from 'vitest'
import { inferSchema } from './infer.ts'

const options = { fields: new Map<string, string>(), ignore: [], vectors: [] }
const numbers = (length: number): number[] => Array.from({ length }, (_, i) => i / 7)

function kindsOf(rows: readonly Record<string, unknown>[], isText = false): Record<string, unknown> {
  const records = rows.map((values, i) => ({ line: i + 1, position: i + 1, values }))
  const schema = inferSchema(records, isText, options)
  return Object.fromEntries(
    Object.entries(schema).map(([name, field]) => [
      name,
      field.kind === 'vector' ? `vector ${field.dimension}` : `${field.kind}${field.many ? ' many' : ''}`,
    ]),
  )
}

test('values say what a field holds', () => {
  const rows = [
    { id: 'a', n: 1, x: 1, ok: true, day: '2024-01-02', name: 'a', tags: ['a'], sizes: [1, 2], o: { a: 1 } },
    {
      id: 'b',
      n: 2,
      x: 0.5,
      ok: false,
      day: null,
      name: 'b'.repeat(65),
      tags: [],
      v: numbers(8),
      o: { a: 2 },
    },
  ]
  expect(kindsOf(rows)).toEqual({
    ...{ n: 'integer', x: 'number', ok: 'boolean', day: 'date', name: 'text', tags: 'keyword many' },
    ...{ sizes: 'integer many', v: 'vector 8', o: 'json' },
  })
})

test('text of cells says it too, and digits behind a zero are a name', () => {
  const rows = [
    {
      id: 'a',
      n: '1',
      x: '-0.5e-3',
      ok: 'TRUE',
      day: '2024-01-02',
      post: '01234',
      v: `[${numbers(9)}]`,
      o: '{"a":1}',
    },
  ]
  expect(kindsOf(rows, true)).toEqual({
    ...{ n: 'integer', x: 'number', ok: 'boolean', day: 'date', post: 'keyword', v: 'vector 9', o: 'json' },
  })
})

test('lists of numbers are vectors from eight on, whole numbers too, where all have one length', () => {
  const lists = (length: (i: number) => number): { id: string; v: number[] }[] =>
    Array.from({ length: 20 }, (_, i) => ({
      id: String(i),
      v: Array.from({ length: length(i) }, (_, j) => i + j),
    }))
  expect(kindsOf(lists(() => 8))).toEqual({ v: 'vector 8' })
  expect(kindsOf(lists(() => 7))).toEqual({ v: 'integer many' })
  expect(kindsOf(lists((i) => 8 + (i % 2)))).toEqual({ v: 'integer many' })
  const cells = lists(() => 8).map(({ id, v }) => ({ id, v: JSON.stringify(v) }))
  expect(kindsOf(cells, true)).toEqual({ v: 'vector 8' })
})

test('a few odd rows do not spoil a column', () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({
    id: String(i),
    n: i === 50 ? 'none' : i,
    v: i === 60 ? numbers(7) : numbers(8),
  }))
  expect(kindsOf(rows)).toEqual({ n: 'integer', v: 'vector 8' })
})

test('columns that are told to be vectors are, or are refused', () => {
  const records = [{ line: 1, position: 1, values: { id: 'a', v: [1, 2], w: 'x' } }]
  expect(inferSchema(records, false, { ...options, vectors: ['v'], metric: 'dot' })).toMatchObject({
    v: { kind: 'vector', dimension: 2, metric: 'dot' },
  })
  expect(() => inferSchema(records, false, { ...options, vectors: ['w'] })).toThrow(
    /column w does not hold lists/,
  )
  expect(() => inferSchema([], false, options)).toThrow(/no rows to infer/)
})
