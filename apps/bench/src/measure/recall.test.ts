import { expect, test } from 'vitest'
import type { Dataset } from '../data/dataset.ts'
import { tinyDataset } from '../testing/data.ts'
import { distance, Recall } from './recall.ts'

const NONE = 0xffffffff

/** Points on a line at 0, 1, 1, 2, 3; one query at 0; only the first of the two at distance 1 is listed second. */
const line: Dataset = {
  name: 'line',
  metric: 'l2',
  dimension: 1,
  rows: 5,
  queries: 1,
  neighborsPerQuery: 4,
  base: Float32Array.of(0, 1, -1, 2, 3),
  queryVectors: Float32Array.of(0),
  neighbors: Uint32Array.of(0, 1, 2, 3),
}

test('a row as close as the true k-th counts, listed or not', () => {
  const recall = new Recall(line)
  expect(recall.at(2, Uint32Array.of(0, 1), 2, 1)).toBe(1)
  expect(recall.at(2, Uint32Array.of(0, 2), 2, 1)).toBe(1)
  expect(recall.at(2, Uint32Array.of(0, 3), 2, 1)).toBe(0.5)
})

test('a row counts once, however often it is handed out', () => {
  const recall = new Recall(line)
  expect(recall.at(2, Uint32Array.of(0, 0), 2, 1)).toBe(0.5)
  expect(recall.at(4, Uint32Array.of(1, 1, 1, 1), 4, 1)).toBe(0.25)
})

test('missing results and rows that do not exist count as not found', () => {
  const recall = new Recall(line)
  expect(recall.at(2, Uint32Array.of(0, NONE), 2, 1)).toBe(0.5)
  expect(recall.at(2, Uint32Array.of(5, 6), 2, 1)).toBe(0)
})

test('only the first k of each query count', () => {
  const recall = new Recall(line)
  expect(recall.at(1, Uint32Array.of(3, 0), 2, 1)).toBe(0)
  expect(recall.at(1, Uint32Array.of(0, 3), 2, 1)).toBe(1)
})

test('more neighbours than are known cannot be asked for', () => {
  expect(() => new Recall(line).at(5, new Uint32Array(5), 5, 1)).toThrow(/only 4 true neighbours/)
})

test.each(['l2', 'cosine', 'dot'] as const)(
  'the true answers have recall 1 by %s, and others less',
  async (metric) => {
    const dataset = await tinyDataset({ metric })
    const recall = new Recall(dataset)
    expect(recall.at(10, dataset.neighbors, 20, 20)).toBe(1)
    expect(recall.at(20, dataset.neighbors, 20, 20)).toBe(1)
    expect(
      recall.at(
        10,
        dataset.neighbors.map((row) => (row + 1) % 300),
        20,
        20,
      ),
    ).toBeLessThan(0.6)
  },
)

test('half of a reversed list of twice as many is no answer', async () => {
  const dataset = await tinyDataset()
  const reversed = dataset.neighbors.slice().reverse()
  // Reversing the whole list also reverses the queries; each then gets its own farther half.
  const own = Uint32Array.from(reversed, (_, i) => {
    const query = Math.floor(i / 20)
    return dataset.neighbors[query * 20 + 19 - (i % 20)] ?? 0
  })
  expect(new Recall(dataset).at(10, own, 20, 20)).toBe(0)
})

test('distances are those of their definitions', () => {
  const [a, b] = [Float32Array.of(9, 3, 4), Float32Array.of(1, 0)]
  expect(distance('l2', a, 1, b, 0, 2)).toBe(20)
  expect(distance('dot', a, 1, b, 0, 2)).toBe(-3)
  expect(distance('cosine', a, 1, b, 0, 2)).toBeCloseTo(1 - 3 / 5, 12)
})
