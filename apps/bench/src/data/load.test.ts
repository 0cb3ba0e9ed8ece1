import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Recall } from '../measure/recall.ts'
import { clusteredVectors, tinyDataset } from '../testing/data.ts'
import { temporaryFile, temporaryFolder } from '../testing/files.ts'
import { cachedFacts, cachePaths, readCached, writeCached } from './cache.ts'
import { loadDataset, rawFiles, subset, withoutZeros } from './load.ts'
import { findEntry, locate, readRegistry, searchFolders } from './registry.ts'

let cache: string

beforeEach(() => {
  cache = temporaryFolder()
  vi.stubEnv('OMEN_DATASETS_CACHE', cache)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
})

/** Vectors as an .fbin file. */
function fbin(name: string, values: Float32Array, dimension: number): string {
  const header = Uint32Array.of(values.length / dimension, dimension)
  return temporaryFile(name, Buffer.concat([Buffer.from(header.buffer), Buffer.from(values.buffer)]))
}

describe('the cache', () => {
  test('gives back what was written', async () => {
    const dataset = await tinyDataset()
    writeCached(cache, dataset)
    expect(readCached(cache, 'tiny')).toEqual(dataset)
    expect(cachedFacts(cache, 'tiny')).toMatchObject({ rows: 300, metric: 'l2' })
    expect(cachedFacts(cache, 'other')).toBeUndefined()
  })

  test('refuses files that were cut or changed', async () => {
    writeCached(cache, await tinyDataset())
    truncateSync(cachePaths(cache, 'tiny').queries, 100)
    expect(() => readCached(cache, 'tiny')).toThrow(expect.objectContaining({ code: 'corrupt_dataset' }))
    writeFileSync(cachePaths(cache, 'tiny').facts, '{ "rows": -1, "metric": "l2" }')
    expect(() => readCached(cache, 'tiny')).toThrow(/no valid "dimension"/)
  })
})

describe('a data set', () => {
  test('that is kept here loads, and from the cache the second time', async () => {
    const first = await loadDataset('sift-photos-10k')
    expect(first).toMatchObject({ rows: 10_000, queries: 1_000, dimension: 128, neighborsPerQuery: 100 })
    const files = readdirSync(cache)
    const second = await loadDataset('sift-photos-10k')
    for (const part of ['base', 'queryVectors', 'neighbors'] as const) {
      expect(Buffer.compare(Buffer.from(first[part].buffer), Buffer.from(second[part].buffer)), part).toBe(0)
    }
    expect(readdirSync(cache)).toEqual(files)
  })

  test('of files of vectors loads, with the answers found', async () => {
    const base = fbin('base.fbin', clusteredVectors(150, 4, 1), 4)
    const queries = fbin('queries.fbin', clusteredVectors(5, 4, 2), 4)
    const dataset = await loadDataset(`${base},${queries}`, 'cosine')
    expect(dataset).toMatchObject({
      rows: 150,
      queries: 5,
      dimension: 4,
      neighborsPerQuery: 100,
      metric: 'cosine',
    })
    expect(new Recall(dataset).at(10, dataset.neighbors, 100, 5)).toBe(1)
    await expect(loadDataset(`${base},${queries}`)).rejects.toThrow(/need --metric/)
    await expect(loadDataset(`${base},missing.fbin`, 'l2')).rejects.toThrow(/no file missing.fbin/)
    await expect(loadDataset(`${base},${fbin('q.fbin', new Float32Array(6), 3)}`, 'l2')).rejects.toThrow(
      expect.objectContaining({ code: 'dimension_mismatch' }),
    )
  })

  test('loses zero vectors under cosine, and then gets its answers anew', async () => {
    const vectors = clusteredVectors(20, 3, 4)
    vectors.fill(0, 6, 9)
    const dataset = await loadDataset(`${fbin('b.fbin', vectors, 3)},${fbin('q.fbin', vectors, 3)}`, 'cosine')
    expect([dataset.rows, dataset.queries]).toEqual([19, 19])
    // Each vector is its own nearest neighbour.
    expect(Array.from({ length: 19 }, (_, i) => dataset.neighbors[19 * i])).toEqual(
      Array.from({ length: 19 }, (_, i) => i),
    )
    const whole = clusteredVectors(20, 3, 4)
    expect(withoutZeros(whole, 3)).toBe(whole)
  })

  test('cut to its first rows has the answers of those', async () => {
    const dataset = await tinyDataset()
    expect(await subset(dataset, 300, 20)).toBe(dataset)
    const fewer = await subset(dataset, 300, 5)
    expect(fewer.neighbors).toEqual(dataset.neighbors.slice(0, 5 * 20))
    const part = await subset(dataset, 50, 5)
    expect(part).toMatchObject({ name: 'tiny-first-50', rows: 50, queries: 5, neighborsPerQuery: 50 })
    expect(Math.max(...part.neighbors)).toBeLessThan(50)
    expect(new Recall(part).at(10, part.neighbors, 50, 5)).toBe(1)
  })

  test('cut to fewer queries does not replace the whole one in the cache', async () => {
    const dataset = await tinyDataset()
    writeCached(cache, dataset)
    const whole = rawFiles(dataset)
    expect(whole).toEqual(cachePaths(cache, 'tiny'))
    const part = rawFiles(await subset(dataset, 300, 5))
    expect(part.queries).not.toBe(whole.queries)
    expect(readCached(cache, 'tiny').queries).toBe(20)
  })

  test('that nobody knows is refused, naming those that exist', async () => {
    await expect(loadDataset('sift-photos-11k')).rejects.toThrow(/there are sift-photos-10k/)
  })
})

describe('the list of data sets', () => {
  test('is complete', () => {
    const names = readRegistry().map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['sift-photos-300k', 'glove-wink-100-angular', 'gist-960-euclidean']),
    )
    for (const { obtain, name } of readRegistry()) {
      if (obtain.how === 'url') expect(obtain.url).toMatch(new RegExp(`^https://.*/${name}\\.hdf5$`))
    }
    expect(existsSync(locate('sift-photos-10k.hdf5') ?? '')).toBe(true)
    expect(findEntry('sift-photos-10k').sha256).toHaveLength(64)
  })

  test('is refused when it is broken', () => {
    expect(() => readRegistry(temporaryFile('a.json', '{'))).toThrow(/no JSON/)
    expect(() => readRegistry(temporaryFile('a.json', '{"x":{"title":"X"}}'))).toThrow(/no "source" for x/)
  })

  test('files are found in folders that the user names', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'mine.hdf5'), '')
    vi.stubEnv('OMEN_DATASETS', `/nowhere:${folder}`)
    expect(searchFolders()).toContain(folder)
    expect(locate('mine.hdf5')).toBe(join(folder, 'mine.hdf5'))
    expect(locate('others.hdf5')).toBeUndefined()
  })
})
