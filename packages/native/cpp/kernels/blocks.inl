// What the wide instruction sets share: metrics, and the loops over components and rows. The file of each set
// includes this inside its own anonymous namespace and below its own target pragma, so that every set gets a
// copy compiled for itself and none leaks to another through the linker.
//
// An element type E says how vectors of it are read and summed:
//
//   step, width              elements that one load takes, and bytes of one
//   load(p)                  `step` elements
//   load_part(p, n, behind)  n < step elements and zeros;
//                            `behind`: a whole step lies in front of p and may be read (known when this is
//                            compiled: std::true_type or std::false_type)
//   subtract(a, b)           lane by lane
//   Sum                      lanes of sums, at first zero
//   multiply_add(sum, a, b)  adds the products of lanes
//   total(sum)               all lanes of a sum
//   totals(a, b, c, d, out)  the same for four sums, as floats; lanes are added in the same order, so that
//                            a value does not depend on the rows computed beside it
//
// A kernel is a metric over elements: `Sums` is what it accumulates for one row, `Query` how its query is
// loaded.

template <size_t count, size_t bytes>
struct Layout {
  static constexpr size_t step = count, width = bytes;
  // How many of them a vector has.
  static size_t elements(size_t dimension) { return dimension; }
};

template <class E>
struct L2 : E {
  using Query = E;
  struct Sums {
    typename E::Sum sum{};
    void add(auto a, auto b) {
      const auto difference = E::subtract(a, b);
      sum = E::multiply_add(sum, difference, difference);
    }
    auto value() const { return sum; }
  };
};

template <class E, class Q = E>
struct Dot : E {
  using Query = Q;
  struct Sums {
    typename E::Sum sum{};
    void add(auto a, auto b) { sum = E::multiply_add(sum, a, b); }
    auto value() const { return sum; }
  };
};

template <class E>
struct Cosine : E {
  using Query = E;
  struct Sums {
    typename E::Sum ab{}, aa{}, bb{};
    void add(auto a, auto b) {
      ab = E::multiply_add(ab, a, b);
      aa = E::multiply_add(aa, a, a);
      bb = E::multiply_add(bb, b, b);
    }
    float distance() const { return cosine_distance(E::total(ab), E::total(aa), E::total(bb)); }
  };
};

template <class K, size_t count>
inline void finish(const typename K::Sums (&sums)[count], float* out) {
  if constexpr (requires { sums[0].distance(); }) {
    for (size_t r = 0; r < count; r++) out[r] = sums[r].distance();
  } else if constexpr (count == 4) {
    K::totals(sums[0].value(), sums[1].value(), sums[2].value(), sums[3].value(), out);
  } else if constexpr (count == 1) {
    out[0] = float(K::total(sums[0].value()));
  } else {
    float four[4];
    K::totals(sums[0].value(), sums[1].value(), sums[count - 1].value(), sums[count - 1].value(), four);
    for (size_t r = 0; r < count; r++) out[r] = four[r];
  }
}

// Several rows in one pass: their additions do not wait for each other, the query is loaded once for all of
// them, and four rows share one horizontal sum. The rows are numbered at compile time, so that their sums
// stay in registers.
template <class K, size_t... row>
inline void block(std::index_sequence<row...>, const std::byte* query, const std::byte* const* rows,
                  size_t dimension, float* out) {
  using Query = typename K::Query;
  typename K::Sums sums[sizeof...(row)];
  size_t i = 0;
  for (; i + K::step <= dimension; i += K::step) {
    const auto a = Query::load(query + i * K::width);
    (sums[row].add(a, K::load(rows[row] + i * K::width)), ...);
  }
  const auto add_rest = [&](size_t rest, auto behind) {
    const auto a = Query::load_part(query + i * K::width, rest, behind);
    (sums[row].add(a, K::load_part(rows[row] + i * K::width, rest, behind)), ...);
  };
  if (i == 0) {
    add_rest(dimension, std::false_type());
  } else if (i < dimension) {
    add_rest(dimension - i, std::true_type());
  }
  finish<K>(sums, out);
}

template <class K, size_t count>
inline void block_at(const std::byte* query, RowsView view, const uint32_t* rows, size_t dimension,
                     float* out) {
  const std::byte* at[count];
  for (size_t r = 0; r < count; r++) at[r] = view.at(rows[r]);
  block<K>(std::make_index_sequence<count>(), query, at, dimension, out);
}

template <class K>
float pair(const void* a, const void* b, size_t dimension) {
  const auto* row = static_cast<const std::byte*>(b);
  float value;
  block<K>(std::make_index_sequence<1>(), static_cast<const std::byte*>(a), &row, K::elements(dimension),
           &value);
  return value;
}

template <class K>
void rows(const void* query, RowsView view, const uint32_t* rows, size_t count, size_t dimension,
          float* out) {
  const auto* q = static_cast<const std::byte*>(query);
  const size_t elements = K::elements(dimension);
  const size_t share = view.share(count, 4);
  for (; count >= 4; count -= 4, rows += 4, out += 4) {
    view.load_ahead(share);
    block_at<K, 4>(q, view, rows, elements, out);
  }
  view.load_ahead(view.ahead.size());
  switch (count) {
    case 3:
      return block_at<K, 3>(q, view, rows, elements, out);
    case 2:
      return block_at<K, 2>(q, view, rows, elements, out);
    case 1:
      return block_at<K, 1>(q, view, rows, elements, out);
  }
}
