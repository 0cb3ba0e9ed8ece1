import { expect, test } from 'vitest'
import { openSectionRegion, sectionFileParts } from './file/index.ts'
import { FlatIndex } from './flat.ts'
import type { IndexContents, IndexImage } from './image.ts'
import { MemoryStorage } from './memory-storage.ts'
import { testVectorIndex } from './testing/index.ts'

/** A copy of what an index would save, to open it from. */
async function imageOf({ metadata, sections }: IndexContents): Promise<IndexImage> {
  const storage = new MemoryStorage()
  await storage.writeOnce('index', (await sectionFileParts(metadata, sections)).parts)
  return openSectionRegion(await storage.read('index'), 'memory')
}

testVectorIndex('flat', {
  create: (shape) => new FlatIndex(shape),
  reopen: async (index) => FlatIndex.open(await (index as FlatIndex).save(imageOf)),
  recall: 1,
})

test('what stats count is what the process holds', async () => {
  const rows = 250_000
  const vectors = new Float32Array(rows * 64).fill(1)
  const index = new FlatIndex({ dimension: 64, metric: 'l2' })
  const before = process.memoryUsage().rss
  await index.add(vectors)
  const grown = process.memoryUsage().rss - before
  const { total } = index.stats().bytes
  expect(total).toBeGreaterThan(rows * 64 * 4)
  // Half and a half more: other tests' garbage comes and goes in the same process.
  expect(grown / total).toBeGreaterThan(0.5)
  expect(grown / total).toBeLessThan(1.5)
  index.close()
})

test('a small index stays small', async () => {
  const bytesPerRow = async (rows: number): Promise<number> => {
    const index = new FlatIndex({ dimension: 16, metric: 'l2' })
    await index.add(new Float32Array(rows * 16).fill(1))
    return index.stats().bytes.total / rows
  }
  for (const rows of [10, 100, 1000, 30_000]) expect(await bytesPerRow(rows)).toBeLessThan(64 + 1)
})

test('a removed row is not given out again while a search that may return it runs', async () => {
  const dimension = 2000
  const index = new FlatIndex({ dimension, metric: 'l2' })
  const vectors = new Float32Array(5000 * dimension)
  for (let row = 0; row < 5000; row++) vectors[row * dimension] = row
  await index.add(vectors)
  const searching = index.search(vectors.subarray(0, dimension), { k: 3 })
  await index.remove([0, 1, 2, 3])
  const far = new Float32Array(dimension).fill(9)
  const [row] = await index.add(far)
  expect(row).toBe(5000)
  for (const [i, found] of (await searching).rows.entries()) {
    expect((await searching).distances[i]).toBe(found ** 2)
  }
  expect([...(await index.add(far))]).toEqual([3])
})

test('unknown metrics and impossible dimensions are refused', () => {
  expect(() => new FlatIndex({ dimension: 0, metric: 'l2' })).toThrow(
    expect.objectContaining({ code: 'invalid_argument' }),
  )
  expect(() => new FlatIndex({ dimension: 3, metric: 'euclid' as 'l2' })).toThrow(
    expect.objectContaining({ code: 'unknown_metric' }),
  )
})
