// The nearest centroid of every part (TypeScript twin: `pq` of @omen/quant, which says more; equal codes and
// distances).
#include <algorithm>

#include "codecs/codecs.h"

namespace omen {
namespace {

// The place of the smallest number, the first if there are several; `count` is a multiple of 16. Lanes keep
// their own minimum, which a compiler makes one register of.
uint8_t first_of_least(const float* values, size_t count) {
  constexpr size_t kLanes = 16;
  if (count == kLanes) return uint8_t(std::min_element(values, values + count) - values);
  float lanes[kLanes];
  std::copy_n(values, kLanes, lanes);
  for (size_t start = kLanes; start < count; start += kLanes) {
    for (size_t i = 0; i < kLanes; i++)
      lanes[i] = values[start + i] < lanes[i] ? values[start + i] : lanes[i];
  }
  const float least = *std::min_element(lanes, lanes + kLanes);
  size_t place = 0;
  while (place + 1 < count && values[place] != least) place++;
  return uint8_t(place);
}

struct Range {
  float least;
  float most;
};

// Of 16 numbers: four at a time, which a compiler makes a register of.
Range range_of(const float* values) {
  float low[4], high[4];
  std::copy_n(values, 4, low);
  std::copy_n(values, 4, high);
  for (size_t start = 4; start < 16; start += 4) {
    for (size_t i = 0; i < 4; i++) {
      low[i] = values[start + i] < low[i] ? values[start + i] : low[i];
      high[i] = values[start + i] > high[i] ? values[start + i] : high[i];
    }
  }
  return {*std::min_element(low, low + 4), *std::max_element(high, high + 4)};
}

class ProductCodec final : public Codec {
 public:
  ProductCodec(const Shape& shape, size_t parts, unsigned bits, std::span<const float> tables)
      : Codec(packed_bytes(parts, bits), packed_bytes(parts, bits)),
        shape_(shape),
        parts_(parts),
        bits_(bits),
        base_(shape.metric == Metric::cosine ? 1.0f : 0.0f),
        tables_(tables.begin(), tables.end()) {}

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    auto* out = reinterpret_cast<uint8_t*>(code);
    const size_t bytes = code_bytes();
    if (bits_ == 4) std::fill(out, out + bytes, uint8_t(0));
    float squares[256];
    for (size_t part = 0; part < parts_; part++) {
      squares_of_part(x, part, squares);
      const uint8_t nearest = first_of_least(squares, centroids());
      if (bits_ == 8) {
        out[part] = nearest;
      } else if (part < bytes) {
        out[part] = nearest;
      } else {
        out[part - bytes] |= uint8_t(nearest << 4);
      }
    }
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    bind_floats(static_cast<const float*>(prepared), query);
    return Refusal::none;
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    thread_local std::vector<float> decoded;
    decoded.resize(shape_.dimension);
    for (size_t part = 0; part < parts_; part++) {
      const size_t centroid = code_of(code, part);
      for (size_t i = start_of(part); i < start_of(part + 1); i++)
        decoded[i] = tables_[i * centroids() + centroid];
    }
    bind_floats(decoded.data(), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    if (bits_ == 8) {
      const auto* table = static_cast<const float*>(query.code);
      const size_t share = view.share(count, 1);
      for (size_t i = 0; i < count; i++) {
        view.load_ahead(share);
        distances[i] = sum_of(table, view.at(rows[i])) + base_;
      }
      return;
    }
    kernels().rows_lookup_u4(query.code, view, rows, count, parts_, distances);
    const float multiplier = query.multiplier, bias = query.bias;
    for (size_t i = 0; i < count; i++) distances[i] = distances[i] * multiplier + bias;
  }

 private:
  size_t centroids() const { return size_t(1) << bits_; }
  // The first component of a part; parts' lengths differ by one at most.
  size_t start_of(size_t part) const { return part * shape_.dimension / parts_; }

  size_t code_of(const std::byte* code, size_t part) const {
    if (bits_ == 8) return uint8_t(code[part]);
    const size_t bytes = code_bytes();
    return part < bytes ? uint8_t(code[part]) & 15 : uint8_t(code[part - bytes]) >> 4;
  }

  // Writes what a part adds to the squared distance, for each centroid.
  void squares_of_part(const float* x, size_t part, float* out) const {
    const size_t count = centroids();
    std::fill(out, out + count, 0.0f);
    for (size_t i = start_of(part); i < start_of(part + 1); i++) {
      const float* values = &tables_[i * count];
      for (size_t c = 0; c < count; c++) {
        const float difference = x[i] - values[c];
        out[c] += difference * difference;
      }
    }
  }

  // Writes what a part adds to the distance, for each centroid.
  void bind_part(const float* x, size_t part, float* out) const {
    if (shape_.metric == Metric::l2) return squares_of_part(x, part, out);
    const size_t count = centroids();
    std::fill(out, out + count, 0.0f);
    for (size_t i = start_of(part); i < start_of(part + 1); i++) {
      const float* values = &tables_[i * count];
      for (size_t c = 0; c < count; c++) out[c] -= x[i] * values[c];
    }
  }

  void bind_floats(const float* x, QueryState& query) const {
    if (bits_ == 4) return bind_nibbles(x, query);
    auto* table = query.room<float>(parts_ * 256);
    for (size_t part = 0; part < parts_; part++) bind_part(x, part, table + part * 256);
  }

  // Tables of 16 bytes, all with the step of the part whose entries differ most.
  void bind_nibbles(const float* x, QueryState& query) const {
    thread_local std::vector<float> floats;
    floats.resize(parts_ * 17);
    float* least = floats.data() + parts_ * 16;
    float widest = 0;
    double sum = base_;
    for (size_t part = 0; part < parts_; part++) {
      float* entries = floats.data() + part * 16;
      bind_part(x, part, entries);
      const Range range = range_of(entries);
      least[part] = range.least;
      widest = std::max(widest, range.most - range.least);
      sum += range.least;
    }
    // Below, the inverse is beyond f32.
    const float inverse = widest > 1e-36f ? 255 / widest : 0;
    const size_t bytes = code_bytes();
    auto* table = query.room<uint8_t>(bytes * 32);
    std::fill(table, table + bytes * 32, uint8_t(0));
    for (size_t part = 0; part < parts_; part++) {
      uint8_t* entries = table + (part < bytes ? 32 * part : 32 * (part - bytes) + 16);
      for (size_t c = 0; c < 16; c++) {
        const float rounded = (floats[part * 16 + c] - least[part]) * inverse + 0.5f;
        entries[c] = uint8_t(int(rounded < 255 ? rounded : 255));
      }
    }
    query.multiplier = widest / 255;
    query.bias = float(sum);
  }

  // Four sums, in the order of the TypeScript twin.
  float sum_of(const float* table, const std::byte* code) const {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t p = 0;
    for (; p + 3 < parts_; p += 4, table += 1024) {
      s0 += table[uint8_t(code[p])];
      s1 += table[256 + uint8_t(code[p + 1])];
      s2 += table[512 + uint8_t(code[p + 2])];
      s3 += table[768 + uint8_t(code[p + 3])];
    }
    for (; p < parts_; p++, table += 256) s0 += table[uint8_t(code[p])];
    return (s0 + s1) + (s2 + s3);
  }

  const Shape shape_;
  const size_t parts_;
  const unsigned bits_;
  const float base_;
  const std::vector<float> tables_;  // component by component, its value in all centroids
};

}  // namespace

std::unique_ptr<Codec> make_product_codec(const Shape& shape, Parameters parameters) {
  if (shape.metric == Metric::hamming || parameters.size() < 2) return nullptr;
  const float parts = parameters[0], bits = parameters[1];
  if (!(parts >= 1 && parts <= float(shape.dimension)) || (bits != 4 && bits != 8)) return nullptr;
  const Parameters tables = parameters.subspan(2);
  if (tables.size() != size_t(shape.dimension) << unsigned(bits)) return nullptr;
  return std::make_unique<ProductCodec>(shape, size_t(parts), unsigned(bits), tables);
}

}  // namespace omen
