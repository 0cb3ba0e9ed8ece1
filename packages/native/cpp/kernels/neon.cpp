// NEON as every 64-bit Arm has it; the dot product instructions where the compiler may assume them (Apple
// silicon, or -march=armv8.2-a+dotprod).
#include "kernels/kernels.h"

#if defined(__aarch64__) || defined(_M_ARM64)
#include <arm_neon.h>

#include <utility>

#include "kernels/sets.h"

namespace omen {
namespace {

#include "kernels/blocks.inl"

inline const uint8_t* bytes_at(const std::byte* p) {
  return reinterpret_cast<const uint8_t*>(p);
}

// Calls `use` with the address of `size` bytes of which the given ones are n, and the others to be cleared by
// `mask`: the vector's own memory where that lies in front of them, else a copy.
template <size_t size, class Use>
inline auto with_part(const std::byte* p, size_t n, bool behind, Use use) {
  if (behind) return use(bytes_at(p) + n - size, kLastBytes + 32 - size + n);
  uint8_t copy[size] = {};
  for (size_t i = 0; i < n; i++) copy[i] = bytes_at(p)[i];
  return use(copy, kLastBytes + 32);
}

inline uint8x16_t masked_128(const uint8_t* p, const uint8_t* mask) {
  return vandq_u8(vld1q_u8(p), vld1q_u8(mask));
}
inline uint8x8_t masked_64(const uint8_t* p, const uint8_t* mask) {
  return vand_u8(vld1_u8(p), vld1_u8(mask));
}

// How lanes are multiplied and summed.

struct Floats {
  float32x4_t low{}, high{};
};

struct FloatSums {
  using Sum = Floats;
  static Floats subtract(Floats a, Floats b) { return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)}; }
  static Sum multiply_add(Sum sum, Floats a, Floats b) {
    return {vfmaq_f32(sum.low, a.low, b.low), vfmaq_f32(sum.high, a.high, b.high)};
  }

  static float32x4_t totals(Sum a, Sum b, Sum c, Sum d) {
    const float32x4_t ab = vpaddq_f32(vaddq_f32(a.low, a.high), vaddq_f32(b.low, b.high));
    const float32x4_t cd = vpaddq_f32(vaddq_f32(c.low, c.high), vaddq_f32(d.low, d.high));
    return vpaddq_f32(ab, cd);
  }
  static float total(Sum sum) { return vgetq_lane_f32(totals(sum, sum, sum, sum), 0); }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) { vst1q_f32(out, totals(a, b, c, d)); }
};

template <class Number>
struct IntegerSums {
  using Sum = uint32x4_t;
  static Number total(Sum sum) { return Number(vaddvq_u32(sum)); }
  static void totals(Sum a, Sum b, Sum c, Sum d, float* out) {
    const uint32x4_t sums = vpaddq_u32(vpaddq_u32(a, b), vpaddq_u32(c, d));
    vst1q_f32(out, Number(-1) < 0 ? vcvtq_f32_s32(vreinterpretq_s32_u32(sums)) : vcvtq_f32_u32(sums));
  }
};

// Lanes of 16 bits, whose products are 32 bits wide.
template <class Number>
struct ShortSums : IntegerSums<Number> {
  static int16x8_t subtract(int16x8_t a, int16x8_t b) { return vsubq_s16(a, b); }
  static uint32x4_t multiply_add(uint32x4_t sum, int16x8_t a, int16x8_t b) {
    const int32x4_t low = vmlal_s16(vreinterpretq_s32_u32(sum), vget_low_s16(a), vget_low_s16(b));
    return vreinterpretq_u32_s32(vmlal_high_s16(low, a, b));
  }
};

// How elements are loaded.

struct F32 : Layout<8, 4>, FloatSums {
  static Floats load(const std::byte* p) {
    return {vreinterpretq_f32_u8(vld1q_u8(bytes_at(p))), vreinterpretq_f32_u8(vld1q_u8(bytes_at(p) + 16))};
  }
  static Floats load_part(const std::byte* p, size_t n, bool behind) {
    return with_part<32>(p, 4 * n, behind, [](const uint8_t* from, const uint8_t* mask) {
      return Floats{vreinterpretq_f32_u8(masked_128(from, mask)),
                    vreinterpretq_f32_u8(masked_128(from + 16, mask + 16))};
    });
  }
};

template <class E>
struct Halves : Layout<8, 2>, FloatSums {
  static Floats load(const std::byte* p) { return E::widen(vreinterpretq_u16_u8(vld1q_u8(bytes_at(p)))); }
  static Floats load_part(const std::byte* p, size_t n, bool behind) {
    return with_part<16>(p, 2 * n, behind, [](const uint8_t* from, const uint8_t* mask) {
      return E::widen(vreinterpretq_u16_u8(masked_128(from, mask)));
    });
  }
};
struct F16 : Halves<F16> {
  static Floats widen(uint16x8_t v) {
    const float16x8_t halves = vreinterpretq_f16_u16(v);
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
  }
};
inline void f16_from_f32(const float* x, size_t count, uint16_t* halves) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    vst1_u16(halves + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
  }
  for (; i < count; i++) halves[i] = vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x[i]))), 0);
}

struct Bf16 : Halves<Bf16> {
  static Floats widen(uint16x8_t v) {
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(v), 16)),
            vreinterpretq_f32_u32(vshll_high_n_u16(v, 16))};
  }
};

template <class Number, class E>
struct Widened : Layout<8, 1>, ShortSums<Number> {
  static int16x8_t load(const std::byte* p) { return E::widen(vld1_u8(bytes_at(p))); }
  static int16x8_t load_part(const std::byte* p, size_t n, bool behind) {
    return with_part<8>(p, n, behind, [](const uint8_t* from, const uint8_t* mask) {
      return E::widen(masked_64(from, mask));
    });
  }
};
template <class Number>
struct I8 : Widened<Number, I8<Number>> {
  static int16x8_t widen(uint8x8_t v) { return vmovl_s8(vreinterpret_s8_u8(v)); }
};
template <class Number>
struct U8 : Widened<Number, U8<Number>> {
  static int16x8_t widen(uint8x8_t v) { return vreinterpretq_s16_u16(vmovl_u8(v)); }
};

using DotI8U8 = Dot<U8<int32_t>, I8<int32_t>>;

struct Bytes : Layout<16, 1>, IntegerSums<uint32_t> {
  using Query = Bytes;
  static uint8x16_t load(const std::byte* p) { return vld1q_u8(bytes_at(p)); }
  static uint8x16_t load_part(const std::byte* p, size_t n, bool behind) {
    return with_part<16>(p, n, behind, masked_128);
  }
};

struct L2U8 : Bytes {
  struct Sums {
    uint32x4_t sum{};
    void add(uint8x16_t a, uint8x16_t b) {
      const uint8x16_t d = vabdq_u8(a, b);
#ifdef __ARM_FEATURE_DOTPROD
      sum = vdotq_u32(sum, d, d);
#else
      sum = vpadalq_u16(sum, vmull_u8(vget_low_u8(d), vget_low_u8(d)));
      sum = vpadalq_u16(sum, vmull_high_u8(d, d));
#endif
    }
    uint32x4_t value() const {
      return sum;
    }
  };
};

struct Hamming : Bytes {
  static size_t elements(size_t bits) { return bits / 8; }
  struct Sums {
    uint32x4_t sum{};
    void add(uint8x16_t a, uint8x16_t b) { sum = vpadalq_u16(sum, vpaddlq_u8(vcntq_u8(veorq_u8(a, b)))); }
    uint32x4_t value() const { return sum; }
  };
};

// Registers for packed fields, which are below 128 and so as good as signed.
struct PackedRegisters : Bytes {
  using Register = uint8x16_t;
  using Sum = int32x4_t;
  template <size_t bits, size_t f>
  static uint8x16_t field(uint8x16_t bytes) {
    return vandq_u8(right<bits * f>(bytes), vdupq_n_u8((1 << bits) - 1));
  }
  // 8u of the 4-bit field u.
  template <size_t f>
  static uint8x16_t eightfold(uint8x16_t bytes) {
    if constexpr (f == 0) return vandq_u8(vshlq_n_u8(bytes, 3), vdupq_n_u8(0x78));
    return vandq_u8(vshrq_n_u8(bytes, 1), vdupq_n_u8(0x78));
  }
  template <size_t n>
  static uint8x16_t right(uint8x16_t bytes) {
    if constexpr (n == 0) return bytes;
    else return vshrq_n_u8(bytes, n);
  }
  static int32x4_t add_signed(int32x4_t sum, int8x16_t a, int8x16_t b) {
#ifdef __ARM_FEATURE_DOTPROD
    return vdotq_s32(sum, a, b);
#else
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    return vpadalq_s16(sum, vmull_high_s8(a, b));
#endif
  }
  template <size_t bits, size_t... f>
  static int32x4_t add_products(int32x4_t sum, const uint8x16_t* q, uint8x16_t row) {
    ((sum = add_signed(sum, vreinterpretq_s8_u8(q[f]), vreinterpretq_s8_u8(field<bits, f>(row)))), ...);
    return sum;
  }
  static int32x4_t add_square(int32x4_t sum, uint8x16_t q, uint8x16_t u) {
    const int8x16_t difference = vreinterpretq_s8_u8(vabdq_u8(q, u));
    return add_signed(sum, difference, difference);
  }
  static int32_t total(int32x4_t sum) { return vaddvq_s32(sum); }
  static void totals(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, float* out) {
    vst1q_f32(out, vcvtq_f32_s32(vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d))));
  }
};

inline void with_registers_for(size_t, auto use) { use(PackedRegisters()); }

// Row by row.
struct Lookup {
  static constexpr size_t rows = 0;
};

#include "kernels/lookup.inl"
#include "kernels/packed.inl"
#include "kernels/words.inl"
#include "kernels/table.inl"

}  // namespace

// Constant, so that no code of this file runs before the processor was asked.
constinit const KernelSet neon_kernels = make_set("neon");

}  // namespace omen

#endif
