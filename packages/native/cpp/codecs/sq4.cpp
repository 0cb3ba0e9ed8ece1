// 4 bits a component, x ≈ scale · e + offset (TypeScript twin: sq4 of @omen/quant; equal codes and
// distances).
#include <algorithm>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "codecs/packed.h"

namespace omen {
namespace {

constexpr size_t kBits = 4;
// Steps of a query's grid for one of the codes'.
constexpr float kFiner = 8;

// Working memory for one vector.
std::vector<uint8_t>& scratch_fields(size_t dimension) {
  thread_local std::vector<uint8_t> fields;
  fields.resize(dimension);
  return fields;
}

class Sq4Codec final : public Codec {
 public:
  Sq4Codec(const Shape& shape, float scale, float offset)
      : Codec(packed_bytes(shape.dimension, kBits), packed_bytes(shape.dimension, kBits)),
        shape_(shape),
        scale_(scale),
        offset_(offset),
        inverse_(1 / scale),
        kernel_(shape.metric == Metric::dot ? kernels().rows_dot_i8_packed[2] : kernels().rows_l2_u7_u4) {
    const float squared = scale * scale / (kFiner * kFiner);
    // Unit vectors: 1 − cos = ½ |a − b|².
    l2_multiplier_ = shape.metric == Metric::cosine ? 0.5f * squared : squared;
  }

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    std::vector<uint8_t>& fields = scratch_fields(shape_.dimension);
    round_to_steps(x, fields.size(), offset_, inverse_, 15, fields.data());
    pack_fields(fields.data(), fields.size(), kBits, code);
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    const auto* x = static_cast<const float*>(prepared);
    if (shape_.metric == Metric::dot) {
      bind_dot(x, query);
      return Refusal::none;
    }
    round_to_steps(x, shape_.dimension, offset_, kFiner * inverse_, 127, l2_query(query));
    return Refusal::none;
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    const size_t dimension = shape_.dimension;
    if (shape_.metric != Metric::dot) {
      uint8_t* fields = l2_query(query);
      unpack_fields(code, dimension, kBits, fields);
      for (size_t i = 0; i < dimension; i++) fields[i] = uint8_t(fields[i] << 3);
      return;
    }
    thread_local std::vector<float> decoded;
    decoded.resize(dimension);
    std::vector<uint8_t>& fields = scratch_fields(dimension);
    unpack_fields(code, dimension, kBits, fields.data());
    for (size_t i = 0; i < dimension; i++) decoded[i] = scale_ * float(fields[i]) + offset_;
    bind_dot(decoded.data(), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    kernel_(query.code, view, rows, count, shape_.dimension, distances);
    const float multiplier = query.multiplier, bias = query.bias;
    for (size_t i = 0; i < count; i++) distances[i] = distances[i] * multiplier + bias;
  }

 private:
  // A query's components, and zeros behind them up to whole parts.
  size_t components() const { return code_bytes() * packed_fields(kBits); }

  uint8_t* l2_query(QueryState& query) const {
    auto* fields = query.room<uint8_t>(components());
    std::fill(fields + shape_.dimension, fields + components(), uint8_t(0));
    query.multiplier = l2_multiplier_;
    query.bias = 0;
    return fields;
  }

  // Both sums are of the rounded query, as the TypeScript twin says.
  void bind_dot(const float* x, QueryState& query) const {
    auto* bytes = query.room<int8_t>(components());
    std::fill(bytes + shape_.dimension, bytes + components(), int8_t(0));
    const float step = round_to_bytes(x, shape_.dimension, bytes);
    int32_t sum = 0;
    for (size_t i = 0; i < shape_.dimension; i++) sum += bytes[i];
    query.multiplier = -(scale_ * step);
    query.bias = -(offset_ * (step * float(sum)));
  }

  const Shape shape_;
  const float scale_;
  const float offset_;
  const float inverse_;
  const RowsKernel kernel_;
  float l2_multiplier_;
};

}  // namespace

std::unique_ptr<Codec> make_sq4_codec(const Shape& shape, Parameters parameters) {
  if (shape.metric == Metric::hamming || parameters.size() != 2 || !(parameters[0] > 0)) return nullptr;
  return std::make_unique<Sq4Codec>(shape, parameters[0], parameters[1]);
}

}  // namespace omen
