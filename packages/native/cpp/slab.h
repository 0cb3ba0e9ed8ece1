// Fixed-size rows of bytes in chunks of 2^14, as TypeScript's `Slab` lays them out. TypeScript owns the memory.
#pragma once
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernels.h"

namespace omen {

inline constexpr uint32_t kNoRow = 0xffffffffu;
inline constexpr unsigned kChunkShift = 14;
inline constexpr uint32_t kChunkRows = 1u << kChunkShift;
inline constexpr uint32_t kChunkMask = kChunkRows - 1;

// The addresses of a slab's chunks. One thread attaches; any thread reads meanwhile: a table that became too small is
// replaced by a larger copy and kept until the slab goes, since a reader may still hold it.
class Slab {
 public:
  explicit Slab(size_t stride) : stride_(stride) { grow(64); }

  // `rows`: those that the chunk holds, kChunkRows but for the last chunk of a slab over a mapped file.
  void attach(std::byte* chunk, size_t rows = kChunkRows) {
    assert(capacity_rows_ % kChunkRows == 0 && rows <= kChunkRows);
    if (count_ == capacity_) grow(capacity_ * 2);
    tables_.back()[count_++] = chunk;
    capacity_rows_ += rows;
  }

  size_t stride() const { return stride_; }
  uint64_t capacity_rows() const { return capacity_rows_; }
  RowsView view() const { return {table_.load(std::memory_order_acquire), stride_}; }
  std::byte* at(uint32_t row) const {
    return table_.load(std::memory_order_acquire)[row >> kChunkShift] + size_t(row & kChunkMask) * stride_;
  }
  uint32_t* words(uint32_t row) const { return reinterpret_cast<uint32_t*>(at(row)); }

 private:
  void grow(size_t capacity) {
    auto table = std::make_unique<std::byte*[]>(capacity);
    for (size_t i = 0; i < count_; i++) table[i] = tables_.back()[i];
    table_.store(table.get(), std::memory_order_release);
    tables_.push_back(std::move(table));
    capacity_ = capacity;
  }

  size_t stride_;
  size_t count_ = 0;
  uint64_t capacity_rows_ = 0;
  size_t capacity_ = 0;
  std::atomic<std::byte**> table_{nullptr};
  std::vector<std::unique_ptr<std::byte*[]>> tables_;
};

}  // namespace omen
