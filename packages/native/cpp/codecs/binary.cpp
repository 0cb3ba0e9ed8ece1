// One bit a component: above its mean or not (TypeScript twin: `binary` of @omen/quant, which says more;
// equal codes and distances).
#include <algorithm>
#include <cstring>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "codecs/planes.h"
#include "codecs/sums.h"

namespace omen {
namespace {

class BinaryCodec final : public Codec {
 public:
  BinaryCodec(const Shape& shape, std::span<const float> mean, std::span<const float> spread)
      : Codec(packed_bytes(shape.dimension, 1), packed_bytes(shape.dimension, 1)),
        shape_(shape),
        bits_(1, shape.dimension),
        mean_(mean.begin(), mean.end()),
        spread_(spread.begin(), spread.end()) {}

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    thread_local std::vector<uint8_t> fields;
    fields.resize(shape_.dimension);
    for (size_t i = 0; i < fields.size(); i++) fields[i] = x[i] >= mean_[i];
    bits_.pack(fields.data(), code);
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    bind_floats(static_cast<const float*>(prepared), query);
    return Refusal::none;
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    thread_local std::vector<uint8_t> fields;
    thread_local std::vector<float> decoded;
    fields.resize(shape_.dimension);
    decoded.resize(shape_.dimension);
    bits_.unpack(code, fields.data());
    for (size_t i = 0; i < decoded.size(); i++) {
      decoded[i] = mean_[i] + (fields[i] != 0 ? spread_[i] : -spread_[i]);
    }
    bind_floats(decoded.data(), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    bits_.dot(query.code, view, rows, count, distances);
    const float centre = query.factors[0], multiplier = query.multiplier, bias = query.bias;
    for (size_t i = 0; i < count; i++) distances[i] = (distances[i] - centre) * multiplier + bias;
  }

 private:
  void bind_floats(const float* x, QueryState& query) const {
    const size_t dimension = shape_.dimension;
    thread_local std::vector<float> weights;
    weights.resize(dimension);
    const bool l2 = shape_.metric == Metric::l2;
    if (l2) {
      for (size_t i = 0; i < dimension; i++) weights[i] = x[i] - mean_[i];
      query.bias = float(dot_in_double(weights.data(), weights.data(), dimension) +
                         dot_in_double(spread_.data(), spread_.data(), dimension));
      for (size_t i = 0; i < dimension; i++) weights[i] *= spread_[i];
    } else {
      for (size_t i = 0; i < dimension; i++) weights[i] = x[i] * spread_[i];
      const double one = shape_.metric == Metric::cosine ? 1 : 0;
      query.bias = float(one - dot_in_double(x, mean_.data(), dimension));
    }
    auto* bytes = query.room<int8_t>(dimension + kPadding);
    const float step = round_to_bytes(weights.data(), dimension, bytes);
    std::fill(bytes + dimension, bytes + dimension + kPadding, int8_t(0));
    int64_t sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += bytes[i];
    query.factors[0] = float(double(sum) / 2);
    query.multiplier = (l2 ? -4 : -2) * step;
  }

  // Packed fields fill whole bytes: up to seven beyond the last component.
  static constexpr size_t kPadding = 7;

  const Shape shape_;
  const Planes bits_;
  const std::vector<float> mean_;
  const std::vector<float> spread_;
};

}  // namespace

std::unique_ptr<Codec> make_binary_codec(const Shape& shape, Parameters parameters) {
  if (shape.metric == Metric::hamming || parameters.size() != 2 * size_t(shape.dimension)) return nullptr;
  return std::make_unique<BinaryCodec>(shape, parameters.first(shape.dimension),
                                       parameters.subspan(shape.dimension));
}

}  // namespace omen
