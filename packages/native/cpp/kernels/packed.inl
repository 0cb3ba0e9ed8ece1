// The loops over rows of packed fields (see kernels.h); included below blocks.inl, and for the same reason.
//
// Registers V say how bytes are loaded and summed:
//
//   step                     bytes of a register
//   load(p), load_part(p, n, behind)   as element types have it
//   add_products<bits, f…>(sum, q, row)   adds products of signed q[f] and the fields f of every byte
//   eightfold<f>(bytes)      8u of the 4-bit fields u
//   add_square(sum, q, u)    adds (q − u)² of unsigned numbers up to 127
//   Sum, total, totals       as element types have it
//
// A kernel P is registers and how one row is accumulated.

template <class V, size_t bits>
struct PackedDot : V {
  static constexpr size_t fields = packed_fields(bits);
  template <size_t... f>
  static typename V::Sum add(std::index_sequence<f...>, typename V::Sum sum, const typename V::Register* q,
                             typename V::Register row) {
    return V::template add_products<bits, f...>(sum, q, row);
  }
};

template <class V>
struct PackedL2 : V {
  static constexpr size_t fields = 2;
  template <size_t... f>
  static typename V::Sum add(std::index_sequence<f...>, typename V::Sum sum, const typename V::Register* q,
                             typename V::Register row) {
    ((sum = V::add_square(sum, q[f], V::template eightfold<f>(row))), ...);
    return sum;
  }
};

template <class P, size_t... row, size_t... f>
inline void packed_block(std::index_sequence<row...>, std::index_sequence<f...> fields,
                         const std::byte* query, const std::byte* const* rows, size_t part, float* out) {
  typename P::Sum sums[] = {(void(row), typename P::Sum{})...};
  size_t i = 0;
  for (; i + P::step <= part; i += P::step) {
    const typename P::Register q[] = {P::load(query + f * part + i)...};
    ((sums[row] = P::add(fields, sums[row], q, P::load(rows[row] + i))), ...);
  }
  const auto add_rest = [&](size_t rest, auto behind) {
    const typename P::Register q[] = {P::load_part(query + f * part + i, rest, behind)...};
    ((sums[row] = P::add(fields, sums[row], q, P::load_part(rows[row] + i, rest, behind))), ...);
  };
  if (i == 0) {
    add_rest(part, std::false_type());
  } else if (i < part) {
    add_rest(part - i, std::true_type());
  }
  if constexpr (sizeof...(row) == 4) {
    P::totals(sums[0], sums[1], sums[2], sums[3], out);
  } else {
    ((out[row] = float(P::total(sums[row]))), ...);
  }
}

template <class P, size_t count>
inline void packed_block_at(const std::byte* query, RowsView view, const uint32_t* rows, size_t part,
                            float* out) {
  const std::byte* at[count];
  for (size_t r = 0; r < count; r++) at[r] = view.at(rows[r]);
  packed_block<P>(std::make_index_sequence<count>(), std::make_index_sequence<P::fields>(), query, at, part,
                  out);
}

template <class P>
inline void packed_rows(const std::byte* query, RowsView view, const uint32_t* rows, size_t count,
                        size_t part, float* out) {
  const size_t share = view.share(count, 4);
  for (; count >= 4; count -= 4, rows += 4, out += 4) {
    view.load_ahead(share);
    packed_block_at<P, 4>(query, view, rows, part, out);
  }
  view.load_ahead(view.ahead.size());
  switch (count) {
    case 3:
      return packed_block_at<P, 3>(query, view, rows, part, out);
    case 2:
      return packed_block_at<P, 2>(query, view, rows, part, out);
    case 1:
      return packed_block_at<P, 1>(query, view, rows, part, out);
  }
}

// Registers no wider than the parts need: most of a wide one would be empty, and it costs as much as a full
// one.
template <template <class> class P, size_t bits>
void packed(const void* query, RowsView view, const uint32_t* rows, size_t count, size_t dimension,
            float* out) {
  const auto* q = static_cast<const std::byte*>(query);
  const size_t part = packed_bytes(dimension, bits);
  with_registers_for(
      part, [&](auto registers) { packed_rows<P<decltype(registers)>>(q, view, rows, count, part, out); });
}

template <RowsKernel rows>
float pair_by_rows(const void* a, const void* b, size_t dimension) {
  const auto* row = static_cast<const std::byte*>(b);
  const uint32_t first = 0;
  float value;
  rows(a, RowsView{&row, 0}, &first, 1, dimension, &value);
  return value;
}

template <class V>
using DotOfBits = PackedDot<V, 1>;
template <class V>
using DotOfPairs = PackedDot<V, 2>;
template <class V>
using DotOfNibbles = PackedDot<V, 4>;

constexpr void put_packed(KernelSet& set) {
  set.rows_dot_i8_packed[0] = packed<DotOfBits, 1>;
  set.rows_dot_i8_packed[1] = packed<DotOfPairs, 2>;
  set.rows_dot_i8_packed[2] = packed<DotOfNibbles, 4>;
  set.pair_dot_i8_packed[0] = pair_by_rows<packed<DotOfBits, 1>>;
  set.pair_dot_i8_packed[1] = pair_by_rows<packed<DotOfPairs, 2>>;
  set.pair_dot_i8_packed[2] = pair_by_rows<packed<DotOfNibbles, 4>>;
  set.rows_l2_u7_u4 = packed<PackedL2, 4>;
  set.pair_l2_u7_u4 = pair_by_rows<packed<PackedL2, 4>>;
}
