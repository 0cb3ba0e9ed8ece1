// The candidates of a search: a sorted array with a cursor.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace omen {

// A distance and a row in one integer whose order is (distance, row): every comparison breaks ties the same way.
using Candidate = uint64_t;

inline Candidate make_candidate(float distance, uint32_t row) {
  uint32_t bits = std::bit_cast<uint32_t>(distance + 0.0f);  // −0 becomes +0: the two must compare as equal
  bits ^= uint32_t(int32_t(bits) >> 31) | 0x80000000u;        // order of floats to order of unsigned integers
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
    most_ = capacity_ = capacity;
    factor_ = kNoLimit;
    size_ = cursor_ = 0;
    if (candidates_.size() < capacity + 1) {
      candidates_.resize(capacity + 1);
      expanded_.resize(capacity + 1);
    }
  }

  // Keeps fewer candidates than it was reset to, until it is allowed more; one that is dropped is gone.
  void limit(size_t capacity) { capacity_ = std::min(capacity, most_); }

  // Keeps nothing farther than `factor` (at least 1) times the distance of the candidate at `places`, counted from 1, until
  // the next reset.
  void within(size_t places, float factor) {
    places_ = places;
    factor_ = factor;
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
    if (admits(candidate)) merge({&candidate, 1});
  }

  // Inserts a batch of rows. Most are farther than the last candidate: they are passed over without a branch, and the
  // few others move each candidate of the pool at most once, however many they are.
  void insert(std::span<const uint32_t> rows, const float* distances) {
    if (fresh_.size() < rows.size()) fresh_.resize(rows.size());
    const float bound = std::min(full() ? distance_of(worst()) : kNoLimit, farthest());
    Candidate* const fresh = fresh_.data();
    size_t count = 0;
    for (size_t i = 0; i < rows.size(); i++) {
      fresh[count] = make_candidate(distances[i], rows[i]);
      count += distances[i] <= bound;
    }
    if (count == 0) return;
    for (size_t i = 1; i < count; i++) {  // insertion sort: they are few
      const Candidate candidate = fresh_[i];
      size_t j = i;
      for (; j > 0 && candidate < fresh_[j - 1]; j--) fresh_[j] = fresh_[j - 1];
      fresh_[j] = candidate;
    }
    merge({fresh_.data(), count});
  }

  // Drops candidates whose rows fail a test, and all but the first `most` of the others. A pool that was full stays so,
  // whatever is left: there may be more behind the last.
  template <class Test>
  void keep(Test test, size_t most) {
    const bool more = full();
    size_t kept = 0;
    for (size_t i = 0; i < size_ && kept < most; i++) {
      if (test(row_of(candidates_[i]))) candidates_[kept++] = candidates_[i];
    }
    size_ = cursor_ = kept;
    capacity_ = more ? kept : most;
  }

  // The closest candidate not yet expanded, now marked so; kNone when there is none.
  static constexpr Candidate kNone = ~Candidate(0);
  Candidate expand_next() {
    const Candidate next = peek();
    if (next != kNone) expanded_[cursor_++] = 1;
    return next;
  }
  // The place of the candidate that peek gave, if it gave one.
  size_t next_place() const { return cursor_; }
  // The candidate that expand_next would give.
  Candidate peek() {
    while (cursor_ < size_ && expanded_[cursor_]) cursor_++;
    return cursor_ < size_ ? candidates_[cursor_] : kNone;
  }

 private:
  // Merges sorted candidates, from the back, each run of older ones moved once to its final place.
  void merge(std::span<const Candidate> fresh) {
    size_t left = size_;         // older candidates not yet placed
    size_t count = fresh.size();  // fresh ones not yet placed
    while (left + count > capacity_) {
      if (left > 0 && candidates_[left - 1] > fresh[count - 1]) {
        left--;
      } else if (--count == 0) {
        return;
      }
    }
    size_ = left + count;
    for (; count > 0; count--) {
      const size_t at = lower_bound(fresh[count - 1], left);
      std::memmove(&candidates_[at + count], &candidates_[at], (left - at) * sizeof(Candidate));
      std::memmove(&expanded_[at + count], &expanded_[at], left - at);
      candidates_[at + count - 1] = fresh[count - 1];
      expanded_[at + count - 1] = 0;
      left = at;
    }
    cursor_ = std::min(cursor_, left);
    if (factor_ < kNoLimit) {
      for (const float bound = farthest(); size_ > places_ && distance_of(worst()) > bound;) size_--;
    }
  }

  // How far a candidate may be. Estimates may be below zero; nothing is as close as what is.
  float farthest() const {
    if (factor_ == kNoLimit || size_ < places_) return kNoLimit;
    return std::max(0.0f, distance_of(candidates_[places_ - 1])) * factor_;
  }

  // How many of the first `length` candidates are closer: a binary search without unpredictable branches.
  size_t lower_bound(Candidate candidate, size_t length) const {
    const Candidate* first = candidates_.data();
    while (length > 1) {
      const size_t half = length / 2;
      first += size_t(first[half - 1] < candidate) * half;  // a multiplication, lest a branch be guessed wrong
      length -= half;
    }
    return size_t(first - candidates_.data()) + (length == 1 && *first < candidate);
  }

  static constexpr float kNoLimit = std::numeric_limits<float>::infinity();

  std::vector<Candidate> candidates_;
  std::vector<uint8_t> expanded_;
  std::vector<Candidate> fresh_;
  size_t most_ = 0;
  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;
  size_t places_ = 0;
  float factor_ = kNoLimit;
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

  // Whether a row was seen.
  bool has(uint32_t row) const { return row >= limit_ || (bits_[row >> 6] >> (row & 63) & 1) != 0; }
  // Marks a row; whether it was not seen before.
  bool add(uint32_t row) {
    if (row >= limit_) return false;
    const bool fresh = mark(row, bits_[row >> 6], rows_[size_]);
    size_ += fresh;
    return fresh;
  }

  // Marks the rows of a list and gives those not seen before: borrowed until the next reset.
  template <class Load>
  std::span<const uint32_t> insert_list(uint32_t capacity, Load load) {
    // Copies, which stay in registers while the set is written to.
    uint64_t* const bits = bits_.data();
    uint32_t* const fresh = rows_.get() + size_;
    const uint32_t limit = limit_;
    size_t count = 0;
    for (uint32_t i = 0; i < capacity; i++) {
      const uint32_t row = load(i);
      if (row < limit) {
        count += mark(row, bits[row >> 6], fresh[count]);
      } else if (row == ~uint32_t(0)) {
        break;
      }
    }
    size_ += count;
    return {fresh, count};
  }

 private:
  // Writes the row into the list's next place in any case, so that new or not costs the same; whether it was new.
  static bool mark(uint32_t row, uint64_t& word, uint32_t& place) {
    const bool fresh = (word >> (row & 63) & 1) == 0;
    place = row;
    word |= uint64_t(1) << (row & 63);
    return fresh;
  }

  std::vector<uint64_t> bits_;
  std::unique_ptr<uint32_t[]> rows_;
  size_t size_ = 0;
  uint32_t limit_ = 0;
};

}  // namespace omen
