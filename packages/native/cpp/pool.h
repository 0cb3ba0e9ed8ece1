// The candidates of a search: a sorted array with a cursor, and a heap for filtered searches.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace omen {

// A distance and a row in one integer whose order is (distance, row): every comparison breaks ties the same way.
using Candidate = uint64_t;

inline Candidate make_candidate(float distance, uint32_t row) {
  uint32_t bits = std::bit_cast<uint32_t>(distance + 0.0f);  // −0 becomes +0: the two must compare as equal
  bits ^= bits >> 31 ? 0xffffffffu : 0x80000000u;            // order of floats to order of unsigned integers
  return uint64_t(bits) << 32 | row;
}
inline uint32_t row_of(Candidate candidate) { return uint32_t(candidate); }
inline float distance_of(Candidate candidate) {
  uint32_t bits = uint32_t(candidate >> 32);
  bits ^= bits >> 31 ? 0x80000000u : 0xffffffffu;
  return std::bit_cast<float>(bits);
}

// The best `capacity` candidates seen, closest first, and which of them were expanded (native.md: a linear pool beats
// two heaps, since inserts are few and near the end, and memmove is fast).
class CandidatePool {
 public:
  void reset(size_t capacity) {
    capacity_ = capacity;
    size_ = cursor_ = 0;
    if (candidates_.size() < capacity + 1) {
      candidates_.resize(capacity + 1);
      expanded_.resize(capacity + 1);
    }
  }

  size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  Candidate operator[](size_t i) const { return candidates_[i]; }
  const Candidate* begin() const { return candidates_.data(); }
  const Candidate* end() const { return candidates_.data() + size_; }
  Candidate worst() const { return candidates_[size_ - 1]; }
  // Whether a candidate would be kept.
  bool admits(Candidate candidate) const { return size_ < capacity_ || candidate < candidates_[size_ - 1]; }

  void insert(Candidate candidate) {
    if (!admits(candidate)) return;
    size_t low = 0;
    for (size_t length = size_; length > 0;) {
      const size_t half = length / 2;
      const bool right = candidates_[low + half] < candidate;
      low = right ? low + half + 1 : low;
      length = right ? length - half - 1 : half;
    }
    const size_t tail = size_ - low;
    std::memmove(&candidates_[low + 1], &candidates_[low], tail * sizeof(Candidate));
    std::memmove(&expanded_[low + 1], &expanded_[low], tail);
    candidates_[low] = candidate;
    expanded_[low] = 0;
    if (size_ < capacity_) size_++;
    if (low < cursor_) cursor_ = low;
  }

  // The closest candidate not yet expanded, now marked so; kNone when there is none.
  static constexpr Candidate kNone = ~Candidate(0);
  Candidate expand_next() {
    const Candidate next = peek();
    if (next != kNone) expanded_[cursor_++] = 1;
    return next;
  }
  // The candidate that expand_next would give.
  Candidate peek() {
    while (cursor_ < size_ && expanded_[cursor_]) cursor_++;
    return cursor_ < size_ ? candidates_[cursor_] : kNone;
  }

 private:
  std::vector<Candidate> candidates_;
  std::vector<uint8_t> expanded_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;
};

// Rows seen during one search: one bit each, and a list of them in the order seen. What was set is cleared again row by
// row, or all at once when that is less.
class VisitedSet {
 public:
  // Rows from `limit` on count as seen: they were added after the search began.
  void reset(uint32_t limit) {
    const size_t words = (size_t(limit) + 63) / 64;
    if (size_ * 4 > words) {
      std::fill(bits_.begin(), bits_.end(), 0);
    } else {
      for (size_t i = 0; i < size_; i++) bits_[rows_[i] >> 6] = 0;
    }
    size_ = 0;
    limit_ = limit;
    if (bits_.size() < words) {
      bits_.resize(words + words / 4);
      // Room for every row and one more, so that nobody asks; pages never written take no memory.
      rows_ = std::make_unique_for_overwrite<uint32_t[]>(bits_.size() * 64 + 1);
    }
  }

  // Marks a row; seen before or not costs the same.
  void insert(uint32_t row) {
    if (row >= limit_) return;
    uint64_t& word = bits_[row >> 6];
    const uint64_t bit = uint64_t(1) << (row & 63);
    rows_[size_] = row;
    size_ += (word & bit) == 0;
    word |= bit;
  }

  size_t size() const { return size_; }
  // The rows seen since there were `before` of them: borrowed until the next reset.
  std::span<const uint32_t> since(size_t before) const { return {rows_.get() + before, size_ - before}; }

 private:
  std::vector<uint64_t> bits_;
  std::unique_ptr<uint32_t[]> rows_;
  size_t size_ = 0;
  uint32_t limit_ = 0;
};

}  // namespace omen
