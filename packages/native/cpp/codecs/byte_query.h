// Vectors rounded to bytes: to unsigned ones on a grid that is given, and to signed ones with a scale of their own, as the
// kernels that end in _i8_… take queries.
#pragma once
#include <cstddef>
#include <cstdint>

namespace omen {

// The largest |x|; NaN or infinity where there is one.
float largest_magnitude(const float* x, size_t count);

// The largest whole number that is not above x: floor, of which compilers make no wide instructions.
inline int32_t whole_below(float x) {
  const auto truncated = int32_t(x);
  return truncated - (float(truncated) > x);
}

// Rounds x ≈ code / inverse + offset half up to steps from 0 to `last`, each step in f32 as the TypeScript twins do.
void round_to_steps(const float* x, size_t count, float offset, float inverse, float last, uint8_t* codes);

// Rounds x ≈ step · code with step = max|x| / 127, each step in f32 as the TypeScript twin does (roundToBytes of
// @omen/quant), and gives the step; codes of a zero vector are zero.
float round_to_bytes(const float* x, size_t count, int8_t* codes);

}  // namespace omen
