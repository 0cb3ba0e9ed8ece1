// Tables of 16 bytes looked up in registers, for 32 rows at once: a register has the same byte of all of them
// (André, Kermarrec and Le Scouarnec, "Cache Locality Is Not Enough", 2015). 256 bits also where there are
// 512, since wider shuffles take as much longer as they do more. Included above lookup.inl.

struct Lookup {
  static constexpr size_t rows = 32;

  // Sums of bytes in 16 bits: of both bytes of a lane together, whose carries are those of the odd ones' sum.
  struct Sums {
    __m256i both{}, odd{};
    void add(__m256i bytes) {
      both = _mm256_add_epi16(both, bytes);
      odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
    }
    void flush(uint32_t* totals) const {
      const __m256i even = _mm256_sub_epi16(both, _mm256_slli_epi16(odd, 8));
      alignas(32) uint16_t evens[16], odds[16];
      _mm256_store_si256(reinterpret_cast<__m256i*>(evens), even);
      _mm256_store_si256(reinterpret_cast<__m256i*>(odds), odd);
      for (size_t i = 0; i < 16; i++) {
        totals[2 * i] += evens[i];
        totals[2 * i + 1] += odds[i];
      }
    }
  };

  // So many bytes of 16 bits hold: two entries of 255 each.
  static constexpr size_t kBytesPerFlush = 128;

  static void block(const uint8_t* tables, const std::byte* const* at, size_t bytes, float* out) {
    uint32_t totals[rows] = {};
    Sums low, high;
    const __m256i nibble = _mm256_set1_epi8(15);
    for (size_t j = 0; j < bytes; j += 16) {
      __m256i columns[16];
      // The last bytes stand at the end of 16 that are loaded from in front of them, as far as there are so
      // many.
      const size_t length = bytes - j < 16 ? bytes - j : 16;
      const size_t back = bytes < 16 ? 0 : 16 - length;
      load(at, j - back, bytes < 16 ? bytes : 16, columns);
      transpose(columns);
      for (size_t c = 0; c < length; c++) {
        const __m256i column = columns[back + c];
        const uint8_t* table = tables + 32 * (j + c);
        low.add(_mm256_shuffle_epi8(broadcast(table), _mm256_and_si256(column, nibble)));
        high.add(_mm256_shuffle_epi8(broadcast(table + 16),
                                     _mm256_and_si256(_mm256_srli_epi16(column, 4), nibble)));
      }
      if (j % kBytesPerFlush == kBytesPerFlush - 16 || j + 16 >= bytes) {
        low.flush(totals);
        high.flush(totals);
        low = high = Sums();
      }
    }
    for (size_t r = 0; r < rows; r++) out[r] = float(totals[r]);
  }

  static __m256i broadcast(const uint8_t* table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  }

  // Row r in the lower, row r + 16 in the upper half of register r.
  static void load(const std::byte* const* at, size_t from, size_t length, __m256i (&registers)[16]) {
    for (size_t r = 0; r < 16; r++) {
      registers[r] = _mm256_inserti128_si256(_mm256_castsi128_si256(load_half(at[r] + from, length)),
                                             load_half(at[r + 16] + from, length), 1);
    }
  }
  static __m128i load_half(const std::byte* p, size_t length) {
    if (length == 16) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    alignas(16) std::byte padded[16] = {};
    memcpy(padded, p, length);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(padded));
  }

  // Turns 16 rows of 16 bytes into columns, in both halves: each pass moves one bit of a byte's place from
  // the register to the position in it.
  static void transpose(__m256i (&registers)[16]) {
    for (size_t pass = 0; pass < 4; pass++) {
      __m256i next[16];
      for (size_t i = 0; i < 8; i++) {
        next[2 * i] = _mm256_unpacklo_epi8(registers[i], registers[i + 8]);
        next[2 * i + 1] = _mm256_unpackhi_epi8(registers[i], registers[i + 8]);
      }
      for (size_t i = 0; i < 16; i++) registers[i] = next[i];
    }
  }
};
