import { MAX_SQUARED_LENGTH, MIN_SQUARED_LENGTH, OmenError } from '@omen/core'
import type { VectorField } from '../schema/field.ts'
import { expected } from './values.ts'

/**
 * Checks a vector and copies it, bit for bit.
 *
 * @param value borrowed
 * @param target room for `dimension` components from `at` on: overwritten
 * @throws OmenError `invalid_argument`, `dimension_mismatch`, `not_finite`, `zero_vector` under cosine
 */
export function copyVector(field: VectorField, value: unknown, target: Float32Array, at: number): void {
  const { dimension, metric } = field
  if (!(value instanceof Float32Array) && !Array.isArray(value)) {
    throw expected('a vector: a Float32Array or an array of numbers', value)
  }
  if (value.length !== dimension) {
    throw new OmenError('dimension_mismatch', `expected ${dimension} components, got ${value.length}`)
  }
  if (value instanceof Float32Array) target.set(value, at)
  else copyNumbers(value, target, at)
  let squared = 0
  for (let i = at; i < at + dimension; i++) {
    const x = target[i] as number
    squared += x * x
  }
  // One comparison finds NaN, infinity, and lengths whose distances would overflow to them.
  if (!(squared <= MAX_SQUARED_LENGTH)) {
    throw new OmenError(
      'not_finite',
      'a component is NaN, infinite or too large (the squared length must stay below 1.7e38)',
    )
  }
  if (metric === 'cosine' && squared < MIN_SQUARED_LENGTH) {
    throw new OmenError('zero_vector', 'a vector of zeros has no direction to compare by cosine')
  }
}

function copyNumbers(values: readonly unknown[], target: Float32Array, at: number): void {
  for (let i = 0; i < values.length; i++) {
    const x = values[i]
    if (typeof x !== 'number') throw expected(`a number as component ${i}`, x)
    target[at + i] = x
  }
}
