// One element a component, x ≈ scale · e + offset: the codes of none, f16, bf16 and sq8.
#include <cstring>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "half.h"

namespace omen {
namespace {

// The kernel that ranks rows: unit vectors rank by inner product, and u8 codes of them by l2, which needs no
// sums.
Metric kernel_metric(Element element, Metric metric) {
  if (metric != Metric::cosine) return metric;
  return element == Element::u8 ? Metric::l2 : Metric::dot;
}

class ScalarCodec final : public Codec {
 public:
  ScalarCodec(const Shape& shape, Element element, float scale, float offset, RowsKernel kernel)
      : Codec(element_bytes(element, shape.dimension), element_bytes(element, shape.dimension)),
        shape_(shape),
        element_(element),
        scale_(scale),
        offset_(offset),
        inverse_(1 / scale),
        kernel_(kernel) {
    const bool integer = element == Element::u8;
    switch (shape.metric) {
      case Metric::l2:
        if (integer) multiplier_ = scale * scale;
        break;
      case Metric::dot:
        multiplier_ = -1;
        break;
      case Metric::cosine:  // unit vectors: 1 − cos = ½ |a − b|²
        multiplier_ = integer ? 0.5f * (scale * scale) : -1;
        bias_ = integer ? 0 : 1;
        break;
      case Metric::hamming:
        break;
    }
  }

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    const uint32_t dimension = shape_.dimension;
    switch (element_) {
      case Element::f32:
      case Element::bits:
        std::memcpy(code, prepared, code_bytes());
        break;
      case Element::f16:
        if (largest_magnitude(x, dimension) > kMaxF16) return Refusal::out_of_range;
        kernels().f16_from_f32(x, dimension, reinterpret_cast<uint16_t*>(code));
        break;
      case Element::bf16: {
        auto* out = reinterpret_cast<uint16_t*>(code);
        for (uint32_t i = 0; i < dimension; i++) out[i] = bf16_from_f32(x[i]);
        break;
      }
      case Element::u8:
        round_to_steps(x, dimension, offset_, inverse_, 255, reinterpret_cast<uint8_t*>(code));
        break;
      case Element::i8:  // queries only; no codec stores it
        break;
    }
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    if (binds_to_i8()) {
      bind_i8(static_cast<const float*>(prepared), query);
      return Refusal::none;
    }
    query.multiplier = multiplier_;
    query.bias = bias_;
    return encode(prepared, query.room<std::byte>(code_bytes()));
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    if (!binds_to_i8()) {
      query.multiplier = multiplier_;
      query.bias = bias_;
      query.code = code;
      return;
    }
    thread_local std::vector<float> decoded;
    decoded.resize(shape_.dimension);
    for (uint32_t i = 0; i < shape_.dimension; i++) decoded[i] = scale_ * float(uint8_t(code[i])) + offset_;
    bind_i8(decoded.data(), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    kernel_(query.code, view, rows, count, shape_.dimension, distances);
    const float multiplier = query.multiplier, bias = query.bias;
    if (multiplier == 1 && bias == 0) return;
    for (size_t i = 0; i < count; i++) distances[i] = distances[i] * multiplier + bias;
  }

 private:
  // u8 codes under inner product score i8 queries, each with a scale of its own.
  bool binds_to_i8() const { return element_ == Element::u8 && shape_.metric == Metric::dot; }

  // Σ qx with x = scale · a + offset and q = t · b: scale · t · Σab + offset · Σq. The second term is the
  // query's alone.
  void bind_i8(const float* prepared, QueryState& query) const {
    double sum = 0;
    for (uint32_t i = 0; i < shape_.dimension; i++) sum += prepared[i];
    const float step = round_to_bytes(prepared, shape_.dimension, query.room<int8_t>(shape_.dimension));
    query.multiplier = -(scale_ * step);
    query.bias = -float(double(offset_) * sum);
  }

  const Shape shape_;
  const Element element_;
  const float scale_;
  const float offset_;
  const float inverse_;
  const RowsKernel kernel_;
  float multiplier_ = 1;
  float bias_ = 0;
};

}  // namespace

std::unique_ptr<Codec> make_scalar_codec(const Shape& shape, Parameters parameters) {
  if (parameters.size() != 3 || !(parameters[0] >= 0 && parameters[0] < element_count)) return nullptr;
  const auto element = Element(uint8_t(parameters[0]));
  const RowsKernel kernel =
      element == Element::u8 && shape.metric == Metric::dot
          ? kernels().rows_dot_i8_u8
          : kernels().rows[size_t(element)][size_t(kernel_metric(element, shape.metric))];
  if (!kernel || !(parameters[1] > 0)) return nullptr;
  return std::make_unique<ScalarCodec>(shape, element, parameters[1], parameters[2], kernel);
}

}  // namespace omen
