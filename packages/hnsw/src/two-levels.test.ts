import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accelerator } from '@omen/native'
import { type lvq4, lvq4x8 } from '@omen/quant'
import { beforeAll, describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { type Data, loadSift } from './testing/datasets.ts'
import { digests } from './testing/sections.ts'

const ROWS = 3000
const engines = accelerator() ? [null, accelerator() as NonNullable<ReturnType<typeof accelerator>>] : [null]

describe('codes of two levels without anything finer', () => {
  let sift: Data

  beforeAll(async () => {
    sift = await loadSift()
  })

  async function build(quantizer: ReturnType<typeof lvq4>, engine: (typeof engines)[number]): Promise<Hnsw> {
    const { dimension, train } = sift
    const vectors = train.subarray(0, ROWS * dimension)
    const options = { dimension, metric: 'l2', quantizer, keep: 'codes', accelerator: engine } as const
    return await Hnsw.build({ ...options, vectors, threads: 1, beam: 60 })
  }

  test.each(engines)('are walked by the first and rescored by both, from the same rows', async (engine) => {
    const queries = sift.queries.subarray(0, 100 * sift.dimension)
    const index = await build(lvq4x8(), engine)
    const { bytes } = index.stats()
    expect(bytes.exact).toBeUndefined()
    const search = { k: 10, beam: 64, rescore: 40 }
    expect((await index.measureWork(queries, search)).rescored).toBe(40)
    expect((await index.measureRecall(queries, search)).recall).toBeGreaterThan(0.98)
    const found = await index.searchMany(queries, search)
    // By all 12 bits: within the thousandth of the true distances, which 4 bits are not.
    const [first] = found.rows
    const vector = index.vector(first as number) as Float32Array
    const query = queries.subarray(0, sift.dimension)
    const distance = vector.reduce((sum, x, i) => sum + (x - (query[i] as number)) ** 2, 0)
    expect(Math.abs((found.distances[0] as number) / distance - 1)).toBeLessThan(1e-3)

    const folder = mkdtempSync(join(tmpdir(), 'omen-two-levels-'))
    try {
      await index.save(join(folder, 'index'))
      const opened = await Hnsw.open(join(folder, 'index'), { quantizers: [lvq4x8()], accelerator: engine })
      expect(await opened.searchMany(queries, search)).toEqual(found)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.skipIf(engines.length === 1)('are the same in both languages, edge by edge', async () => {
    const [reference, native] = await Promise.all(engines.map((engine) => build(lvq4x8(), engine)))
    expect(digests((native as Hnsw).sections())).toEqual(digests((reference as Hnsw).sections()))
  })
})
