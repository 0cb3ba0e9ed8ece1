#pragma once

#include "kernels/kernels.h"

// The tables themselves, each in the file of its instruction set; which of them run here, kernels.cpp
// decides.
namespace omen {

extern const KernelSet serial_kernels;
extern const KernelSet avx2_kernels;
extern const KernelSet avx512_kernels;
extern const KernelSet neon_kernels;

// 1 − Σab / √(Σa² Σb²) as every set computes it: in double, so that integer sums give the same float
// everywhere.
float cosine_distance(double ab, double aa, double bb);

// A window into these, n bytes before the middle, keeps the last n bytes of a register and clears the rest.
alignas(64) inline constexpr uint8_t kLastBytes[64] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

}  // namespace omen
