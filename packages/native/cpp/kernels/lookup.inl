// Sums of table entries, one for each packed field of 4 bits (see kernels.h); included like blocks.inl.
//
// L says how many rows are looked up at once, and how: rows, 0 for none, and block(tables, rows, bytes, out).

inline float lookup_row(const uint8_t* tables, const std::byte* row, size_t bytes) {
  uint32_t low = 0, high = 0;
  for (size_t j = 0; j < bytes; j++, tables += 32) {
    const auto byte = uint8_t(row[j]);
    low += tables[byte & 15];
    high += tables[16 + (byte >> 4)];
  }
  return float(low + high);
}

// What rows a block may at least be filled with, to be quicker than row by row.
inline constexpr size_t kWorthABlock = 6;

template <class L>
void lookup_rows(const void* query, RowsView view, const uint32_t* rows, size_t count, size_t dimension,
                 float* out) {
  const auto* tables = static_cast<const uint8_t*>(query);
  const size_t bytes = packed_bytes(dimension, 4);
  if constexpr (L::rows > 0) {
    const std::byte* at[L::rows];
    const size_t share = view.share(count, L::rows);
    while (count >= kWorthABlock) {
      const size_t length = count < L::rows ? count : L::rows;
      view.load_ahead(share);
      // Missing rows are the first again, whose line is at hand.
      for (size_t r = 0; r < L::rows; r++) at[r] = view.at(rows[r < length ? r : 0]);
      float sums[L::rows];
      L::block(tables, at, bytes, sums);
      for (size_t r = 0; r < length; r++) out[r] = sums[r];
      rows += length;
      out += length;
      count -= length;
    }
  }
  view.load_ahead(view.ahead.size());
  for (size_t r = 0; r < count; r++) out[r] = lookup_row(tables, view.at(rows[r]), bytes);
}
