// XXH3 with 64 bits, without a seed (Yann Collet, xxHash 0.8), fed in pieces: the checksum of everything on disk.
// Of more than 240 bytes only; what is shorter is hashed in another way, and not worth crossing the border for.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace omen {

class Xxh3 {
 public:
  static constexpr size_t kLeastBytes = 241;

  void update(std::span<const std::byte> bytes);
  uint64_t total() const { return total_; }
  // Of all that was fed, at least kLeastBytes.
  uint64_t value() const;

 private:
  using Lanes = std::array<uint64_t, 8>;
  static constexpr size_t kStripe = 64;
  static constexpr size_t kStripesPerBlock = 16;

  static void accumulate(Lanes& lanes, const std::byte* stripes, size_t count, size_t secret_at);
  void consume(const std::byte* stripes, size_t count);

  Lanes lanes_ = {0xc2b2ae3d,         0x9e3779b185ebca87, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9,
                  0x85ebca77c2b2ae63, 0x85ebca77,         0x27d4eb2f165667c5, 0x9e3779b1};
  size_t stripe_ = 0;   // of the block that has begun
  size_t held_ = 0;     // bytes that wait: the last stripe is treated differently, so one is always held back
  uint64_t total_ = 0;
  // The stripe before what waits, then what waits: the last 64 bytes of the input are in here.
  std::array<std::byte, 2 * kStripe> tail_ = {};
};

}  // namespace omen
