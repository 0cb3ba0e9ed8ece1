import { expect, test } from 'vitest'
import type { Vectors } from './metric.ts'
import { none } from './none.ts'
import type { Quantizer } from './quantizer.ts'
import { TRAINING_VECTORS, trainCodec } from './train.ts'

function spy(): { quantizer: Quantizer; samples: Vectors[] } {
  const samples: Vectors[] = []
  const quantizer: Quantizer = {
    ...none(),
    train(sample, shape) {
      samples.push(sample)
      return none().train(sample, shape)
    },
  }
  return { quantizer, samples }
}

test('training sees prepared copies of all vectors while they are few', () => {
  const { quantizer, samples } = spy()
  const vectors = Float32Array.of(3, 4, 0, 2)
  trainCodec(quantizer, vectors, { dimension: 2, metric: 'cosine' })
  expect(samples).toEqual([Float32Array.of(0.6, 0.8, 0, 1)])
  expect(vectors).toEqual(Float32Array.of(3, 4, 0, 2))
})

test('training sees vectors from all over when they are many', () => {
  const { quantizer, samples } = spy()
  const total = TRAINING_VECTORS * 3 + 5
  trainCodec(
    quantizer,
    Float32Array.from({ length: total }, (_, i) => i),
    { dimension: 1, metric: 'l2' },
  )
  const [sample = new Float32Array(0)] = samples
  expect(sample.length).toBe(TRAINING_VECTORS)
  expect(sample[0]).toBe(0)
  expect(sample.at(-1)).toBeGreaterThan(total - 5)
  expect(sample.every((x, i) => i === 0 || x - (sample[i - 1] as number) <= 4)).toBe(true)
})

test('training names the bad vector by its place among all', () => {
  const vectors = new Float32Array(100).fill(1)
  vectors[73] = Number.NaN
  const train = (): unknown => trainCodec(none(), vectors, { dimension: 1, metric: 'l2' })
  expect(train).toThrow('vector 73')
})
