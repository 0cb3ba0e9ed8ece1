// Packing fields of 1, 2 or 4 bits the way kernels.h says (TypeScript twin: core/src/packed.ts).
#pragma once
#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"

namespace omen {

// Packs `dimension` fields below 2^bits into packed_bytes(dimension, bits) bytes.
inline void pack_fields(const uint8_t* fields, size_t dimension, size_t bits, std::byte* code) {
  const size_t part = packed_bytes(dimension, bits);
  std::memset(code, 0, part);
  for (size_t start = 0, shift = 0; start < dimension; start += part, shift += bits) {
    const size_t end = std::min(part, dimension - start);
    for (size_t j = 0; j < end; j++) code[j] |= std::byte(fields[start + j] << shift);
  }
}

// The reverse of pack_fields.
inline void unpack_fields(const std::byte* code, size_t dimension, size_t bits, uint8_t* fields) {
  const size_t part = packed_bytes(dimension, bits);
  for (size_t start = 0, shift = 0; start < dimension; start += part, shift += bits) {
    const size_t end = std::min(part, dimension - start);
    for (size_t j = 0; j < end; j++) fields[start + j] = uint8_t(code[j]) >> shift & ((1 << bits) - 1);
  }
}

}  // namespace omen
