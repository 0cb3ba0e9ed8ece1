// Plain C++: the kernels for any processor, and the ones the others are measured against.
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "half.h"
#include "kernels/sets.h"

namespace omen {

float cosine_distance(double ab, double aa, double bb) {
  const double squared = aa * bb;
  return squared > 0 ? float(1 - ab / std::sqrt(squared)) : 1;
}

namespace {

template <class T>
T read(const void* data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(data) + index * sizeof(T), sizeof(T));
  return value;
}

float float_from_f16(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7fff;
  // A normal half gets the exponent bias of a float; 2^112 then scales subnormals right, too.
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  const uint32_t finite = std::bit_cast<uint32_t>(scaled);
  const uint32_t special = 0x7f800000 | (magnitude & 0x3ff) << 13;
  return std::bit_cast<float>(sign | (magnitude < 0x7c00 ? finite : special));
}

struct F32 {
  using Sum = float;
  static float at(const void* data, size_t i) { return read<float>(data, i); }
};
struct F16 {
  using Sum = float;
  static float at(const void* data, size_t i) { return float_from_f16(read<uint16_t>(data, i)); }
};
struct Bf16 {
  using Sum = float;
  static float at(const void* data, size_t i) {
    return std::bit_cast<float>(uint32_t(read<uint16_t>(data, i)) << 16);
  }
};
struct I8 {
  using Sum = int32_t;
  static int32_t at(const void* data, size_t i) { return read<int8_t>(data, i); }
};
struct U8 {
  using Sum = uint32_t;
  static int32_t at(const void* data, size_t i) { return read<uint8_t>(data, i); }
};

template <class Sum, class Term>
Sum sum_of(size_t dimension, Term term) {
  constexpr size_t lanes = std::is_integral_v<Sum> ? 1 : 8;
  Sum sums[lanes] = {};
  size_t i = 0;
  for (; i + lanes <= dimension; i += lanes) {
    for (size_t lane = 0; lane < lanes; lane++) sums[lane] += Sum(term(i + lane));
  }
  for (size_t lane = 0; i + lane < dimension; lane++) sums[lane] += Sum(term(i + lane));
  Sum sum = sums[0];
  for (size_t lane = 1; lane < lanes; lane++) sum += sums[lane];
  return sum;
}

// Unsigned sums hold 65,536 · 255² exactly; signed ones would not.
template <class E>
float l2(const void* a, const void* b, size_t dimension) {
  using Sum = std::conditional_t<std::is_integral_v<typename E::Sum>, uint32_t, float>;
  return float(sum_of<Sum>(dimension, [=](size_t i) {
    const auto difference = E::at(a, i) - E::at(b, i);
    return difference * difference;
  }));
}

template <class A, class B>
auto dot_sum(const void* a, const void* b, size_t dimension) {
  return sum_of<typename A::Sum>(dimension, [=](size_t i) { return A::at(a, i) * B::at(b, i); });
}

template <class E>
float dot(const void* a, const void* b, size_t dimension) {
  return float(dot_sum<E, E>(a, b, dimension));
}

float dot_i8_u8(const void* a, const void* b, size_t dimension) {
  return float(dot_sum<I8, U8>(a, b, dimension));
}

template <class E>
float cosine(const void* a, const void* b, size_t dimension) {
  return cosine_distance(dot_sum<E, E>(a, b, dimension), dot_sum<E, E>(a, a, dimension),
                         dot_sum<E, E>(b, b, dimension));
}

float hamming(const void* a, const void* b, size_t bits) {
  const size_t bytes = bits / 8;
  uint32_t sum = 0;
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) sum += std::popcount(read<uint64_t>(a, i / 8) ^ read<uint64_t>(b, i / 8));
  for (; i < bytes; i++) sum += std::popcount(uint8_t(read<uint8_t>(a, i) ^ read<uint8_t>(b, i)));
  return float(sum);
}

// Calls term(query byte, field) for every field of a row, missing ones too, and sums what it gives.
template <size_t bits, class Term>
float packed_sum(const void* query, const void* row, size_t dimension, Term term) {
  const size_t part = packed_bytes(dimension, bits);
  int32_t sum = 0;
  for (size_t f = 0; f < packed_fields(bits); f++) {
    for (size_t j = 0; j < part; j++) {
      const int32_t field = read<uint8_t>(row, j) >> (f * bits) & ((1 << bits) - 1);
      sum += term(read<uint8_t>(query, f * part + j), field);
    }
  }
  return float(sum);
}

template <size_t bits>
float dot_i8_packed(const void* a, const void* b, size_t dimension) {
  return packed_sum<bits>(a, b, dimension, [](uint8_t q, int32_t u) { return int8_t(q) * u; });
}

float l2_u7_u4(const void* a, const void* b, size_t dimension) {
  return packed_sum<4>(a, b, dimension, [](uint8_t q, int32_t u) { return (q - 8 * u) * (q - 8 * u); });
}

struct Lookup {
  static constexpr size_t rows = 0;
};

#include "kernels/lookup.inl"

void round_to_f16(const float* x, size_t count, uint16_t* halves) {
  for (size_t i = 0; i < count; i++) halves[i] = f16_from_f32(x[i]);
}

template <PairKernel pair>
void rows(const void* query, RowsView view, const uint32_t* rows, size_t count, size_t dimension,
          float* out) {
  const size_t share = view.share(count, 1);
  for (size_t i = 0; i < count; i++) {
    view.load_ahead(share);
    out[i] = pair(query, view.at(rows[i]), dimension);
  }
}

#include "kernels/words.inl"

}  // namespace

const KernelSet serial_kernels = {
    .name = "serial",
    .pair = {{l2<F32>, dot<F32>, cosine<F32>, nullptr},
             {l2<F16>, dot<F16>, cosine<F16>, nullptr},
             {l2<Bf16>, dot<Bf16>, cosine<Bf16>, nullptr},
             {l2<I8>, dot<I8>, cosine<I8>, nullptr},
             {l2<U8>, dot<U8>, cosine<U8>, nullptr},
             {nullptr, nullptr, nullptr, hamming}},
    .rows = {{rows<l2<F32>>, rows<dot<F32>>, rows<cosine<F32>>, nullptr},
             {rows<l2<F16>>, rows<dot<F16>>, rows<cosine<F16>>, nullptr},
             {rows<l2<Bf16>>, rows<dot<Bf16>>, rows<cosine<Bf16>>, nullptr},
             {rows<l2<I8>>, rows<dot<I8>>, rows<cosine<I8>>, nullptr},
             {rows<l2<U8>>, rows<dot<U8>>, rows<cosine<U8>>, nullptr},
             {nullptr, nullptr, nullptr, rows<hamming>}},
    .pair_dot_i8_u8 = dot_i8_u8,
    .rows_dot_i8_u8 = rows<dot_i8_u8>,
    .pair_dot_i8_packed = {dot_i8_packed<1>, dot_i8_packed<2>, dot_i8_packed<4>},
    .rows_dot_i8_packed = {rows<dot_i8_packed<1>>, rows<dot_i8_packed<2>>, rows<dot_i8_packed<4>>},
    .pair_l2_u7_u4 = l2_u7_u4,
    .rows_l2_u7_u4 = rows<l2_u7_u4>,
    .rows_lookup_u4 = lookup_rows<Lookup>,
    .f16_from_f32 = round_to_f16,
    .dots_i16 = dots_i16,
};

}  // namespace omen
