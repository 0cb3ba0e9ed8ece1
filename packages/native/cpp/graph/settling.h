// When a walk may end before all that it keeps is expanded. Twin: packages/hnsw/src/settling.ts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>

namespace omen {

// Tells when the closest candidates of a walk have settled: when none of them was new for a time that grows with the time
// that it took to find them (after Teofili & Lin 2025, "Patience in Proximity", where it is fixed). Where vectors are easy
// to find, or a query is, a walk ends after a part of what its beam would make it do; where they are not, it has all of it.
class Settling {
 public:
  // Never, so that a walk ends when all candidates are expanded.
  Settling() = default;
  // `places`: how many candidates count as closest. `persistence`: what of that time the walk goes on for.
  Settling(size_t places, double persistence) : places_(places), persistence_(persistence) {}

  // Whether to end in place of expanding the candidate at a place of the pool. One that is new among the closest is
  // expanded next.
  bool ends_at(size_t place) {
    if (places_ == 0) return false;
    expanded_++;
    if (place < places_) last_ = expanded_;
    return double(expanded_ - last_) > kLeast + persistence_ * double(last_);
  }

  // How many candidates of a pool can matter, as long as none is new among the closest: those that would be expanded by then,
  // and some more, since others will be dropped. A wider pool only takes longer to keep in order.
  size_t reach() const {
    if (places_ == 0) return std::numeric_limits<size_t>::max();
    return places_ + size_t(kSpare * (kLeast + (1 + persistence_) * double(last_)));
  }

 private:
  // Lists expanded beyond the closest in any case.
  static constexpr double kLeast = 30;
  static constexpr double kSpare = 1.2;

  size_t places_ = 0;
  double persistence_ = 0;
  uint32_t expanded_ = 0;
  uint32_t last_ = 0;  // what was expanded when one of the closest was
};

}  // namespace omen
