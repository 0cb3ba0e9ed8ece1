// Sums of products of 16-bit integers. Plain loops: compilers know the instructions that multiply and add pairs of them, in
// every set.

// Four sums side by side, lest every element of `a` be loaded anew for each.
inline void dots_i16(const int16_t* a, const int16_t* four, size_t dimension, int32_t* sums) {
  const int16_t *b0 = four, *b1 = b0 + dimension, *b2 = b1 + dimension, *b3 = b2 + dimension;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (size_t i = 0; i < dimension; i++) {
    const int32_t x = a[i];
    s0 += x * b0[i];
    s1 += x * b1[i];
    s2 += x * b2[i];
    s3 += x * b3[i];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}
