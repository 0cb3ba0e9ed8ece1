/**
 * Rounds floats to signed bytes with a scale of their own, x ≈ step · byte with step = max |x| / 127, as kernels take a
 * query. Each step rounds to f32, so that the C++ twin (`round_to_bytes`) gives the same.
 *
 * @param bytes as many entries as `vector` has are overwritten
 * @returns the step; 0 for a zero vector, whose bytes are 0
 */
export function roundToBytes(vector: Float32Array, bytes: Int8Array): number {
  let largest = 0
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!))
  const inverse = largest > 0 ? Math.fround(127 / largest) : 0
  for (let i = 0; i < vector.length; i++) {
    const rounded = Math.floor(Math.fround(Math.fround(vector[i]! * inverse) + 0.5))
    bytes[i] = Math.min(127, Math.max(-127, rounded))
  }
  return Math.fround(largest / 127)
}
