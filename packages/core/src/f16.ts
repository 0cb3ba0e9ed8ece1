import { halfQuantizer } from './half-codec.ts'
import { f16FromF32, f32FromF16 } from './kernels.ts'
import { vectorError } from './metric.ts'
import type { Quantizer } from './quantizer.ts'

/** The largest component that f16 holds. */
export const MAX_F16 = 65_504

/**
 * Stores components as IEEE half floats: 2 bytes each, 11 significant bits, for l2, dot and cosine.
 *
 * A row takes 2 · dimension bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. A component x
 * comes back within |x| · 2^-11 + 2^-25. Queries are rounded as rows are, so a search is exact over the rounded vectors.
 *
 * @throws OmenError `out_of_range` on adding or searching for a component beyond ±65504; `unsupported` under `hamming`
 */
export function f16(): Quantizer {
  return quantizer
}

const quantizer = halfQuantizer({
  name: 'f16/1',
  element: 'f16',
  fromF32(x) {
    if (Math.abs(x) > MAX_F16) throw vectorError('out_of_range', 0)
    return f16FromF32(x)
  },
  toF32: f32FromF16,
})
