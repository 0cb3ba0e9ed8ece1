// AVX-512 with F, BW, VL, DQ, VNNI and VPOPCNTDQ: Ice Lake, Zen 4 and later.
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
#pragma clang attribute push(                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,avx2,fma"))), \
    apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,avx2,fma")
#pragma GCC diagnostic ignored "-Wuninitialized"  // gcc 12 on its own intrinsics (its bug 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace omen {
namespace {

#include "kernels/blocks.inl"

// The lowest n bits.
inline uint64_t ones(size_t n) {
  return (uint64_t(1) << n) - 1;
}

// How lanes are multiplied and summed.

struct FloatSums {
  using Sum = __m512;
  static __m512 subtract(__m512 a, __m512 b) { return _mm512_sub_ps(a, b); }
  static Sum multiply_add(Sum sum, __m512 a, __m512 b) { return _mm512_fmadd_ps(a, b, sum); }

  static __m128 folded(Sum sum) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
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

template <class Number>
struct IntegerSums {
  using Sum = __m512i;

  static __m128i folded(Sum sum) {
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti32x8_epi32(sum, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
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
    _mm_storeu_ps(out, Number(-1) < 0 ? _mm_cvtepi32_ps(sums) : _mm_cvtepu32_ps(sums));
  }
};

// Lanes of 16 bits, whose products are added in pairs.
template <class Number>
struct ShortSums : IntegerSums<Number> {
  static __m512i subtract(__m512i a, __m512i b) { return _mm512_sub_epi16(a, b); }
  static __m512i multiply_add(__m512i sum, __m512i a, __m512i b) { return _mm512_dpwssd_epi32(sum, a, b); }
};

// How elements are loaded.

struct F32 : Layout<16, 4>, FloatSums {
  static __m512 load(const std::byte* p) { return _mm512_loadu_ps(p); }
  static __m512 load_part(const std::byte* p, size_t n, bool) { return _mm512_maskz_loadu_ps(ones(n), p); }
};

inline __m256i load_256(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

struct F16 : Layout<16, 2>, FloatSums {
  static __m512 load(const std::byte* p) { return _mm512_cvtph_ps(load_256(p)); }
  static __m512 load_part(const std::byte* p, size_t n, bool) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(ones(n), p));
  }
};

inline void f16_from_f32(const float* x, size_t count, uint16_t* halves) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  for (size_t i = 0; i < count; i += 16) {
    const size_t n = count - i < 16 ? count - i : 16;
    const __m512 lanes = _mm512_maskz_loadu_ps(ones(n), x + i);
    _mm256_mask_storeu_epi16(halves + i, ones(n), _mm512_cvtps_ph(lanes, kNearest));
  }
}

// A bf16 is the upper half of an f32, and each 32 bits hold two: one is shifted up, the other's neighbour is
// cleared.
struct Bf16 : Layout<32, 2>, FloatSums {
  struct Lanes {
    __m512 even, odd;
  };
  static Lanes split(__m512i v) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(v, 16)),
            _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(int(0xffff0000))))};
  }
  static Lanes load(const std::byte* p) { return split(_mm512_loadu_si512(p)); }
  static Lanes load_part(const std::byte* p, size_t n, bool) {
    return split(_mm512_maskz_loadu_epi16(ones(n), p));
  }
  static Lanes subtract(Lanes a, Lanes b) {
    return {_mm512_sub_ps(a.even, b.even), _mm512_sub_ps(a.odd, b.odd)};
  }
  static Sum multiply_add(Sum sum, Lanes a, Lanes b) {
    return _mm512_fmadd_ps(a.even, b.even, _mm512_fmadd_ps(a.odd, b.odd, sum));
  }
};

template <class Number>
struct I8 : Layout<32, 1>, ShortSums<Number> {
  static __m512i load(const std::byte* p) { return _mm512_cvtepi8_epi16(load_256(p)); }
  static __m512i load_part(const std::byte* p, size_t n, bool) {
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(ones(n), p));
  }
};

template <class Number>
struct U8 : Layout<32, 1>, ShortSums<Number> {
  static __m512i load(const std::byte* p) { return _mm512_cvtepu8_epi16(load_256(p)); }
  static __m512i load_part(const std::byte* p, size_t n, bool) {
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(ones(n), p));
  }
};

struct Bytes : Layout<64, 1> {
  static __m512i load(const std::byte* p) { return _mm512_loadu_si512(p); }
  static __m512i load_part(const std::byte* p, size_t n, bool) { return _mm512_maskz_loadu_epi8(ones(n), p); }
};

// Unsigned bytes times signed ones, four products to a lane: a is the query.
struct I8U8 : Bytes, IntegerSums<int32_t> {
  static Sum multiply_add(Sum sum, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sum, b, a); }
};
using DotI8U8 = Dot<I8U8>;

using L2U8 = L2<U8<uint32_t>>;

struct Hamming : Bytes, IntegerSums<uint32_t> {
  using Query = Bytes;
  static size_t elements(size_t bits) { return bits / 8; }
  struct Sums {
    __m512i sum{};
    void add(__m512i a, __m512i b) {
      sum = _mm512_add_epi32(sum, _mm512_popcnt_epi32(_mm512_xor_si512(a, b)));
    }
    __m512i value() const { return sum; }
  };
};

// Registers for packed fields, of any width: V says what the instructions are called for its own.

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
  template <size_t bits, size_t... f>
  static Sum add_products(Sum sum, const Sum* q, Sum row) {
    ((sum = V::add_products_of(sum, field<bits, f>(row), q[f])), ...);
    return sum;
  }
  static Sum add_square(Sum sum, Sum q, Sum u) {
    const Sum difference = V::magnitude(V::subtract(q, u));
    return V::add_products_of(sum, difference, difference);
  }
  static int32_t total(Sum sum) { return IntegerSums<int32_t>::total(_mm512_zextsi128_si512(V::folded(sum))); }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    const __m128i fa = V::folded(a), fb = V::folded(b), fc = V::folded(c), fd = V::folded(d);
    const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(fa, fb), _mm_unpackhi_epi32(fa, fb));
    const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(fc, fd), _mm_unpackhi_epi32(fc, fd));
    _mm_storeu_ps(out, _mm_cvtepi32_ps(_mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd))));
  }
};

struct Wide : Bytes {
  using Register = __m512i;
  static __m512i all(int byte) { return _mm512_set1_epi8(char(byte)); }
  static __m512i both(__m512i a, __m512i b) { return _mm512_and_si512(a, b); }
  static __m512i subtract(__m512i a, __m512i b) { return _mm512_sub_epi8(a, b); }
  static __m512i magnitude(__m512i a) { return _mm512_abs_epi8(a); }
  static __m512i add_products_of(__m512i sum, __m512i u, __m512i s) { return _mm512_dpbusd_epi32(sum, u, s); }
  static __m128i folded(__m512i sum) { return IntegerSums<int32_t>::folded(sum); }
  template <size_t n>
  static __m512i right(__m512i a) { return _mm512_srli_epi16(a, n); }
  template <size_t n>
  static __m512i left(__m512i a) { return _mm512_slli_epi16(a, n); }
};

struct Half : Layout<32, 1> {
  using Register = __m256i;
  static __m256i load(const std::byte* p) { return load_256(p); }
  static __m256i load_part(const std::byte* p, size_t n, bool) { return _mm256_maskz_loadu_epi8(ones(n), p); }
  static __m256i all(int byte) { return _mm256_set1_epi8(char(byte)); }
  static __m256i both(__m256i a, __m256i b) { return _mm256_and_si256(a, b); }
  static __m256i subtract(__m256i a, __m256i b) { return _mm256_sub_epi8(a, b); }
  static __m256i magnitude(__m256i a) { return _mm256_abs_epi8(a); }
  static __m256i add_products_of(__m256i sum, __m256i u, __m256i s) { return _mm256_dpbusd_epi32(sum, u, s); }
  static __m128i folded(__m256i sum) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  }
  template <size_t n>
  static __m256i right(__m256i a) { return _mm256_srli_epi16(a, n); }
  template <size_t n>
  static __m256i left(__m256i a) { return _mm256_slli_epi16(a, n); }
};

struct Quarter : Layout<16, 1> {
  using Register = __m128i;
  static __m128i load(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static __m128i load_part(const std::byte* p, size_t n, bool) { return _mm_maskz_loadu_epi8(ones(n), p); }
  static __m128i all(int byte) { return _mm_set1_epi8(char(byte)); }
  static __m128i both(__m128i a, __m128i b) { return _mm_and_si128(a, b); }
  static __m128i subtract(__m128i a, __m128i b) { return _mm_sub_epi8(a, b); }
  static __m128i magnitude(__m128i a) { return _mm_abs_epi8(a); }
  static __m128i add_products_of(__m128i sum, __m128i u, __m128i s) { return _mm_dpbusd_epi32(sum, u, s); }
  static __m128i folded(__m128i sum) { return sum; }
  template <size_t n>
  static __m128i right(__m128i a) { return _mm_srli_epi16(a, n); }
  template <size_t n>
  static __m128i left(__m128i a) { return _mm_slli_epi16(a, n); }
};

inline void with_registers_for(size_t bytes, auto use) {
  if (bytes > 32) return use(PackedRegisters<Wide>());
  if (bytes > 16) return use(PackedRegisters<Half>());
  use(PackedRegisters<Quarter>());
}

#include "kernels/lookup_x86.inl"
#include "kernels/lookup.inl"
#include "kernels/packed.inl"
#include "kernels/words.inl"
#include "kernels/table.inl"

}  // namespace

// Constant, so that no code of this file runs before the processor was asked.
constinit const KernelSet avx512_kernels = make_set("avx512");

}  // namespace omen

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
