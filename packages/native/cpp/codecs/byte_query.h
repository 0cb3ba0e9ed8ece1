// A query rounded to signed bytes with a scale of its own, as the kernels that end in _i8_… take it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace omen {

// The largest |x|; NaN or infinity where there is one.
float largest_magnitude(const float* x, size_t count);

// Rounds x ≈ step · code with step = max|x| / 127, each step in f32 as the TypeScript twin does (roundToBytes
// of
// @omen/quant), and gives the step; codes of a zero vector are zero.
float round_to_bytes(const float* x, size_t count, int8_t* codes);

}  // namespace omen
