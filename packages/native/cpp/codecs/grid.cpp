#include "codecs/grid.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace omen {
namespace {

constexpr int kMaxMagnitude = 32767;
constexpr double kShares[] = {kLeastShare, 0.8, 0.95, 1.1};
constexpr int kDescents = 2;

// Products of 15 and 8 bits: so many of them fit a sum of 31.
constexpr size_t kExact = 128;

// A point of the grid by the odd numbers |v| of its components, and what its cosine is made of. All sums are
// exact.
struct Point {
  std::vector<int16_t> values;
  double product = 0;  // Σ |component| · |v|
  double squares = 1;  // Σ v²
};

struct Search {
  std::vector<int16_t> magnitudes;
  Point best, tried;

  // Rounds the magnitudes, the largest to kMaxMagnitude, and gives their root of mean squares.
  double round(const float* vector, size_t dimension) {
    float largest = 0;
    for (size_t i = 0; i < dimension; i++) largest = std::max(largest, std::fabs(vector[i]));
    const float inverse = largest > 1e-33 ? float(kMaxMagnitude) / largest : 0;
    magnitudes.resize(dimension);
    best.values.resize(dimension);
    tried.values.resize(dimension);
    best.product = 0;
    best.squares = 1;
    double squares = 0;
    for (size_t i = 0; i < dimension; i++) {
      const int rounded = int(std::fabs(vector[i]) * inverse + 0.5f);
      magnitudes[i] = int16_t(rounded);
      squares += double(rounded * rounded);
    }
    return std::sqrt(squares / double(dimension));
  }

  void attempt(float step, unsigned bits) {
    const float inverse = step > 0 ? 1 / step : 0;
    const int last = (1 << (bits - 1)) - 1;
    const size_t dimension = magnitudes.size();
    const int16_t* sizes = magnitudes.data();
    int16_t* values = tried.values.data();
    for (size_t i = 0; i < dimension; i++) {
      values[i] = int16_t(2 * std::min(last, int(float(sizes[i]) * inverse)) + 1);
    }
    tried.product = tried.squares = 0;
    for (size_t start = 0; start < dimension; start += kExact) {
      const size_t end = std::min(start + kExact, dimension);
      int32_t product = 0, squares = 0;
      for (size_t i = start; i < end; i++) product += int32_t(sizes[i]) * values[i];
      for (size_t i = start; i < end; i++) squares += int32_t(values[i]) * values[i];
      tried.product += product;
      tried.squares += squares;
    }
    if (tried.product * tried.product * best.squares <= best.product * best.product * tried.squares) return;
    std::swap(best, tried);
  }

  // Moves one component after the other up or down where the cosine grows.
  void descend(unsigned bits) {
    const int top = (1 << bits) - 1;
    double product = best.product, squares = best.squares;
    for (size_t i = 0; i < magnitudes.size(); i++) {
      const int value = best.values[i];
      const double twice = 2 * magnitudes[i];
      const double up = product + twice, up_squares = squares + 4 * (value + 1);
      const double down = product - twice, down_squares = squares - 4 * (value - 1);
      const double now = product * product;
      if (value < top && up * up * squares > now * up_squares) {
        best.values[i] = int16_t(value + 2);
        product = up;
        squares = up_squares;
      } else if (value > 1 && down * down * squares > now * down_squares) {
        best.values[i] = int16_t(value - 2);
        product = down;
        squares = down_squares;
      }
    }
    best.product = product;
    best.squares = squares;
  }
};

}  // namespace

void encode_on_grid(const float* vector, size_t dimension, unsigned bits, uint8_t* codes) {
  if (bits == 1) {
    for (size_t i = 0; i < dimension; i++) codes[i] = vector[i] < 0 ? 0 : 1;
    return;
  }
  thread_local Search search;
  const double spread = search.round(vector, dimension);
  for (const double share : kShares) search.attempt(float(spread * kNormalSteps[bits] * share), bits);
  // The step at which the largest component just fits: best where one component dwarfs the others.
  search.attempt(float(double(kMaxMagnitude) / (1 << (bits - 1))), bits);
  for (int i = 0; i < kDescents; i++) search.descend(bits);
  const int top = (1 << bits) - 1;
  for (size_t i = 0; i < dimension; i++) {
    const int value = search.best.values[i];
    codes[i] = uint8_t((vector[i] < 0 ? top - value : top + value) / 2);
  }
}

}  // namespace omen
