// A random rotation without a matrix: rounds of signs and Walsh-Hadamard transforms (TypeScript twin:
// `Rotation` of
// @omen/quant, which says more; equal to the bit).
#pragma once
#include <cstddef>
#include <vector>

namespace omen {

class Rotation {
 public:
  explicit Rotation(size_t dimension);
  // Rotates a vector in place.
  void apply(float* vector) const;

 private:
  size_t dimension_;
  size_t size_;  // components that one transform takes: the largest power of two that the dimension holds
  float scale_;
  std::vector<float> signs_;  // 1 or −1 for each component in each round
};

}  // namespace omen
