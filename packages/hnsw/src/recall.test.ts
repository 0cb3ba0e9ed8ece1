import { type Accelerator, type Metric, none, type Quantizer } from '@omen/core'
import { clusters } from '@omen/core/testing'
import { accelerator } from '@omen/native'
import { f16, sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { loadSift } from './testing/datasets.ts'

/** TypeScript is slow, and its graphs are those of C++ edge by edge: fewer rows will do. */
const ENGINES: readonly (readonly [string, Accelerator | null, number])[] = [
  ['TypeScript', null, 3000],
  ...(accelerator() ? [['C++', accelerator() as Accelerator, 10_000] as const] : []),
]
const QUANTIZERS: readonly Quantizer[] = [none(), f16(), sq8()]

describe.each(ENGINES)('recall@10 by %s with the defaults', (_, by, most) => {
  test.each(QUANTIZERS.map((quantizer) => [quantizer.name, quantizer] as const))(
    'on SIFT with %s',
    async (_name, quantizer) => {
      const { train, queries, dimension } = await loadSift()
      const vectors = train.subarray(0, most * dimension)
      const index = await Hnsw.build({ vectors, dimension, metric: 'l2', quantizer, accelerator: by })
      const some = queries.subarray(0, 400 * dimension)
      expect((await index.measureRecall(some, { k: 10 })).recall).toBeGreaterThanOrEqual(0.95)
      expect((await index.inspect()).unreachable).toBe(0)
    },
  )

  test.each<Metric>(['l2', 'dot', 'cosine', 'hamming'])('among clusters, by %s', async (metric) => {
    const data = clusters(metric, Math.min(most, 4000), metric === 'hamming' ? 128 : 32, 11)
    const index = await Hnsw.build({ ...data.shape, vectors: data.vectors, accelerator: by })
    // By inner product the longest vectors are everybody's neighbours, and fewer links are left for the way.
    const least = metric === 'dot' ? 0.9 : 0.95
    expect((await index.measureRecall(data.queries, { k: 10 })).recall).toBeGreaterThanOrEqual(least)
  })
})
