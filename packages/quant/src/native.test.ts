import { Codes, FlatIndex, type none, prepareVectors, type Shape, trainCodec, type Vectors } from '@omen/core'
import { clusters, testVectorIndex, vectorAt } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { describe, expect, test } from 'vitest'
import { f16, pq, quantizers, rabitq } from './index.ts'

const native = accelerator()
const DIMENSIONS = [1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 63, 64, 65, 96, 100, 127, 128, 129, 130]
const CASES = [...quantizers(), pq({ bits: 4 })].flatMap((quantizer) =>
  (['l2', 'dot', 'cosine', 'hamming'] as const)
    .filter((metric) => metric !== 'hamming' || quantizer.name === 'none/1')
    .map((metric) => ({ name: quantizer.name, metric, quantizer })),
)

/** The accelerator's answer to a query, and TypeScript's, over codes that each wrote by itself. */
async function scoreBoth(
  shape: Shape,
  quantizer: ReturnType<typeof none>,
  vectors: Vectors,
  queries: Vectors,
): Promise<{ codes: [Codes, Codes]; pairs: { fast: Float32Array; plain: Float32Array; query: Vectors }[] }> {
  if (!native) throw new Error(loadError())
  const codec = trainCodec(quantizer, vectors, shape)
  const codes: [Codes, Codes] = [new Codes(codec, native), new Codes(codec)]
  const count = vectors.length / vectorAt(vectors, shape, 0).length
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  for (const each of codes) {
    each.slab.ensure(count)
    await each.encode(vectors, rows, { threads: 2 })
  }
  const scorer = codes[1].scorer()
  const pairs = Array.from({ length: 10 }, (_, i) => {
    const query = vectorAt(queries, shape, i)
    const [fast, plain] = [new Float32Array(count), new Float32Array(count)]
    codes[0].native?.scoreSync(query, rows, fast)
    const prepared = query.slice()
    prepareVectors(query, shape, prepared)
    scorer.bind(prepared)
    scorer.score(rows, count, plain)
    return { fast, plain, query: prepared }
  })
  return { codes, pairs }
}

describe.skipIf(!native)(`the accelerator${native ? '' : ` (skipped: ${loadError()})`}`, () => {
  test.each(CASES)('writes the codes of $name by $metric to the bit', async ({ metric, quantizer }) => {
    for (const dimension of DIMENSIONS) {
      const data = clusters(metric, 60, metric === 'hamming' ? dimension * 8 : dimension, 900 + dimension)
      const { codes } = await scoreBoth(data.shape, quantizer, data.vectors, data.queries)
      for (let row = 0; row < data.count; row++) {
        const [fast, plain] = codes.map((each) => [...each.slab.row(row)])
        expect(fast, `row ${row} of dimension ${dimension}`).toEqual(plain)
      }
    }
  })

  test.each(CASES)('scores $name by $metric as TypeScript does', async ({ name, metric, quantizer }) => {
    const exact = !/^(none|f16|bf16)/.test(name) || metric === 'hamming'
    for (const dimension of DIMENSIONS) {
      const data = clusters(metric, 60, metric === 'hamming' ? dimension * 8 : dimension, 900 + dimension)
      const { pairs } = await scoreBoth(data.shape, quantizer, data.vectors, data.queries)
      for (const { fast, plain, query } of pairs) {
        if (exact) {
          // Adding zero turns −0 into 0, which is as good.
          expect([...fast], `dimension ${dimension}`).toEqual([...plain].map((x) => x + 0))
          continue
        }
        // Floats are summed in f32 in another order: each of `dimension` additions may round.
        for (const [row, distance] of fast.entries()) {
          const vector = vectorAt(data.vectors, data.shape, row)
          const size = metric === 'cosine' ? 2 : squared(query) + squared(vector)
          const off = Math.abs(distance - (plain[row] as number))
          expect(off, `row ${row} of dimension ${dimension}`).toBeLessThanOrEqual(
            size * 2 ** -23 * (4 + dimension / 4),
          )
        }
      }
    }
  })
})

if (native) {
  testVectorIndex('flat, by the accelerator', {
    create: (shape) => new FlatIndex({ ...shape, accelerator: native }),
    recall: 1,
  })
  testVectorIndex('flat over f16, by the accelerator', {
    create: (shape) => new FlatIndex({ ...shape, accelerator: native, quantizer: f16() }),
    metrics: ['l2', 'dot', 'cosine'],
    distanceError: 1e-3,
    recall: 0.95,
    rows: 400,
  })
  testVectorIndex('flat over rabitq, by the accelerator', {
    create: (shape) => new FlatIndex({ ...shape, accelerator: native, quantizer: rabitq({ bits: 8 }) }),
    metrics: ['l2', 'dot', 'cosine'],
    distanceError: 2e-2,
    recall: 0.8,
    rows: 400,
  })
}

function squared(vector: Vectors): number {
  let sum = 0
  for (const x of vector) sum += x * x
  return sum
}
