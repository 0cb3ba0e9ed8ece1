#include "codecs/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace omen {
namespace {

constexpr size_t kRounds = 4;
constexpr float kSqrtHalf = 0.70710678118654752f;

// The i-th of a fixed sequence of signs (the finisher of MurmurHash3 over a counter).
float random_sign(uint32_t i) {
  uint32_t x = (i + 1) * 0x9e3779b9u;
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return ((x ^ (x >> 16)) & 1) != 0 ? -1.0f : 1.0f;
}

// Sums and differences of pairs `half` apart, over blocks of twice that.
void butterflies(float* vector, size_t size, size_t half) {
  for (size_t block = 0; block < size; block += 2 * half) {
    float* low = vector + block;
    float* high = low + half;
    for (size_t i = 0; i < half; i++) {
      const float a = low[i], b = high[i];
      low[i] = a + b;
      high[i] = a - b;
    }
  }
}

// The first two passes in one, since pairs so close by do not fill a register.
void first_butterflies(float* vector, size_t size) {
  for (size_t i = 0; i < size; i += 4) {
    const float a = vector[i] + vector[i + 1], b = vector[i] - vector[i + 1];
    const float c = vector[i + 2] + vector[i + 3], d = vector[i + 2] - vector[i + 3];
    vector[i] = a + c;
    vector[i + 1] = b + d;
    vector[i + 2] = a - c;
    vector[i + 3] = b - d;
  }
}

}  // namespace

Rotation::Rotation(size_t dimension)
    : dimension_(dimension),
      size_(std::bit_floor(dimension)),
      scale_(float(1 / std::sqrt(double(size_)))),
      signs_(kRounds * dimension) {
  for (size_t i = 0; i < signs_.size(); i++) signs_[i] = random_sign(uint32_t(i));
}

void Rotation::apply(float* vector) const {
  const size_t mixed = dimension_ / 2;
  for (size_t round = 0; round < kRounds; round++) {
    const float* signs = &signs_[round * dimension_];
    for (size_t i = 0; i < dimension_; i++) vector[i] *= signs[i];
    float* part = vector + (round % 2 == 0 ? 0 : dimension_ - size_);
    size_t half = 1;
    if (size_ >= 4) {
      first_butterflies(part, size_);
      half = 4;
    }
    for (; half < size_; half *= 2) butterflies(part, size_, half);
    for (size_t i = 0; i < size_; i++) part[i] *= scale_;
    if (size_ == dimension_) continue;
    for (size_t i = 0; i < mixed; i++) {
      const float a = vector[i] * kSqrtHalf, b = vector[i + mixed] * kSqrtHalf;
      vector[i] = a + b;
      vector[i + mixed] = a - b;
    }
  }
}

}  // namespace omen
