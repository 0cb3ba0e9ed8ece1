import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clampDistance, comesBefore, settleResults, TopK } from './top-k.ts'

// Few different distances, so that ties are common; infinity is a distance too.
const anyCandidates = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 12 }) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
)

test('TopK keeps what sorting would put first', () => {
  fc.assert(
    fc.property(anyCandidates, fc.nat({ max: 20 }), fc.nat(), (distances, k, seed) => {
      const candidates = distances.map((distance, row) => ({ distance, row }))
      const shuffled = candidates
        .map((candidate) => ({ candidate, key: Math.imul(candidate.row + seed, 0x9e3779b1) }))
        .sort((a, b) => a.key - b.key)
      const top = new TopK(k)
      for (const { candidate } of shuffled) top.push(candidate.distance, candidate.row)
      const expected = candidates
        .sort((a, b) => (comesBefore(a.distance, a.row, b.distance, b.row) ? -1 : 1))
        .slice(0, k)
      const { rows, distances: got } = top.take()
      expect([...rows]).toEqual(expected.map(({ row }) => row))
      expect([...got]).toEqual(expected.map(({ distance }) => distance))
    }),
  )
})

test('settleResults clamps, orders the ties this makes, and cuts at the radius', () => {
  const rows = Uint32Array.of(9, 4, 2, 7, 1, 5)
  const distances = Float32Array.of(-2e-7, -1e-7, 0, 0.5, 2.0000002, 2.0000005)
  expect(settleResults('cosine', rows, distances, 2)).toBe(6)
  expect([...rows]).toEqual([2, 4, 9, 7, 1, 5])
  expect([...distances]).toEqual([0, 0, 0, 0.5, 2, 2])
  expect(settleResults('cosine', rows, distances, 0.5)).toBe(4)
  expect(settleResults('dot', Uint32Array.of(1), Float32Array.of(-3), -4)).toBe(0)
})

test('clampDistance leaves dot alone', () => {
  expect(clampDistance('dot', -5)).toBe(-5)
  expect(clampDistance('l2', -1e-9)).toBe(0)
  expect(clampDistance('cosine', 2.1)).toBe(2)
})
