import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Metric } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { f16, lvq4x8, sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { estimate } from './estimate.ts'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'

const CASES: readonly (readonly [string, Metric, Pick<HnswOptions, 'm' | 'quantizer' | 'keep'>])[] = [
  ['the defaults', 'l2', {}],
  ['bits', 'hamming', { m: 8 }],
  ['sq8 beside floats', 'cosine', { m: 32, quantizer: sq8() }],
  ['sq8 beside f16', 'l2', { quantizer: sq8(), keep: 'f16' }],
  ['sq8 beside f16, as a quantizer', 'l2', { quantizer: sq8(), keep: f16() }],
  ['codes of two levels', 'l2', { quantizer: lvq4x8(), keep: 'codes' }],
  ['sq8 alone, by inner product', 'dot', { m: 4, quantizer: sq8(), keep: 'codes' }],
]

describe('an estimate', () => {
  test.each(CASES)('of %s is what an index counts, part by part', async (_, metric, options) => {
    const { shape, vectors } = clusters(metric, 3000, 40, 5)
    const index = await Hnsw.build({ ...shape, ...options, vectors, beam: 40 })
    const { total, perRow, ...parts } = estimate({ ...shape, ...options, rows: 3000 })
    const { total: counted, ...bytes } = index.stats().bytes
    expect(Math.abs(total / counted - 1)).toBeLessThan(0.02)
    expect(perRow).toBe(total / 3000)
    expect(Object.values(parts).reduce((sum, each) => sum + each)).toBe(total)
    // How many rows reach the upper layers is chance.
    const { upper, ...sure } = parts
    expect(Math.abs(upper / (bytes.upper as number) - 1)).toBeLessThan(0.2)
    expect({ exact: 0, ...bytes }).toMatchObject(sure)
  })

  test('is refused for options that an index refuses, and for no rows', () => {
    const failing = expect.objectContaining({ code: 'invalid_argument' }) as Error
    expect(() => estimate({ rows: 0, dimension: 4, metric: 'l2' })).toThrow(failing)
    expect(() => estimate({ rows: 10, dimension: 4, metric: 'l2', m: 1 })).toThrow(failing)
    expect(() => estimate({ rows: 10, dimension: 4, metric: 'l2', keep: 'f64' as 'f16' })).toThrow(failing)
  })

  test('of many rows comes at once', () => {
    const { total, perRow } = estimate({
      rows: 1e9,
      dimension: 1536,
      metric: 'cosine',
      quantizer: sq8(),
      keep: 'f16',
    })
    expect(perRow).toBeGreaterThan(1536 * 3)
    expect(total / 1e9).toBe(perRow)
  })
})

const native = accelerator()
test.skipIf(!native)(
  `what an index counts is what the process grows by (${loadError() ?? 'with the addon'})`,
  async () => {
    const { shape, vectors } = clusters('l2', 40_000, 256, 9)
    const build = (rows: number): Promise<Hnsw> =>
      Hnsw.build({
        ...shape,
        vectors: vectors.subarray(0, rows * 256),
        m: 8,
        beam: 16,
        quantizer: sq8(),
        keep: 'f16',
      })
    // Threads, kernels and compiled code are there before anything is measured.
    const first = await build(1000)
    collectGarbage()
    const before = process.memoryUsage.rss()
    const index = await build(40_000)
    collectGarbage()
    const grown = process.memoryUsage.rss() - before
    const { total } = index.stats().bytes
    expect(total).toBeGreaterThan(40_000 * 256 * 3)
    // The last chunk of each slab lies on huge pages of 2 MiB, and the heap breathes: a few percent were seen.
    expect(Math.abs(grown / total - 1)).toBeLessThan(0.15)
    first.close()
    index.close()
  },
)

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
