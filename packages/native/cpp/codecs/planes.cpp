#include "codecs/planes.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace omen {

Planes::Planes(unsigned bits, size_t dimension) : dimension_(dimension) {
  unsigned rest = bits;
  for (const unsigned width : {8u, 4u, 2u, 1u}) {
    if (rest < width) continue;
    rest -= width;
    const size_t bytes = packed_bytes(dimension, width);
    const RowsKernel kernel =
        width == 8 ? kernels().rows_dot_i8_u8 : kernels().rows_dot_i8_packed[std::countr_zero(width)];
    planes_[count_++] = {width, rest, bytes_, bytes, kernel};
    bytes_ += bytes;
  }
}

void Planes::pack(const uint8_t* values, std::byte* code) const {
  for (size_t p = 0; p < count_; p++) {
    const Plane& plane = planes_[p];
    auto* out = reinterpret_cast<uint8_t*>(code) + plane.start;
    const uint8_t mask = uint8_t((1u << plane.bits) - 1);
    std::memset(out, 0, plane.bytes);
    unsigned to = 0;
    for (size_t first = 0; first < dimension_; first += plane.bytes, to += plane.bits) {
      const size_t length = std::min(plane.bytes, dimension_ - first);
      for (size_t j = 0; j < length; j++)
        out[j] |= uint8_t(((values[first + j] >> plane.shift) & mask) << to);
    }
  }
}

void Planes::unpack(const std::byte* code, uint8_t* values) const {
  std::memset(values, 0, dimension_);
  for (size_t p = 0; p < count_; p++) {
    const Plane& plane = planes_[p];
    const auto* in = reinterpret_cast<const uint8_t*>(code) + plane.start;
    const uint8_t mask = uint8_t((1u << plane.bits) - 1);
    unsigned from = 0;
    for (size_t first = 0; first < dimension_; first += plane.bytes, from += plane.bits) {
      const size_t length = std::min(plane.bytes, dimension_ - first);
      for (size_t j = 0; j < length; j++)
        values[first + j] |= uint8_t(((in[j] >> from) & mask) << plane.shift);
    }
  }
}

void Planes::dot(const void* query, RowsView view, const uint32_t* rows, size_t count, float* sums) const {
  RowsView first = view;
  first.offset += planes_[0].start;
  planes_[0].kernel(query, first, rows, count, dimension_, sums);
  if (planes_[0].shift > 0) {
    const auto weight = float(1u << planes_[0].shift);
    for (size_t i = 0; i < count; i++) sums[i] *= weight;
  }
  constexpr size_t kBatch = 64;
  float more[kBatch];
  for (size_t p = 1; p < count_; p++) {
    const Plane& plane = planes_[p];
    const auto weight = float(1u << plane.shift);
    for (size_t start = 0; start < count; start += kBatch) {
      const size_t length = std::min(kBatch, count - start);
      plane.kernel(query, view.behind(plane.start), rows + start, length, dimension_, more);
      for (size_t i = 0; i < length; i++) sums[start + i] += more[i] * weight;
    }
  }
}

}  // namespace omen
