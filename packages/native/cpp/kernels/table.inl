// The table of a wide instruction set, from the names that its file has defined; included like blocks.inl. I8
// and U8 take the type that their 32-bit sums are read as: Σ(a − b)² of signed bytes needs the 32nd bit,
// their Σab is signed.

template <class K>
constexpr void put(KernelSet& set, Element element, Metric metric) {
  set.pair[size_t(element)][size_t(metric)] = pair<K>;
  set.rows[size_t(element)][size_t(metric)] = rows<K>;
}

constexpr KernelSet make_set(const char* name) {
  KernelSet set{};
  set.name = name;
  put<L2<F32>>(set, Element::f32, Metric::l2);
  put<Dot<F32>>(set, Element::f32, Metric::dot);
  put<Cosine<F32>>(set, Element::f32, Metric::cosine);
  put<L2<F16>>(set, Element::f16, Metric::l2);
  put<Dot<F16>>(set, Element::f16, Metric::dot);
  put<Cosine<F16>>(set, Element::f16, Metric::cosine);
  put<L2<Bf16>>(set, Element::bf16, Metric::l2);
  put<Dot<Bf16>>(set, Element::bf16, Metric::dot);
  put<Cosine<Bf16>>(set, Element::bf16, Metric::cosine);
  put<L2<I8<uint32_t>>>(set, Element::i8, Metric::l2);
  put<Dot<I8<int32_t>>>(set, Element::i8, Metric::dot);
  put<Cosine<I8<int32_t>>>(set, Element::i8, Metric::cosine);
  put<L2U8>(set, Element::u8, Metric::l2);
  put<Dot<U8<uint32_t>>>(set, Element::u8, Metric::dot);
  put<Cosine<U8<uint32_t>>>(set, Element::u8, Metric::cosine);
  put<Hamming>(set, Element::bits, Metric::hamming);
  set.pair_dot_i8_u8 = pair<DotI8U8>;
  set.rows_dot_i8_u8 = rows<DotI8U8>;
  put_packed(set);
  set.rows_lookup_u4 = lookup_rows<Lookup>;
  set.f16_from_f32 = f16_from_f32;
  set.dots_i16 = dots_i16;
  return set;
}
