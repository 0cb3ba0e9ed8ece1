// Codes in a slab, and a query bound to them: distances by row (TypeScript twin: the codecs of @omen/quant).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codec.h"
#include "kernels/kernels.h"
#include "pool.h"
#include "slab.h"

namespace omen {

// Checks a raw vector and brings it to the form that codes take (twin: prepareVectors). `target` may be `source`.
Refusal prepare_vector(const Shape& shape, const void* source, void* target);

class Codes;

// A query in the codes' own space.
class BoundQuery {
 public:
  // Binds a prepared vector (copied); out_of_range when the codes cannot hold it.
  Refusal bind(const Codes& codes, const void* prepared);
  // Binds the vector a row's code stands for (borrowed where the code itself serves).
  void bind_row(const Codes& codes, uint32_t row);
  // Writes the distances to `count` rows, whose codes should have been prefetched; meanwhile starts loading those of the
  // rows ahead.
  void score(const uint32_t* rows, size_t count, float* distances, std::span<const uint32_t> ahead = {}) const;
  // How far the distance to a row that score gives may be from the true one; infinity for codes without a bound.
  float margin(uint32_t row) const;

 private:
  const Codes* codes_ = nullptr;
  QueryState state_;
};

class Codes {
 public:
  // `bytes_per_row` is at least the codec's code_bytes.
  Codes(const Shape& shape, std::unique_ptr<const Codec> codec, size_t bytes_per_row)
      : shape_(shape), codec_(std::move(codec)), scored_bytes_(codec_->scored_bytes()), slab_(bytes_per_row) {}

  const Shape& shape() const { return shape_; }
  const Codec& codec() const { return *codec_; }
  Slab& slab() { return slab_; }
  const Slab& slab() const { return slab_; }

  // Encodes a row's raw vector, preparing it first in `scratch` (vector_bytes).
  Refusal encode_row(const void* raw, uint32_t row, std::byte* scratch) const;

  // Starts loading what scoring reads of a row.
  void prefetch(uint32_t row) const {
    prefetch_bytes(slab_.at(row), scored_bytes_);
  }

 private:
  Shape shape_;
  std::unique_ptr<const Codec> codec_;
  size_t scored_bytes_;  // a copy, so that prefetching touches nothing else
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
};

// Keeps the pool's capacity of closest rows among 0 … row_count − 1 that `accept` and `state` (1 = alive; may be null)
// let through: the exact answer by these codes. Returns how many rows it compared.
uint32_t scan(const BoundQuery& query, const Codes& codes, uint32_t row_count, Accept accept, const Slab* state,
          CandidatePool& pool);

// Writes a pool's first candidates within `radius` as results, clamped to the metric's range; returns how many.
size_t write_results(Metric metric, std::span<const Candidate> candidates, size_t k, float radius, uint32_t* rows,
                     float* distances);

}  // namespace omen
