// The point of a grid of few bits a component that is nearest in direction to a vector (TypeScript twin:
// `GridEncoder` of
// @omen/quant, which says more; equal codes).
#pragma once
#include <cstddef>
#include <cstdint>

namespace omen {

// The steps of 2^bits levels that have the least squared error for components of variance 1, by bits.
inline constexpr double kNormalSteps[9] = {0, 1.596, 0.9957, 0.586, 0.3352, 0.1881, 0.1041, 0.0569, 0.0308};

// The least share of that step that is tried.
inline constexpr double kLeastShare = 0.65;

// Writes codes 0 to 2^bits − 1 for the components of a vector that is not all zero.
void encode_on_grid(const float* vector, size_t dimension, unsigned bits, uint8_t* codes);

}  // namespace omen
