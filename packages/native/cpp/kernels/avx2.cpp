// AVX2 with FMA and F16C: every x86 server and laptop since 2015 or so.
#include "kernels/kernels.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#include <cstring>
#include <utility>

#include "kernels/sets.h"

// Below the headers, so that nothing shared with other files is compiled for this instruction set; nothing
// from std:: is called below for the same reason. It holds to the end of the file, where templates are
// instantiated.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,popcnt"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx2,fma,f16c,popcnt")
#endif

namespace omen {
namespace {

#include "kernels/blocks.inl"

inline __m256i load_256(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline __m128i load_128(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}

// Fewer than 8 bytes as a number, read by two loads that may overlap.
inline uint64_t load_word(const std::byte* p, size_t bytes) {
  if (bytes >= 4) {
    uint32_t low, high;
    memcpy(&low, p, 4);
    memcpy(&high, p + bytes - 4, 4);
    return low | uint64_t(high) << (8 * (bytes - 4));
  }
  uint64_t word = 0;
  for (size_t i = 0; i < bytes; i++) word |= uint64_t(p[i]) << (8 * i);
  return word;
}

// The bytes of a vector that is shorter than a register, and zeros.
inline __m128i load_short_128(const std::byte* p, size_t bytes) {
  if (bytes < 8) return _mm_cvtsi64_si128(int64_t(load_word(p, bytes)));
  uint64_t low, high;
  memcpy(&low, p, 8);
  memcpy(&high, p + bytes - 8, 8);
  return _mm_set_epi64x(bytes == 8 ? 0 : int64_t(high >> (8 * (16 - bytes))), int64_t(low));
}
inline __m256i load_short(const std::byte* p, size_t bytes) {
  if (bytes < 16) return _mm256_zextsi128_si256(load_short_128(p, bytes));
  return _mm256_set_m128i(load_short_128(p + 16, bytes - 16), load_128(p));
}

// The last bytes of a vector, at the end of a register that is loaded from in front of them.
inline __m256i load_last_256(const std::byte* p, size_t bytes) {
  return _mm256_and_si256(load_256(p + bytes - 32), load_256(kLastBytes + bytes));
}
inline __m128i load_last_128(const std::byte* p, size_t bytes) {
  return _mm_and_si128(load_128(p + bytes - 16), load_128(kLastBytes + 16 + bytes));
}

// How lanes are multiplied and summed.

struct FloatSums {
  using Sum = __m256;
  static __m256 subtract(__m256 a, __m256 b) { return _mm256_sub_ps(a, b); }
  static Sum multiply_add(Sum sum, __m256 a, __m256 b) { return _mm256_fmadd_ps(a, b, sum); }

  static __m128 folded(Sum sum) {
    return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  }
  static float total(Sum sum) {
    const __m128 four = folded(sum);
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    const __m128 fa = folded(a), fb = folded(b), fc = folded(c), fd = folded(d);
    const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(fa, fb), _mm_unpackhi_ps(fa, fb));
    const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(fc, fd), _mm_unpackhi_ps(fc, fd));
    _mm_storeu_ps(out, _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab)));
  }
};

// Exact up to the one rounding at the end: both halves of a lane are floats, and so is the upper one's
// product.
inline __m128 float_from_unsigned(__m128i v) {
  const __m128 low = _mm_cvtepi32_ps(_mm_and_si128(v, _mm_set1_epi32(0xffff)));
  return _mm_fmadd_ps(_mm_cvtepi32_ps(_mm_srli_epi32(v, 16)), _mm_set1_ps(65536), low);
}

template <class Number>
struct IntegerSums {
  using Sum = __m256i;

  static __m128i folded(Sum sum) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  }
  static Number total(Sum sum) {
    const __m128i four = folded(sum);
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return Number(_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1))));
  }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    const __m128i fa = folded(a), fb = folded(b), fc = folded(c), fd = folded(d);
    const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(fa, fb), _mm_unpackhi_epi32(fa, fb));
    const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(fc, fd), _mm_unpackhi_epi32(fc, fd));
    const __m128i sums = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
    _mm_storeu_ps(out, Number(-1) < 0 ? _mm_cvtepi32_ps(sums) : float_from_unsigned(sums));
  }
};

// Lanes of 16 bits, whose products are added in pairs.
template <class Number>
struct ShortSums : IntegerSums<Number> {
  static __m256i subtract(__m256i a, __m256i b) { return _mm256_sub_epi16(a, b); }
  static __m256i multiply_add(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }
};

// How elements are loaded.

struct F32 : Layout<8, 4>, FloatSums {
  static __m256 load(const std::byte* p) { return _mm256_castsi256_ps(load_256(p)); }
  static __m256 load_part(const std::byte* p, size_t n, bool behind) {
    return _mm256_castsi256_ps(behind ? load_last_256(p, 4 * n) : load_short(p, 4 * n));
  }
};

// Elements of one or two bytes: half a register of them is widened to a whole one by E::widen.
template <size_t count, size_t bytes, class E>
struct Widened : Layout<count, bytes> {
  static auto load(const std::byte* p) { return E::widen(load_128(p)); }
  static auto load_part(const std::byte* p, size_t n, bool behind) {
    return E::widen(behind ? load_last_128(p, bytes * n) : load_short_128(p, bytes * n));
  }
};

struct F16 : Widened<8, 2, F16>, FloatSums {
  static __m256 widen(__m128i v) { return _mm256_cvtph_ps(v); }
};
inline void f16_from_f32(const float* x, size_t count, uint16_t* halves) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), kNearest));
  }
  for (; i < count; i++) halves[i] = uint16_t(_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x[i]), kNearest)));
}

// A bf16 is the upper half of an f32, and each 32 bits hold two: one is shifted up, the other's neighbour is
// cleared.
struct Bf16 : Layout<16, 2>, FloatSums {
  struct Lanes {
    __m256 even, odd;
  };
  static Lanes split(__m256i v) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(v, 16)),
            _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(int(0xffff0000))))};
  }
  static Lanes load(const std::byte* p) { return split(load_256(p)); }
  static Lanes load_part(const std::byte* p, size_t n, bool behind) {
    return split(behind ? load_last_256(p, 2 * n) : load_short(p, 2 * n));
  }
  static Lanes subtract(Lanes a, Lanes b) {
    return {_mm256_sub_ps(a.even, b.even), _mm256_sub_ps(a.odd, b.odd)};
  }
  static Sum multiply_add(Sum sum, Lanes a, Lanes b) {
    return _mm256_fmadd_ps(a.even, b.even, _mm256_fmadd_ps(a.odd, b.odd, sum));
  }
};

template <class Number>
struct I8 : Widened<16, 1, I8<Number>>, ShortSums<Number> {
  static __m256i widen(__m128i v) { return _mm256_cvtepi8_epi16(v); }
};
template <class Number>
struct U8 : Widened<16, 1, U8<Number>>, ShortSums<Number> {
  static __m256i widen(__m128i v) { return _mm256_cvtepu8_epi16(v); }
};

using L2U8 = L2<U8<uint32_t>>;
using DotI8U8 = Dot<U8<int32_t>, I8<int32_t>>;

// Words of 64 bits: the instruction that counts them is as fast as any trick with wider registers.
struct Hamming : Layout<8, 1> {
  using Query = Hamming;
  using Sum = uint64_t;
  static size_t elements(size_t bits) { return bits / 8; }
  static uint64_t load(const std::byte* p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
  }
  static uint64_t load_part(const std::byte* p, size_t n, bool behind) {
    if (behind) return load(p + n - 8) >> (64 - 8 * n);
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) word |= uint64_t(p[i]) << (8 * i);
    return word;
  }
  static uint64_t total(Sum sum) { return sum; }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    out[0] = float(a), out[1] = float(b), out[2] = float(c), out[3] = float(d);
  }
  struct Sums {
    uint64_t sum{};
    void add(uint64_t a, uint64_t b) { sum += uint64_t(_mm_popcnt_u64(a ^ b)); }
    uint64_t value() const { return sum; }
  };
};

// Registers for packed fields, of either width: V says what the instructions are called for its own.

template <class V>
struct PackedRegisters : V {
  using Sum = typename V::Register;
  template <size_t bits, size_t f>
  static Sum field(Sum bytes) {
    return V::both(V::template right<bits * f>(bytes), V::all((1 << bits) - 1));
  }
  // 8u of the 4-bit field u.
  template <size_t f>
  static Sum eightfold(Sum bytes) {
    return V::both(f == 0 ? V::template left<3>(bytes) : V::template right<1>(bytes), V::all(0x78));
  }
  // Pairs of products fill 16 bits: the sum of all fields' is at most 2 · 8 · 127, 2 · 4 · 3 · 127 or 2 · 2 · 15 · 127.
  template <size_t bits, size_t first, size_t... f>
  static Sum add_products(Sum sum, const Sum* q, Sum row) {
    Sum pairs = V::pairs(field<bits, first>(row), q[first]);
    ((pairs = V::add_16(pairs, V::pairs(field<bits, f>(row), q[f]))), ...);
    return V::add_pairs(sum, pairs);
  }
  // 2 · 127² is below 2^15.
  static Sum add_square(Sum sum, Sum q, Sum u) {
    const Sum difference = V::magnitude(V::subtract(q, u));
    return V::add_pairs(sum, V::pairs(difference, difference));
  }
  static int32_t total(Sum sum) { return IntegerSums<int32_t>::total(_mm256_zextsi128_si256(V::folded(sum))); }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    const __m128i fa = V::folded(a), fb = V::folded(b), fc = V::folded(c), fd = V::folded(d);
    const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(fa, fb), _mm_unpackhi_epi32(fa, fb));
    const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(fc, fd), _mm_unpackhi_epi32(fc, fd));
    _mm_storeu_ps(out, _mm_cvtepi32_ps(_mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd))));
  }
};

struct Wide : Layout<32, 1> {
  using Register = __m256i;
  static __m256i load(const std::byte* p) { return load_256(p); }
  static __m256i load_part(const std::byte* p, size_t n, bool behind) {
    return behind ? load_last_256(p, n) : load_short(p, n);
  }
  static __m256i all(int byte) { return _mm256_set1_epi8(char(byte)); }
  static __m256i both(__m256i a, __m256i b) { return _mm256_and_si256(a, b); }
  static __m256i subtract(__m256i a, __m256i b) { return _mm256_sub_epi8(a, b); }
  static __m256i magnitude(__m256i a) { return _mm256_abs_epi8(a); }
  static __m256i pairs(__m256i u, __m256i s) { return _mm256_maddubs_epi16(u, s); }
  static __m256i add_16(__m256i a, __m256i b) { return _mm256_add_epi16(a, b); }
  static __m256i add_pairs(__m256i sum, __m256i pairs) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static __m128i folded(__m256i sum) { return IntegerSums<int32_t>::folded(sum); }
  template <size_t n>
  static __m256i right(__m256i a) { return _mm256_srli_epi16(a, n); }
  template <size_t n>
  static __m256i left(__m256i a) { return _mm256_slli_epi16(a, n); }
};

struct Half : Layout<16, 1> {
  using Register = __m128i;
  static __m128i load(const std::byte* p) { return load_128(p); }
  static __m128i load_part(const std::byte* p, size_t n, bool behind) {
    return behind ? load_last_128(p, n) : load_short_128(p, n);
  }
  static __m128i all(int byte) { return _mm_set1_epi8(char(byte)); }
  static __m128i both(__m128i a, __m128i b) { return _mm_and_si128(a, b); }
  static __m128i subtract(__m128i a, __m128i b) { return _mm_sub_epi8(a, b); }
  static __m128i magnitude(__m128i a) { return _mm_abs_epi8(a); }
  static __m128i pairs(__m128i u, __m128i s) { return _mm_maddubs_epi16(u, s); }
  static __m128i add_16(__m128i a, __m128i b) { return _mm_add_epi16(a, b); }
  static __m128i add_pairs(__m128i sum, __m128i pairs) {
    return _mm_add_epi32(sum, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
  }
  static __m128i folded(__m128i sum) { return sum; }
  template <size_t n>
  static __m128i right(__m128i a) { return _mm_srli_epi16(a, n); }
  template <size_t n>
  static __m128i left(__m128i a) { return _mm_slli_epi16(a, n); }
};

inline void with_registers_for(size_t bytes, auto use) {
  if (bytes > 16) return use(PackedRegisters<Wide>());
  use(PackedRegisters<Half>());
}

#include "kernels/lookup_x86.inl"
#include "kernels/lookup.inl"
#include "kernels/packed.inl"
#include "kernels/words.inl"
#include "kernels/table.inl"

}  // namespace

// Constant, so that no code of this file runs before the processor was asked.
constinit const KernelSet avx2_kernels = make_set("avx2");

}  // namespace omen

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
