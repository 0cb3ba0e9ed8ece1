// Rounding the components of one vector with a scale and lower bound of their own (TypeScript twin: `LineFit`
// of @omen/quant, which says how).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace omen {

struct LineFit {
  float scale = 0;
  float lower = 0;
  std::vector<uint8_t> codes;  // sized by the caller

  // `squared` is the sum of the components' squares.
  void fit(const float* components, size_t dimension, unsigned bits, double squared);

 private:
  struct Sums {
    double product, code_sum, code_squares;
  };
  void round(const float* components, double scale, double lower, double last);
  Sums sums(const float* components) const;

  std::vector<float> values_;
};

}  // namespace omen
