#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#ifdef _MSC_VER
#include <intrin.h>
#endif

// Distance kernels: one table of functions per instruction set, chosen once for this processor.
namespace omen {

// How the elements of a code are stored.
enum class Element : uint8_t { f32, f16, bf16, i8, u8, bits };
enum class Metric : uint8_t { l2, dot, cosine, hamming };

inline constexpr size_t element_count = 6;
inline constexpr size_t metric_count = 4;

// Bytes of a vector of so many elements.
inline size_t element_bytes(Element element, size_t dimension) {
  switch (element) {
    case Element::f32:
      return dimension * 4;
    case Element::f16:
    case Element::bf16:
      return dimension * 2;
    case Element::i8:
    case Element::u8:
      return dimension;
    case Element::bits:
      return dimension / 8;
  }
  return 0;
}

// Starts loading one cache line.
inline void prefetch_line(const void* address) {
#ifdef _MSC_VER
  _mm_prefetch(static_cast<const char*>(address), _MM_HINT_T0);
#else
  __builtin_prefetch(address);
#endif
}

// Starts loading every cache line of so many bytes, wherever in a line they start.
inline void prefetch_bytes(const std::byte* from, size_t bytes) {
  const std::byte* line = from - (reinterpret_cast<uintptr_t>(from) & 63);
  for (const std::byte* end = from + bytes; line < end; line += 64) prefetch_line(line);
}

// Where rows lie: chunks of 2^14 rows, `stride` bytes each (see slab.h), of which what is looked at starts at `offset`.
//
// Rows that are asked for next may go with it, for a kernel to load while it compares others. A processor can wait for
// some twenty lines only and stands still when it is asked for more: so a list's worth of loads at once costs more than
// the same loads spread over the comparisons of the list before.
struct RowsView {
  const std::byte* const* chunks;
  size_t stride;
  size_t offset = 0;
  std::span<const uint32_t> ahead = {};
  size_t ahead_bytes = 0;  // of each of them, from its beginning

  const std::byte* at(uint32_t row) const { return chunks[row >> 14] + size_t(row & 16383) * stride + offset; }
  // What lies `bytes` behind the beginning of each row, with nothing to load ahead.
  RowsView behind(size_t bytes) const { return {chunks, stride, offset + bytes}; }

  // How many rows to load ahead with each block of so many rows, for all to be under way before the last is compared.
  size_t share(size_t count, size_t block) const { return ahead.size() / (count / block + 1) + 1; }
  // Starts loading the next so many rows of those ahead.
  void load_ahead(size_t most) {
    const size_t count = most < ahead.size() ? most : ahead.size();
    for (size_t i = 0; i < count; i++) {
      prefetch_bytes(at(ahead[i]) - offset, ahead_bytes);
    }
    ahead = ahead.subspan(count);
  }
};

// Raw value between two vectors of `dimension` elements (bits: their number, a multiple of 8):
//
//   l2       Σ(a − b)²
//   dot      Σab
//   cosine   1 − Σab / √(Σa² Σb²), and 1 when either vector is zero
//   hamming  number of differing bits
//
// Integers are summed exactly (up to 65,536 elements) and then converted to float. Floats are summed in f32
// in an order of the set's own, with fused multiply-add where the set has it; sets differ from each other by
// rounding. Any alignment will do.
using PairKernel = float (*)(const void* a, const void* b, size_t dimension);

// The same from one vector to `count` rows: exactly the values the pair kernel of the set gives.
using RowsKernel = void (*)(const void* query, RowsView view, const uint32_t* rows, size_t count,
                            size_t dimension, float* out);

// Fields of 1, 2 or 4 bits, packed so that unpacking is a shift and a mask in any instruction set: a row has 8 / bits
// parts of packed_bytes each, one after another in the query and one above another in the bytes of the row. Field f of
// byte j (from the lowest bits up) is component f · packed_bytes + j, so that a query has its components in order, and
// zeros behind them up to a whole number of parts. Missing fields of a row are zero.
constexpr size_t packed_fields(size_t bits) { return 8 / bits; }
constexpr size_t packed_bytes(size_t dimension, size_t bits) {
  return (dimension + packed_fields(bits) - 1) / packed_fields(bits);
}

struct KernelSet {
  const char* name;
  // By element and metric; nullptr where the combination makes no sense (bits by l2, f32 by hamming).
  PairKernel pair[element_count][metric_count];
  RowsKernel rows[element_count][metric_count];
  // Σab of signed a (the query) and unsigned b (the rows).
  PairKernel pair_dot_i8_u8;
  RowsKernel rows_dot_i8_u8;
  // Σqu of a signed byte q (the query) and packed fields u of 1 << index bits.
  PairKernel pair_dot_i8_packed[3];
  RowsKernel rows_dot_i8_packed[3];
  // Σ(q − 8u)² of q from 0 to 127 (the query, on a grid eight times finer) and packed fields u of 4 bits.
  PairKernel pair_l2_u7_u4;
  RowsKernel rows_l2_u7_u4;
  // Σ of the entries of tables (the query) that packed fields of 4 bits name: 16 unsigned bytes for the lower field of a
  // byte, then 16 for its upper one, for each byte of a row.
  RowsKernel rows_lookup_u4;
  // Rounds numbers, of which none is NaN, to halves, to nearest even: equal in all sets.
  void (*f16_from_f32)(const float* x, size_t count, uint16_t* halves);
  // Σab of signed words of one vector with each of four others, which lie one after another; all sums on the way must be
  // within an int32_t.
  void (*dots_i16)(const int16_t* a, const int16_t* four, size_t dimension, int32_t* sums);
};

// Every set that this processor can run, best first.
std::span<const KernelSet* const> available_kernels();

// The set in use: the one that OMEN_KERNELS names when it is available, else the best.
const KernelSet& kernels();

// What OMEN_KERNELS asked for in vain; nullptr when it is unset or was heeded.
const char* refused_kernels();

}  // namespace omen
