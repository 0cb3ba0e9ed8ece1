#include "xxh3.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace omen {
namespace {

constexpr std::array<uint8_t, 192> kSecret = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9,
    0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78,
    0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
    0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71,
    0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3,
    0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8,
    0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa,
    0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b,
    0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95,
    0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e};
constexpr size_t kScrambleAt = 192 - 64;
constexpr size_t kLastStripeAt = 192 - 64 - 7;
constexpr size_t kMergeAt = 11;

uint64_t read64(const void* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// The upper half of a product of 64 by 64 bits, folded onto the lower.
uint64_t multiply_fold(uint64_t a, uint64_t b) {
  const uint64_t low = (a & 0xffffffff) * (b & 0xffffffff);
  const uint64_t cross = (a >> 32) * (b & 0xffffffff) + (low >> 32);
  const uint64_t middle = (a & 0xffffffff) * (b >> 32) + (cross & 0xffffffff);
  return ((a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32)) ^ (middle << 32 | (low & 0xffffffff));
}

}  // namespace

void Xxh3::accumulate(Lanes& lanes, const std::byte* stripes, size_t count, size_t secret_at) {
  Lanes own = lanes;
  for (size_t n = 0; n < count; n++) {
    const std::byte* stripe = stripes + n * kStripe;
    const uint8_t* secret = kSecret.data() + secret_at + n * 8;
    // In pairs, as compilers turn them into wide instructions.
    for (size_t i = 0; i < 8; i += 2) {
      const uint64_t first = read64(stripe + 8 * i), second = read64(stripe + 8 * i + 8);
      const uint64_t a = first ^ read64(secret + 8 * i), b = second ^ read64(secret + 8 * i + 8);
      own[i] += second + (a & 0xffffffff) * (a >> 32);
      own[i + 1] += first + (b & 0xffffffff) * (b >> 32);
    }
  }
  lanes = own;
}

void Xxh3::consume(const std::byte* stripes, size_t count) {
  while (count > 0) {
    const size_t some = std::min(count, kStripesPerBlock - stripe_);
    accumulate(lanes_, stripes, some, stripe_ * 8);
    stripes += some * kStripe;
    count -= some;
    stripe_ += some;
    if (stripe_ < kStripesPerBlock) continue;
    stripe_ = 0;
    for (size_t i = 0; i < 8; i++) {
      lanes_[i] = (lanes_[i] ^ lanes_[i] >> 47 ^ read64(kSecret.data() + kScrambleAt + 8 * i)) * 0x9e3779b1u;
    }
  }
}

void Xxh3::update(std::span<const std::byte> bytes) {
  total_ += bytes.size();
  const size_t filling = std::min(bytes.size(), kStripe - held_);
  if (filling > 0) std::memcpy(tail_.data() + kStripe + held_, bytes.data(), filling);
  held_ += filling;
  bytes = bytes.subspan(filling);
  if (bytes.empty()) return;
  // More follows, so what was held is a whole stripe and not the last one.
  consume(tail_.data() + kStripe, 1);
  std::memcpy(tail_.data(), tail_.data() + kStripe, kStripe);
  const size_t stripes = (bytes.size() - 1) / kStripe;
  consume(bytes.data(), stripes);
  if (stripes > 0) std::memcpy(tail_.data(), bytes.data() + (stripes - 1) * kStripe, kStripe);
  bytes = bytes.subspan(stripes * kStripe);
  std::memcpy(tail_.data() + kStripe, bytes.data(), bytes.size());
  held_ = bytes.size();
}

uint64_t Xxh3::value() const {
  assert(total_ >= kLeastBytes);
  Lanes lanes = lanes_;
  accumulate(lanes, tail_.data() + held_, 1, kLastStripeAt);
  uint64_t hash = total_ * 0x9e3779b185ebca87;
  for (size_t i = 0; i < 4; i++) {
    const uint8_t* secret = kSecret.data() + kMergeAt + 16 * i;
    hash += multiply_fold(lanes[2 * i] ^ read64(secret), lanes[2 * i + 1] ^ read64(secret + 8));
  }
  hash = (hash ^ hash >> 37) * 0x165667919e3779f9;
  return hash ^ hash >> 32;
}

}  // namespace omen
