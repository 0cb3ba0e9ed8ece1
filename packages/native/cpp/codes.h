// Codes in a slab, and a query bound to them: distances by row (TypeScript twin: the codecs of @omen/quant).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "pool.h"
#include "slab.h"

namespace omen {

struct Shape {
  uint32_t dimension;
  Metric metric;
  // Bytes of one raw vector as the user gives it.
  size_t vector_bytes() const { return metric == Metric::hamming ? dimension / 8 : dimension * sizeof(float); }
};

// Why a vector was refused; the names are error codes in TypeScript.
enum class Refusal : uint8_t { none, not_finite, zero_vector, out_of_range };

// Checks a raw vector and brings it to the form that codes take (twin: prepareVectors). `target` may be `source`.
Refusal prepare_vector(const Shape& shape, const void* source, void* target);

class Codes;

// A query in the codes' own space: distance = raw · multiplier + bias, where raw is what the kernel gives.
class BoundQuery {
 public:
  // Binds a prepared vector (copied); out_of_range when the codes cannot hold it.
  Refusal bind(const Codes& codes, const void* prepared);
  // Binds the vector a row's code stands for (borrowed where the code itself serves).
  void bind_row(const Codes& codes, uint32_t row);
  // Writes the distances to `count` rows; their codes should have been prefetched.
  void score(const uint32_t* rows, size_t count, float* distances) const;

 private:
  void use(const Codes& codes);
  void bind_i8(const Codes& codes, const float* prepared);

  const Codes* codes_ = nullptr;
  const void* code_ = nullptr;
  float multiplier_ = 1;
  float bias_ = 0;
  std::vector<uint64_t> buffer_;  // 64-bit words so that any element type is aligned
};

class Codes {
 public:
  Codes(Shape shape, Element element, float scale, float offset, size_t bytes_per_row);

  const Shape& shape() const { return shape_; }
  Slab& slab() { return slab_; }
  const Slab& slab() const { return slab_; }

  // Encodes a prepared vector into `code` (bytes_per_row bytes, padding left alone).
  Refusal encode(const void* prepared, std::byte* code) const;
  // Encodes a row's raw vector, preparing it first in `scratch` (vector_bytes).
  Refusal encode_row(const void* raw, uint32_t row, std::byte* scratch) const;

  bool scorable() const { return kernel_ != nullptr; }
  // u8 codes under inner product score i8 queries, each with a scale of its own.
  bool binds_to_i8() const { return element_ == Element::u8 && shape_.metric == Metric::dot; }

  void prefetch(uint32_t row) const {
    const std::byte* code = slab_.at(row);
    for (size_t line = 0; line < code_bytes_; line += 64) __builtin_prefetch(code + line);
  }

 private:
  friend class BoundQuery;
  Shape shape_;
  Element element_;
  float scale_;
  float offset_;
  float inverse_;
  size_t code_bytes_;  // without padding
  RowsKernel kernel_;
  float multiplier_ = 1;
  float bias_ = 0;
  Slab slab_;
};

// Bits of rows that may be returned; a row beyond the words is not accepted. No words: all rows are.
struct Accept {
  const uint32_t* words = nullptr;
  size_t word_count = 0;
  explicit operator bool() const { return words != nullptr; }
  bool has(uint32_t row) const {
    return !words || ((row >> 5) < word_count && (words[row >> 5] >> (row & 31) & 1));
  }
  uint64_t count() const;
};

// Keeps the pool's capacity of closest rows among 0 … row_count − 1 that `accept` and `state` (1 = alive; may be null)
// let through: the exact answer by these codes.
void scan(const BoundQuery& query, const Codes& codes, uint32_t row_count, Accept accept, const Slab* state,
          CandidatePool& pool);

// Writes a pool's first candidates within `radius` as results, clamped to the metric's range; returns how many.
size_t write_results(Metric metric, std::span<const Candidate> candidates, size_t k, float radius, uint32_t* rows,
                     float* distances);

}  // namespace omen
