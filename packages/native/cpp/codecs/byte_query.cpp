#include "codecs/byte_query.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace omen {

// All are written so that compilers make wide instructions of them, of which a maximum of floats and floor are none.

float largest_magnitude(const float* x, size_t count) {
  // Magnitudes are ordered as their bits are.
  int32_t largest_bits = 0;
  for (size_t i = 0; i < count; i++) {
    largest_bits = std::max(largest_bits, std::bit_cast<int32_t>(x[i]) & 0x7fffffff);
  }
  return std::bit_cast<float>(largest_bits);
}

void round_to_steps(const float* x, size_t count, float offset, float inverse, float last, uint8_t* codes) {
  for (size_t i = 0; i < count; i++) {
    const float scaled = (x[i] - offset) * inverse + 0.5f;
    codes[i] = uint8_t(int32_t(std::clamp(scaled, 0.0f, last)));
  }
}

float round_to_bytes(const float* x, size_t count, int8_t* codes) {
  const float largest = largest_magnitude(x, count);
  const float inverse = largest > 0 ? 127 / largest : 0;
  // Where all components are below the range of the inverse: 0 · ∞ is no number, and 0 in TypeScript.
  if (!(inverse <= std::numeric_limits<float>::max())) {
    for (size_t i = 0; i < count; i++) codes[i] = x[i] == 0 ? 0 : (x[i] > 0 ? 127 : -127);
    return largest / 127;
  }
  for (size_t i = 0; i < count; i++) {
    codes[i] = int8_t(std::clamp(whole_below(x[i] * inverse + 0.5f), -127, 127));
  }
  return largest / 127;
}

}  // namespace omen
