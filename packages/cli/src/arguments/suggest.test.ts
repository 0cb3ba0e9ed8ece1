import { expect, test } from 'vitest'
import { didYouMean, suggestion } from './suggest.ts'

const names = ['query', 'import', 'export', 'collections', 'stats', 'verify']

test.each([
  ['qurey', 'query'],
  ['improt', 'import'],
  ['coll', 'collections'],
  ['stat', 'stats'],
  ['verfy', 'verify'],
])('%s means %s', (given, meant) => {
  expect(suggestion(given, names)).toBe(meant)
})

test.each(['', 'x', 'serve', 'delete'])('%j means none of them', (given) => {
  expect(suggestion(given, names)).toBeUndefined()
  expect(didYouMean(given, names)).toBe('')
})
