import fc from 'fast-check'
import { expect, test } from 'vitest'
import { vectorText } from './vector-text.ts'

test('comes back bit for bit, whatever the float', () => {
  const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 50 })
  fc.assert(
    fc.property(floats, (vector) => {
      const read = Float32Array.from(JSON.parse(vectorText(vector)) as number[])
      expect(Buffer.from(read.buffer).equals(Buffer.from(vector.slice().buffer))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('takes few digits', () => {
  expect(vectorText(Float32Array.of(0.1, -0, 1e-45, 3, 1 / 3))).toBe('[0.1,-0,1.40129846e-45,3,0.333333343]')
})
