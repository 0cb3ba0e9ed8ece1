import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { openEncoder } from './encoder.ts'

test('brings sentences of like meaning close together, in the order given, and ends', async () => {
  const encoder = await openEncoder(Math.min(2, availableParallelism()))
  const texts = [
    'a nocturnal bird of prey',
    ...Array.from({ length: 20 }, (_, i) => `the number ${i}`),
    'an owl hunts mice in the night',
    'money that is paid for work',
  ]
  const vectors = await encoder.embed(texts)
  const [owl, mice, money] = [vectors[0], vectors[21], vectors[22]]
  expect(vectors.map(({ length }) => length)).toEqual(texts.map(() => encoder.dimension))
  expect(cosine(owl, mice)).toBeGreaterThan(cosine(owl, money) + 0.2)
  const [again] = await encoder.embed([texts[0] ?? ''])
  expect(cosine(owl, again)).toBeGreaterThan(0.999)
  const late = expect(encoder.embed(texts)).rejects.toMatchObject({ code: 'closed' })
  await encoder.close()
  await late
  await expect(encoder.embed(['anything'])).rejects.toMatchObject({ code: 'closed' })
})

function cosine(a: Float32Array = Float32Array.of(), b: Float32Array = Float32Array.of()): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
