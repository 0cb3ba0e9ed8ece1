// Sums in double precision, four at a time, in the order of the TypeScript twin (dotF32 of @omen/core): equal
// to the bit.
#pragma once
#include <cstddef>

namespace omen {

inline double dot_in_double(const float* a, const float* b, size_t count) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  size_t i = 0;
  for (; i + 3 < count; i += 4) {
    s0 += double(a[i]) * double(b[i]);
    s1 += double(a[i + 1]) * double(b[i + 1]);
    s2 += double(a[i + 2]) * double(b[i + 2]);
    s3 += double(a[i + 3]) * double(b[i + 3]);
  }
  for (; i < count; i++) s0 += double(a[i]) * double(b[i]);
  return s0 + s1 + (s2 + s3);
}

}  // namespace omen
