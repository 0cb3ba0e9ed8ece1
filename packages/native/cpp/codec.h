// One kind of code: how vectors become codes, and how a bound query is compared with them (TypeScript twin:
// `Codec` of
// @omen/core, described to C++ by its `native`).
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernels.h"

namespace omen {

struct Shape {
  uint32_t dimension;
  Metric metric;
  // Bytes of one raw vector as the user gives it.
  size_t vector_bytes() const {
    return metric == Metric::hamming ? dimension / 8 : dimension * sizeof(float);
  }
};

// Why a vector was refused; the names are error codes in TypeScript.
enum class Refusal : uint8_t { none, not_finite, zero_vector, out_of_range };

// A vector as a codec compares it with rows: what the codec's bind leaves for its score.
struct QueryState {
  // What the kernel takes: the buffer, or a row's own code where that serves.
  const void* code = nullptr;
  float multiplier = 1;
  float bias = 0;
  // Of the codec's own.
  float factors[4] = {};
  std::vector<uint64_t> buffer;  // 64-bit words so that any element type is aligned

  // Room for `count` elements in the buffer, which becomes the code.
  template <class T>
  T* room(size_t count) {
    buffer.resize((count * sizeof(T) + 7) / 8);
    code = buffer.data();
    return reinterpret_cast<T*>(buffer.data());
  }
};

// Immutable once made, so that any number of threads may use one. A call a batch of rows is virtual, never
// one a row.
class Codec {
 public:
  Codec(size_t code_bytes, size_t scored_bytes) : code_bytes_(code_bytes), scored_bytes_(scored_bytes) {}
  virtual ~Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  // Encodes a prepared vector into `code_bytes` bytes; padding behind them is left alone.
  virtual Refusal encode(const void* prepared, std::byte* code) const = 0;
  // Binds a prepared vector (copied); out_of_range when the codes cannot hold it.
  virtual Refusal bind(const void* prepared, QueryState& query) const = 0;
  // Binds the vector that a row's code stands for (the code is borrowed).
  virtual void bind_row(const std::byte* code, QueryState& query) const = 0;
  // Writes the distances to `count` rows, whose codes start where the view's rows do.
  virtual void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
                     float* distances) const = 0;
  // How far the distance that score gives may be from the true one; infinity for codes without a bound.
  virtual float margin(const QueryState&, const std::byte*) const {
    return std::numeric_limits<float>::infinity();
  }

  size_t code_bytes() const { return code_bytes_; }
  // Bytes from the start of a code that scoring reads.
  size_t scored_bytes() const { return scored_bytes_; }

 private:
  size_t code_bytes_;
  size_t scored_bytes_;
};

}  // namespace omen
