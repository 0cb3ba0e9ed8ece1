import { expect, test } from 'vitest'
import { temporaryFile } from '../testing/files.ts'
import { holdOut, readWinkEmbeddings } from './glove-wink.ts'

/** A file as the package has it: two components, then length and position; words in another order than positions. */
function embeddings(vectors: string, size = 3): string {
  const head = `{"precision":8,"l2NormIndex":2,"wordIndex":3,"size":${size},"dimensions":2,"words":["the","\\"","é"],`
  return temporaryFile('words.json', `${head}"vectors":{${vectors}},"unkVector":[0,0,0,-1]}`)
}

const ROWS = ['"é":[5,-6.25,9,2]', '"the":[1,2,3,0]', '"\\"":[0.5,4e-3,1,1]']

test('reads vectors in the order of the words, quotes and all', () => {
  const progress: number[] = []
  const words = readWinkEmbeddings(embeddings(ROWS.join(',')), ({ done, total }) =>
    progress.push(done / total),
  )
  expect(words).toEqual({ dimension: 2, count: 3, values: Float32Array.of(1, 2, 0.5, 0.004, 5, -6.25) })
  expect(progress.at(-1)).toBe(1)
})

test.each([
  [
    'fewer vectors than announced',
    embeddings.bind(null, ROWS.slice(1).join(',')),
    /2 vectors where it announces 3/,
  ],
  ['a position twice', () => embeddings([...ROWS, '"x":[1,2,3,0]'].join(',')), /broken vector 3/],
  ['a position out of range', () => embeddings('"x":[1,2,3,7]'), /broken vector 0/],
  ['too few numbers', () => embeddings('"x":[1,2,3]'), /broken vector 0/],
  ['something that is no number', () => embeddings('"x":[1,oops,3,0]'), /not finite/],
  ['no word', () => embeddings('[1,2,3,0]'), /no word at byte/],
  [
    'an end inside a vector',
    () => temporaryFile('a.json', '{"size":1,"dimensions":1,"wordIndex":1,"vectors":{"a":[1,'),
    /ends inside vector 0/,
  ],
  ['no vectors', () => temporaryFile('a.json', '{"size":1}'), /no "vectors"/],
  ['no size', () => temporaryFile('a.json', '{"vectors":{}}'), /no "size"/],
])('refuses a file with %s', (_, path, message) => {
  expect(() => readWinkEmbeddings(path())).toThrow(message)
})

test('holds out queries without losing or repeating a vector', () => {
  const values = Float32Array.from({ length: 2 * 50 }, (_, i) => i)
  const { base, queryVectors } = holdOut({ dimension: 2, count: 50, values }, 10, 42)
  expect([base.length, queryVectors.length]).toEqual([80, 20])
  expect([...base, ...queryVectors].sort((a, b) => a - b)).toEqual([...values])
  expect([...base]).toEqual([...base].sort((a, b) => a - b))
  expect(holdOut({ dimension: 2, count: 50, values }, 10, 42).queryVectors).toEqual(queryVectors)
  expect(holdOut({ dimension: 2, count: 50, values }, 10, 43).queryVectors).not.toEqual(queryVectors)
})
