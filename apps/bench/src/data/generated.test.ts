import { statSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { distance } from '../measure/recall.ts'
import { temporaryFolder } from '../testing/files.ts'
import { cachePaths } from './cache.ts'
import { Clusters, generate } from './generated.ts'
import { findEntry } from './registry.ts'

const how = { seed: 42, clusters: 5, directions: 3 }

test('the same vectors come in chunks of any size', () => {
  const whole = new Clusters(16, how).next(50)
  const parts = new Clusters(16, how)
  expect([...parts.next(20), ...parts.next(30)]).toEqual([...whole])
  expect([...new Clusters(16, { ...how, seed: 43 }).next(50)]).not.toEqual([...whole])
})

test('vectors have much nearer neighbours than any others', () => {
  const vectors = new Clusters(16, how).next(500)
  const distances = Array.from({ length: 499 }, (_, i) =>
    distance('l2', vectors, 0, vectors, 16 * (i + 1), 16),
  ).sort((a, b) => a - b)
  expect(distances[0]).toBeLessThan((distances[250] ?? 0) / 4)
})

test('a data set is generated into a file of its own', () => {
  const cache = temporaryFolder()
  vi.stubEnv('OMEN_DATASETS_CACHE', cache)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const entry = { ...findEntry('clusters-128-10k'), rows: 5000, queries: 3, dimension: 4 }
  const { base, queryVectors } = generate(entry, how)
  const all = new Clusters(4, how)
  expect(base).toEqual(Float32Array.from([...all.next(4096), ...all.next(904)]))
  expect(queryVectors).toEqual(all.next(3))
  expect(statSync(cachePaths(cache, entry.name).base).size).toBe(5000 * 4 * 4)
})
