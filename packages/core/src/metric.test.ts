import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distance } from './distance.ts'
import {
  allocateVectors,
  checkShape,
  countVectors,
  elementsPerVector,
  MAX_DIMENSION,
  prepareVectors,
  type Shape,
  type Vectors,
} from './metric.ts'

const shape = (dimension: number, metric: Shape['metric']): Shape => ({ dimension, metric })
const codeOf = (call: () => unknown): unknown => {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('shapes', () => {
  test.each([
    [shape(1, 'l2'), undefined],
    [shape(MAX_DIMENSION, 'dot'), undefined],
    [shape(8, 'hamming'), undefined],
    [shape(0, 'l2'), 'invalid_argument'],
    [shape(1.5, 'l2'), 'invalid_argument'],
    [shape(MAX_DIMENSION + 1, 'cosine'), 'invalid_argument'],
    [shape(12, 'hamming'), 'invalid_argument'],
    [shape(3, 'manhattan' as 'l2'), 'unknown_metric'],
  ])('%o: %s', (given, code) => {
    expect(codeOf(() => checkShape(given))).toBe(code)
  })

  test('say how many elements a vector takes', () => {
    expect(elementsPerVector(shape(24, 'l2'))).toBe(24)
    expect(elementsPerVector(shape(24, 'hamming'))).toBe(3)
    expect(allocateVectors(shape(24, 'hamming'), 2)).toEqual(new Uint8Array(6))
    expect(allocateVectors(shape(24, 'dot'), 2)).toEqual(new Float32Array(48))
  })

  test('count vectors, and refuse broken blocks and other arrays', () => {
    expect(countVectors(new Float32Array(12), shape(4, 'l2'))).toBe(3)
    expect(countVectors(new Uint8Array(0), shape(16, 'hamming'))).toBe(0)
    expect(codeOf(() => countVectors(new Float32Array(13), shape(4, 'l2')))).toBe('dimension_mismatch')
    expect(codeOf(() => countVectors(new Uint8Array(12), shape(4, 'l2')))).toBe('invalid_argument')
    expect(codeOf(() => countVectors([1, 2] as unknown as Vectors, shape(2, 'l2')))).toBe('invalid_argument')
    expect(codeOf(() => countVectors(new Float32Array(16), shape(16, 'hamming')))).toBe('invalid_argument')
  })
})

describe('preparing', () => {
  const anyVector = fc.float32Array({
    minLength: 3,
    maxLength: 3,
    noNaN: true,
    min: Math.fround(-1e15),
    max: Math.fround(1e15),
    noDefaultInfinity: true,
  })

  test('brings cosine to unit length and copies the others', () => {
    fc.assert(
      fc.property(anyVector, (vector) => {
        const target = new Float32Array(3)
        prepareVectors(vector, shape(3, 'l2'), target)
        expect(target).toEqual(vector)
        const squared = vector.reduce((sum, x) => sum + x * x, 0)
        if (squared < 1e-36) return
        prepareVectors(vector, shape(3, 'cosine'), target)
        expect(target.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5)
      }),
    )
  })

  test.each([
    ['l2', [1, 2, Number.NaN, 4], 'not_finite', 'vector 11'],
    ['dot', [1, -Infinity, 3, 4], 'not_finite', 'vector 10'],
    ['l2', [2e19, 0, 0, 0], 'not_finite', 'vector 10'],
    ['cosine', [1, 2, 0, -0], 'zero_vector', 'vector 11'],
    ['cosine', [1, 2, 1e-30, 0], 'zero_vector', 'vector 11'],
  ] as const)('by %s refuses %o: %s', (metric, components, code, name) => {
    const vectors = Float32Array.from(components)
    const prepare = (): void => prepareVectors(vectors, shape(2, metric), new Float32Array(4), 10)
    expect(codeOf(prepare)).toBe(code)
    expect(prepare).toThrow(name)
  })
})

describe('distance', () => {
  test.each([
    ['l2', [1, 2, 3], [4, 6, 3], 25],
    ['dot', [1, 2, 3], [4, 6, 3], -25],
    ['cosine', [1, 0], [0, 5], 1],
    ['cosine', [1, 0], [-3, 0], 2],
    ['cosine', [0.1, 0.7], [0.1, 0.7], 0],
  ] as const)('by %s of %o and %o is %d', (metric, a, b, expected) => {
    const got = distance(Float32Array.from(a), Float32Array.from(b), metric)
    expect(got).toBeCloseTo(expected, 12)
    expect(got).toBeGreaterThanOrEqual(metric === 'dot' ? -Infinity : 0)
  })

  test('by hamming counts differing bits', () => {
    expect(distance(Uint8Array.of(0xff, 1), Uint8Array.of(0x0f, 0), 'hamming')).toBe(5)
  })

  test.each([
    [Float32Array.of(1), Float32Array.of(1, 2), 'l2', 'dimension_mismatch'],
    [new Float32Array(0), new Float32Array(0), 'l2', 'dimension_mismatch'],
    [Float32Array.of(1), Uint8Array.of(1), 'l2', 'invalid_argument'],
    [Uint8Array.of(1), Float32Array.of(1), 'hamming', 'invalid_argument'],
    [Float32Array.of(1), Float32Array.of(Number.NaN), 'l2', 'not_finite'],
    [Float32Array.of(1), Float32Array.of(0), 'cosine', 'zero_vector'],
  ] as const)('of %o and %o by %s is refused: %s', (a, b, metric, code) => {
    expect(codeOf(() => distance(a, b, metric))).toBe(code)
  })
})
