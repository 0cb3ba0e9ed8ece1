// Vectors as they were given, of any length under cosine too (TypeScript twin: given of @omen/core).
#include <cstring>

#include "codecs/codecs.h"

namespace omen {
namespace {

class GivenCodec final : public Codec {
 public:
  GivenCodec(const Shape& shape, RowsKernel kernel)
      : Codec(shape.vector_bytes(), shape.vector_bytes()),
        dimension_(shape.dimension),
        negate_(shape.metric == Metric::dot),
        kernel_(kernel) {}

  Refusal encode(const void* prepared, std::byte* code) const override {
    std::memcpy(code, prepared, code_bytes());
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    return encode(prepared, query.room<std::byte>(code_bytes()));
  }

  void bind_row(const std::byte* code, QueryState& query) const override { query.code = code; }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    kernel_(query.code, view, rows, count, dimension_, distances);
    if (!negate_) return;
    for (size_t i = 0; i < count; i++) distances[i] = -distances[i];
  }

 private:
  const size_t dimension_;
  const bool negate_;
  const RowsKernel kernel_;
};

}  // namespace

std::unique_ptr<Codec> make_given_codec(const Shape& shape, Parameters parameters) {
  const RowsKernel kernel = kernels().rows[size_t(Element::f32)][size_t(shape.metric)];
  if (!kernel || !parameters.empty()) return nullptr;
  return std::make_unique<GivenCodec>(shape, kernel);
}

}  // namespace omen
