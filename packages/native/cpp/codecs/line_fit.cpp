#include "codecs/line_fit.h"

#include <algorithm>

#include "codecs/sums.h"

namespace omen {
namespace {

// How often scale and lower bound are fitted to the codes, and the codes to them.
constexpr int kFits = 3;

}  // namespace

void LineFit::fit(const float* components, size_t dimension, unsigned bits, double squared) {
  const double last = double((1 << bits) - 1), length = double(dimension);
  values_.resize(dimension);
  float least = components[0], most = components[0];
  double sum = 0;
  for (size_t i = 0; i < dimension; i++) {
    least = std::min(least, components[i]);
    most = std::max(most, components[i]);
    sum += double(components[i]);
  }
  double fitted = (double(most) - double(least)) / last;
  double from = double(least);
  round(components, fitted, from, last);
  for (int i = 0; i < kFits; i++) {
    const Sums s = sums(components);
    const double spread = length * s.code_squares - s.code_sum * s.code_sum;
    if (!(spread > 0)) break;
    const double steeper = (length * s.product - s.code_sum * sum) / spread;
    if (!(steeper > 0)) break;
    fitted = steeper;
    from = (sum - fitted * s.code_sum) / length;
    round(components, fitted, from, last);
  }
  const double product = from * sum + fitted * sums(components).product;
  const double stretch = product > 0 ? squared / product : 1;
  scale = float(fitted * stretch);
  lower = float(from * stretch);
}

void LineFit::round(const float* components, double scale, double lower, double last) {
  const double inverse = scale > 0 ? 1 / scale : 0;
  for (size_t i = 0; i < codes.size(); i++) {
    const double code = (double(components[i]) - lower) * inverse + 0.5;
    const auto whole = int32_t(std::min(last, std::max(0.0, code)));
    codes[i] = uint8_t(whole);
    values_[i] = float(whole);
  }
}

LineFit::Sums LineFit::sums(const float* components) const {
  uint64_t sum = 0, squares = 0;
  for (const uint8_t code : codes) {
    sum += code;
    squares += uint32_t(code) * code;
  }
  return {dot_in_double(components, values_.data(), codes.size()), double(sum), double(squares)};
}

}  // namespace omen
