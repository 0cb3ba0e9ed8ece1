import { halfQuantizer } from './half-codec.ts'
import { bf16FromF32, f32FromBf16 } from './kernels.ts'
import type { Quantizer } from './quantizer.ts'

/**
 * Stores components as bfloat16, the upper half of an f32: 2 bytes each, 8 significant bits and the full range of f32, for
 * l2, dot and cosine.
 *
 * A row takes 2 · dimension bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. A component x
 * comes back within |x| · 2^-8 (below 1e-38: within 1e-40). Queries are rounded as rows are, so a search is exact over
 * the rounded vectors.
 *
 * @throws OmenError `unsupported` under `hamming`
 */
export function bf16(): Quantizer {
  return quantizer
}

const quantizer = halfQuantizer({
  name: 'bf16/1',
  element: 'bf16',
  fromF32: bf16FromF32,
  toF32: f32FromBf16,
})
