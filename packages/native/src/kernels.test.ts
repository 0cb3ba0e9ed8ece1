import {
  dotI8Packed,
  f16FromF32,
  l2U7U4,
  METRICS,
  type Metric,
  type PackedBits,
  packedBytes,
  packedComponents,
  referenceDistance,
} from '@omen/core'
import { describe, expect, it } from 'vitest'
import { accelerator, doctor, loadError } from './accelerator.ts'
import { ELEMENTS } from './codes.ts'
import { load } from './load.ts'

/** What the addon exports for this test: every kernel of every set. */
interface KernelTesting {
  hasKernel(set: string, element: number, metric: number): boolean
  /** Distances from the query to rows of a slab, by the pair kernel and by the rows kernel. */
  measure(
    set: string,
    element: number,
    metric: number,
    dimension: number,
    query: Uint8Array,
    slab: Uint8Array,
    stride: number,
    rows: Uint32Array,
    byPair: Float32Array,
    byRows: Float32Array,
  ): void
}

const loaded = load()
const testing =
  'addon' in loaded ? (loaded.addon as unknown as { testing: KernelTesting }).testing : undefined
const missing = loadError()
const seed = Number(process.env.OMEN_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const sets = testing ? doctor().available : []

/** The elements, and the kernels of a query against rows of another kind, which have numbers of their own. */
const KINDS = [...ELEMENTS, 'i8·u8', 'i8·u1', 'i8·u2', 'i8·u4', 'u7·u4'] as const
type Kind = (typeof KINDS)[number]

/** The bits of the fields of packed rows. */
const PACKED: Partial<Record<Kind, PackedBits>> = { i8·u1: 1, i8·u2: 2, i8·u4: 4, u7·u4: 4 }

/** The only metric of the kernels of two kinds. */
const MIXED: Partial<Record<Kind, Metric>> = {
  i8·u8: 'dot',
  i8·u1: 'dot',
  i8·u2: 'dot',
  i8·u4: 'dot',
  u7·u4: 'l2',
}

const cases = KINDS.flatMap((kind) => METRICS.map((metric) => ({ kind, metric }))).filter(
  ({ kind, metric }) => (MIXED[kind] ? metric === MIXED[kind] : (kind === 'bits') === (metric === 'hamming')),
)

describe.skipIf(missing)(`every kernel equals its twin (seed ${seed}; skipped: ${missing ?? 'no'})`, () => {
  describe.each(sets)('%s', (set) => {
    it.each(cases)('$kind by $metric: dimensions 1–130, at any alignment', ({ kind, metric }) => {
      const random = randomNumbers(seed)
      for (let dimension = 1; dimension <= 130; dimension++) {
        const size = kind === 'bits' ? 8 * dimension : dimension
        compare(set, kind, metric, size, (index) => randomVector(kind, size, random, index), random)
      }
    })

    it.each(cases)('$kind by $metric: the largest and the smallest elements', ({ kind, metric }) => {
      const random = randomNumbers(seed)
      const extremes = EXTREMES[kind]
      for (const dimension of [8, 15, 33, 64, 127, 1024]) {
        for (const [i, first] of extremes.entries()) {
          const alternate = (offset: number): Uint8Array => {
            const values = Array.from({ length: dimension }, (_, d) =>
              offset === 0 ? first : (extremes[(i + (d % 2) * offset) % extremes.length] as number),
            )
            return encodeVector(kind, offset === 0 ? 'query' : 'row', values)
          }
          compare(set, kind, metric, dimension, alternate, random)
        }
      }
    })

    it.each(['u8', 'i8', 'i8·u8'] as const)('%s: sums of 65,536 extreme elements do not overflow', (kind) => {
      const dimension = 65_536
      const random = randomNumbers(seed)
      for (const metric of kind === 'i8·u8' ? (['dot'] as const) : (['l2', 'dot', 'cosine'] as const)) {
        const extreme = (offset: number): Uint8Array =>
          new Uint8Array(dimension).fill(
            { u8: offset % 2 ? 0 : 255, i8: offset % 2 ? 127 : 128, i8·u8: offset ? 255 : 128 }[kind],
          )
        compare(set, kind, metric, dimension, extreme, random)
        compare(set, kind, metric, dimension, () => new Uint8Array(dimension).fill(255), random)
      }
    })

    it.each(['i8·u1', 'i8·u2', 'i8·u4', 'u7·u4'] as const)(
      '%s: the largest sums of long rows do not overflow, nor wrap in narrow lanes',
      (kind) => {
        const random = randomNumbers(seed)
        for (const dimension of [511, 1024, 65_536]) {
          for (const [q, u] of [
            [128, 255],
            [127, 255],
            [127, 0],
            [0, 255],
          ] as const) {
            const query = kind === 'u7·u4' ? Math.min(q, 127) : q
            const fill = (index: number): Uint8Array =>
              new Uint8Array(vectorBytes(kind, dimension, index)).fill(index === 0 ? query : u)
            compare(set, kind, MIXED[kind] ?? 'dot', dimension, fill, random)
          }
        }
      },
    )

    it('has no kernel for what makes no sense', () => {
      expect(testing?.hasKernel(set, ELEMENTS.indexOf('bits'), METRICS.indexOf('l2'))).toBe(false)
      expect(testing?.hasKernel(set, ELEMENTS.indexOf('f32'), METRICS.indexOf('hamming'))).toBe(false)
      expect(testing?.hasKernel(set, KINDS.indexOf('i8·u8'), METRICS.indexOf('l2'))).toBe(false)
      expect(testing?.hasKernel(set, KINDS.indexOf('u7·u4'), METRICS.indexOf('dot'))).toBe(false)
      expect(testing?.hasKernel(set, KINDS.length, METRICS.indexOf('dot'))).toBe(false)
    })
  })

  it('the accelerator hands out single distances and refuses what has no kernel', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(accelerator()?.distance('u8', 'l2', bytes, Uint8Array.of(4, 6, 3), 3)).toBe(25)
    expect(() => accelerator()?.distance('u8', 'hamming', bytes, bytes, 3)).toThrow(/cannot be compared/)
    expect(() => accelerator()?.distance('u8', 'l2', bytes, bytes, 4)).toThrow(/shorter than its dimension/)
  })
})

/** Compares a query (vector 0) with rows (vectors 1 …) of an odd stride, each started at a random misalignment. */
function compare(
  set: string,
  kind: Kind,
  metric: Metric,
  dimension: number,
  vector: (index: number) => Uint8Array,
  random: () => number,
): void {
  const count = 1 + Math.floor(random() * 9)
  const query = vector(0)
  const rows = Array.from({ length: count }, (_, i) => vector(i + 1))
  const bytes = (rows[0] as Uint8Array).length
  const stride = bytes + 1 + Math.floor(random() * 3)
  // What lies between and behind vectors must not count: 0xff is NaN, −1 or 255.
  const slab = misaligned(count * stride, random)
  for (const [i, row] of rows.entries()) slab.set(row, i * stride)
  const start = misaligned(query.length, random)
  start.set(query)
  const order = Uint32Array.from(rows.keys()).reverse()
  const byPair = new Float32Array(count)
  const byRows = new Float32Array(count)
  const numbers = [KINDS.indexOf(kind), METRICS.indexOf(metric), dimension] as const
  testing?.measure(set, ...numbers, start, slab, stride, order, byPair, byRows)
  for (const [i, row] of order.entries()) {
    const other = rows[row] as Uint8Array
    const expected = reference(kind, metric, query, other, dimension)
    const bound = roundingBound(kind, metric, query, other, dimension)
    const got = byPair[i] as number
    if (!(Math.abs(got - expected) <= bound)) {
      expect.fail(`${set} ${kind} ${metric}, dimension ${dimension}: ${got}, not ${expected} ± ${bound}`)
    }
    if (byRows[i] !== got) {
      expect.fail(
        `${set} ${kind} ${metric}, dimension ${dimension}, ${i} of ${count}: rows ${byRows[i]}, pair ${got}`,
      )
    }
  }
}

function reference(kind: Kind, metric: Metric, a: Uint8Array, b: Uint8Array, dimension: number): number {
  if (kind === 'u7·u4') return Math.fround(l2U7U4(a, b, 0, dimension))
  const query = new Int8Array(a.buffer, a.byteOffset, a.length)
  if (kind === 'i8·u1' || kind === 'i8·u2' || kind === 'i8·u4') {
    return Math.fround(dotI8Packed(query, b, 0, dimension, PACKED[kind] ?? 1))
  }
  if (kind !== 'i8·u8') return referenceDistance(kind, metric, a, b, dimension)
  let sum = 0
  for (let i = 0; i < dimension; i++) sum += (query[i] as number) * (b[i] as number)
  return Math.fround(sum)
}

/**
 * How far a sum in f32 may lie from the exact one: n additions and three roundings of each term, 2^-24 each, relative
 * to the sum of the terms' magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). Integers
 * are exact.
 */
function roundingBound(kind: Kind, metric: Metric, a: Uint8Array, b: Uint8Array, dimension: number): number {
  if (kind !== 'f32' && kind !== 'f16' && kind !== 'bf16') return 0
  const relative = (dimension + 4) * 2 ** -24
  if (metric === 'cosine') return 2 * relative + 2 ** -24
  // Σ|ab| is Σab of the magnitudes: the sign bit is the last of every float.
  const magnitudes = metric === 'dot' ? [a, b].map((vector) => withoutSigns(kind, vector)) : [a, b]
  const [x, y] = magnitudes as [Uint8Array, Uint8Array]
  return relative * referenceDistance(kind, metric, x, y, dimension) + Number.MIN_VALUE
}

function withoutSigns(kind: 'f32' | 'f16' | 'bf16', vector: Uint8Array): Uint8Array {
  const width = kind === 'f32' ? 4 : 2
  return vector.map((byte, i) => (i % width === width - 1 ? byte & 0x7f : byte))
}

/** A view of `length` bytes that starts 0–3 bytes behind an aligned address, in memory full of 0xff. */
function misaligned(length: number, random: () => number): Uint8Array {
  const offset = Math.floor(random() * 4)
  return new Uint8Array(length + 64).fill(0xff).subarray(offset, offset + length)
}

const EXTREMES: Record<Kind, readonly number[]> = {
  f32: [0, 1e-15, -1e15, 3e15, 1],
  // The smallest and largest subnormal, the smallest normal, the largest.
  f16: [0, 2 ** -24, 1023 * 2 ** -24, -(2 ** -14), 65504],
  bf16: [0, 2 ** -60, -(2 ** 50), 2 ** 50, 1],
  i8: [-128, 127, 0, -1, 1],
  u8: [0, 255, 1, 254, 128],
  bits: [0, 255, 1, 128, 0x55],
  i8·u8: [-128, 127, -1, 0, 1],
  i8·u1: [-128, 127, -1, 0, 1],
  i8·u2: [-128, 127, -1, 0, 1],
  i8·u4: [-128, 127, -1, 0, 1],
  u7·u4: [0, 127, 1, 64, 126],
}

function randomVector(kind: Kind, dimension: number, random: () => number, index: number): Uint8Array {
  if (kind === 'f32' || kind === 'f16' || kind === 'bf16') {
    const values = Array.from(
      { length: dimension },
      () => (random() - 0.5) * 2 ** Math.floor(random() * 12 - 8),
    )
    return encodeVector(kind, index === 0 ? 'query' : 'row', values)
  }
  const below = kind === 'u7·u4' && index === 0 ? 128 : 256
  return Uint8Array.from({ length: vectorBytes(kind, dimension, index) }, () => Math.floor(random() * below))
}

/** Bytes of the query (vector 0) or of a row, of kinds that are no floats. */
function vectorBytes(kind: Kind, dimension: number, index: number): number {
  const bits = PACKED[kind]
  if (bits) return index === 0 ? packedComponents(dimension, bits) : packedBytes(dimension, bits)
  return kind === 'bits' ? dimension / 8 : dimension
}

function encodeVector(kind: Kind, role: 'query' | 'row', values: readonly number[]): Uint8Array {
  switch (kind) {
    case 'f32':
      return new Uint8Array(Float32Array.from(values).buffer)
    case 'f16':
      return new Uint8Array(Uint16Array.from(values, f16FromF32).buffer)
    case 'bf16':
      // The upper half of an f32: rounded down, which makes as good a test vector.
      return new Uint8Array(Uint16Array.from(values, upperHalf).buffer)
    case 'i8·u8':
      return role === 'query' ? Uint8Array.from(values) : Uint8Array.from(values, (x) => x + 128)
    case 'i8·u1':
    case 'i8·u2':
    case 'i8·u4':
    case 'u7·u4': {
      const bytes = new Uint8Array(vectorBytes(kind, values.length, role === 'query' ? 0 : 1))
      return bytes.map((_, i) => (values[i] ?? 0) + (role === 'query' ? 0 : 128))
    }
    case 'bits':
      return Uint8Array.from(values.slice(0, values.length / 8))
    case 'i8':
    case 'u8':
      return Uint8Array.from(values)
    default:
      throw new Error(`no such kind: ${String(kind satisfies never)}`)
  }
}

function upperHalf(value: number): number {
  return (new Uint32Array(Float32Array.of(value).buffer)[0] as number) >>> 16
}

/** Numbers in [0, 1), the same for the same seed (xorshift32). */
function randomNumbers(start: number): () => number {
  let state = start | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
