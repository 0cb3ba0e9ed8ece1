import { populationCount } from './bitset.ts'
import { OmenError, unreachable } from './errors.ts'
import type { Metric } from './metric.ts'
import type { Element } from './quantizer.ts'

/*
 * The TypeScript twins of the C++ kernels. Sums run in double precision: exact for integers, and for floats at least
 * as exact as the f32 sums of C++. Four sums at a time, because each addition waits for the one before it. The loops
 * are written out for each type of array, because V8 compiles a loop well only while it meets one type.
 */

/** Σ (a − b)² over `dimension` components from each array's offset. */
export function l2F32(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  dimension: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < dimension; i += 4) {
    const d0 = a[aOffset + i]! - b[bOffset + i]!
    const d1 = a[aOffset + i + 1]! - b[bOffset + i + 1]!
    const d2 = a[aOffset + i + 2]! - b[bOffset + i + 2]!
    const d3 = a[aOffset + i + 3]! - b[bOffset + i + 3]!
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  for (; i < dimension; i++) {
    const d = a[aOffset + i]! - b[bOffset + i]!
    s0 += d * d
  }
  return s0 + s1 + (s2 + s3)
}

/** Σ a·b over `dimension` components from each array's offset. */
export function dotF32(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  dimension: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < dimension; i += 4) {
    s0 += a[aOffset + i]! * b[bOffset + i]!
    s1 += a[aOffset + i + 1]! * b[bOffset + i + 1]!
    s2 += a[aOffset + i + 2]! * b[bOffset + i + 2]!
    s3 += a[aOffset + i + 3]! * b[bOffset + i + 3]!
  }
  for (; i < dimension; i++) s0 += a[aOffset + i]! * b[bOffset + i]!
  return s0 + s1 + (s2 + s3)
}

/** Σ (a − b)² over `dimension` bytes from each array's offset. */
export function l2U8(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  dimension: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < dimension; i += 4) {
    const d0 = a[aOffset + i]! - b[bOffset + i]!
    const d1 = a[aOffset + i + 1]! - b[bOffset + i + 1]!
    const d2 = a[aOffset + i + 2]! - b[bOffset + i + 2]!
    const d3 = a[aOffset + i + 3]! - b[bOffset + i + 3]!
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  for (; i < dimension; i++) {
    const d = a[aOffset + i]! - b[bOffset + i]!
    s0 += d * d
  }
  return s0 + s1 + (s2 + s3)
}

/** Σ a·b over `dimension` bytes from each array's offset. */
export function dotU8(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  dimension: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < dimension; i += 4) {
    s0 += a[aOffset + i]! * b[bOffset + i]!
    s1 += a[aOffset + i + 1]! * b[bOffset + i + 1]!
    s2 += a[aOffset + i + 2]! * b[bOffset + i + 2]!
    s3 += a[aOffset + i + 3]! * b[bOffset + i + 3]!
  }
  for (; i < dimension; i++) s0 += a[aOffset + i]! * b[bOffset + i]!
  return s0 + s1 + (s2 + s3)
}

/** Σ a·b over `dimension` signed bytes a (a query) and unsigned bytes b (a row) from each array's offset. */
export function dotI8U8(
  a: Int8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  dimension: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < dimension; i += 4) {
    s0 += a[aOffset + i]! * b[bOffset + i]!
    s1 += a[aOffset + i + 1]! * b[bOffset + i + 1]!
    s2 += a[aOffset + i + 2]! * b[bOffset + i + 2]!
    s3 += a[aOffset + i + 3]! * b[bOffset + i + 3]!
  }
  for (; i < dimension; i++) s0 += a[aOffset + i]! * b[bOffset + i]!
  return s0 + s1 + (s2 + s3)
}

/** Number of bits that differ in `bytes` bytes from each array's offset. */
export function hammingBits(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  bytes: number,
): number {
  let sum = 0
  let i = 0
  for (; i + 3 < bytes; i += 4) {
    const p = aOffset + i
    const q = bOffset + i
    sum += populationCount(
      (a[p]! ^ b[q]!) |
        ((a[p + 1]! ^ b[q + 1]!) << 8) |
        ((a[p + 2]! ^ b[q + 2]!) << 16) |
        ((a[p + 3]! ^ b[q + 3]!) << 24),
    )
  }
  for (; i < bytes; i++) sum += populationCount(a[aOffset + i]! ^ b[bOffset + i]!)
  return sum
}

/** One f32 and its bits, in the same place. */
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** Rounds to the nearest f16 (ties to even; beyond ±65504 to infinity) and gives its 16 bits; NaN stays NaN. */
export function f16FromF32(x: number): number {
  float[0] = x
  const sign = (bits[0]! >>> 16) & 0x8000
  const magnitude = bits[0]! & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal: the step is 2^-24, so adding 0.5, whose last bit weighs as much, rounds to it.
    bits[0] = magnitude
    float[0] = float[0]! + 0.5
    return sign | (bits[0]! - 0x3f000000)
  }
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

/** The number that 16 bits of f16 stand for: exact. */
export function f32FromF16(half: number): number {
  const magnitude = half & 0x7fff
  if (magnitude >= 0x7c00) return magnitude > 0x7c00 ? Number.NaN : half & 0x8000 ? -Infinity : Infinity
  // Shifted into place the exponent is 112 too small; the product corrects that, for subnormals too.
  bits[0] = magnitude << 13
  const value = float[0]! * 2 ** 112
  return half & 0x8000 ? -value : value
}

/** Rounds to the nearest bf16 (ties to even) and gives its 16 bits; NaN stays NaN. */
export function bf16FromF32(x: number): number {
  float[0] = x
  const value = bits[0]!
  if ((value & 0x7fffffff) > 0x7f800000) return (value >>> 16) | 0x40
  return ((value + 0x7fff + ((value >>> 16) & 1)) >>> 16) & 0xffff
}

/** The number that 16 bits of bf16 stand for: exact. */
export function f32FromBf16(half: number): number {
  bits[0] = half << 16
  return float[0]!
}

/**
 * The value a kernel gives for two vectors of elements: the reference that the C++ kernels are tested against.
 *
 * It is what the metric's name says and not yet a distance: l2 → Σ(a−b)², dot → Σab (positive), cosine →
 * 1 − Σab/√(Σa²Σb²) (1 when either is zero), hamming → differing bits. Rounded to f32, as kernels return it; exact
 * before that for integers.
 *
 * @param a little-endian elements, at any alignment: borrowed
 * @param dimension elements of a vector; for `bits` their number, a multiple of 8
 * @throws OmenError `unsupported` for bits by another metric than hamming, or hamming by another element
 */
export function referenceDistance(
  element: Element,
  metric: Metric,
  a: Uint8Array,
  b: Uint8Array,
  dimension: number,
): number {
  if ((element === 'bits') !== (metric === 'hamming')) {
    throw new OmenError('unsupported', `${element} elements cannot be compared by ${metric}`)
  }
  if (element === 'bits') return hammingBits(a, 0, b, 0, dimension / 8)
  const x = decodeElements(element, a, dimension)
  const y = decodeElements(element, b, dimension)
  switch (metric) {
    case 'l2':
      return Math.fround(sum(x, y, (p, q) => (p - q) * (p - q)))
    case 'dot':
      return Math.fround(sum(x, y, (p, q) => p * q))
    case 'cosine': {
      const squared = sum(x, x, (p, q) => p * q) * sum(y, y, (p, q) => p * q)
      return squared > 0 ? Math.fround(1 - sum(x, y, (p, q) => p * q) / Math.sqrt(squared)) : 1
    }
    case 'hamming':
      throw new OmenError('unsupported', 'only bits are compared by hamming')
    default:
      return unreachable(metric)
  }
}

function sum(x: Float64Array, y: Float64Array, term: (p: number, q: number) => number): number {
  let total = 0
  for (let i = 0; i < x.length; i++) total += term(x[i]!, y[i]!)
  return total
}

/** The numbers that `count` stored elements stand for. */
function decodeElements(element: Exclude<Element, 'bits'>, bytes: Uint8Array, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read = ELEMENT_READERS[element]
  return Float64Array.from({ length: count }, (_, i) => read(view, i))
}

const ELEMENT_READERS: Record<Exclude<Element, 'bits'>, (view: DataView, index: number) => number> = {
  f32: (view, i) => view.getFloat32(4 * i, true),
  f16: (view, i) => f32FromF16(view.getUint16(2 * i, true)),
  bf16: (view, i) => f32FromBf16(view.getUint16(2 * i, true)),
  i8: (view, i) => view.getInt8(i),
  u8: (view, i) => view.getUint8(i),
}
