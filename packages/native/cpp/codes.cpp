#include "codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "half.h"

namespace omen {
namespace {

// Twins of MAX_SQUARED_LENGTH and MIN_SQUARED_LENGTH in core/src/metric.ts.
constexpr double kMaxSquaredLength = 1.7e38;
constexpr double kMinSquaredLength = 1e-36;

size_t code_bytes_of(Element element, uint32_t dimension) {
  switch (element) {
    case Element::f32: return dimension * 4;
    case Element::f16:
    case Element::bf16: return dimension * 2;
    case Element::i8:
    case Element::u8: return dimension;
    case Element::bits: return dimension / 8;
  }
  return 0;
}

// The kernel that ranks rows: unit vectors rank by inner product, and u8 codes of them by l2, which needs no sums.
Metric kernel_metric(Element element, Metric metric) {
  if (metric != Metric::cosine) return metric;
  return element == Element::u8 ? Metric::l2 : Metric::dot;
}

// Rounds half up after scaling, each step in f32 as the TypeScript twin does.
uint8_t quantize_u8(float x, float offset, float inverse) {
  const float scaled = (x - offset) * inverse + 0.5f;
  return uint8_t(std::clamp(scaled, 0.0f, 255.0f));
}

}  // namespace

Refusal prepare_vector(const Shape& shape, const void* source, void* target) {
  if (shape.metric == Metric::hamming) {
    if (target != source) std::memcpy(target, source, shape.vector_bytes());
    return Refusal::none;
  }
  const auto* in = static_cast<const float*>(source);
  auto* out = static_cast<float*>(target);
  double squared = 0;
  for (uint32_t i = 0; i < shape.dimension; i++) squared += double(in[i]) * double(in[i]);
  if (!(squared <= kMaxSquaredLength)) return Refusal::not_finite;
  if (shape.metric == Metric::cosine) {
    if (squared < kMinSquaredLength) return Refusal::zero_vector;
    const double scale = 1 / std::sqrt(squared);
    for (uint32_t i = 0; i < shape.dimension; i++) out[i] = float(double(in[i]) * scale);
  } else if (target != source) {
    std::memcpy(target, source, shape.vector_bytes());
  }
  return Refusal::none;
}

Codes::Codes(Shape shape, Element element, float scale, float offset, size_t bytes_per_row)
    : shape_(shape),
      element_(element),
      scale_(scale),
      offset_(offset),
      inverse_(1 / scale),
      code_bytes_(code_bytes_of(element, shape.dimension)),
      kernel_(kernels().rows[size_t(element)][size_t(kernel_metric(element, shape.metric))]),
      slab_(bytes_per_row) {
  const bool integer = element == Element::u8;
  if (binds_to_i8()) kernel_ = kernels().rows_dot_i8_u8;
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

Refusal Codes::encode(const void* prepared, std::byte* code) const {
  const auto* x = static_cast<const float*>(prepared);
  const uint32_t dimension = shape_.dimension;
  switch (element_) {
    case Element::f32:
    case Element::bits:
      std::memcpy(code, prepared, code_bytes_);
      break;
    case Element::f16: {
      auto* out = reinterpret_cast<uint16_t*>(code);
      for (uint32_t i = 0; i < dimension; i++) {
        if (std::fabs(x[i]) > kMaxF16) return Refusal::out_of_range;
        out[i] = f16_from_f32(x[i]);
      }
      break;
    }
    case Element::bf16: {
      auto* out = reinterpret_cast<uint16_t*>(code);
      for (uint32_t i = 0; i < dimension; i++) out[i] = bf16_from_f32(x[i]);
      break;
    }
    case Element::u8: {
      auto* out = reinterpret_cast<uint8_t*>(code);
      for (uint32_t i = 0; i < dimension; i++) out[i] = quantize_u8(x[i], offset_, inverse_);
      break;
    }
    case Element::i8:  // queries only; no codec stores it
      break;
  }
  return Refusal::none;
}

Refusal Codes::encode_row(const void* raw, uint32_t row, std::byte* scratch) const {
  const Refusal refusal = prepare_vector(shape_, raw, scratch);
  return refusal == Refusal::none ? encode(scratch, slab_.at(row)) : refusal;
}

Refusal BoundQuery::bind(const Codes& codes, const void* prepared) {
  use(codes);
  buffer_.resize(codes.slab_.stride() / 8 + 1);
  code_ = buffer_.data();
  if (!codes.binds_to_i8()) return codes.encode(prepared, reinterpret_cast<std::byte*>(buffer_.data()));
  bind_i8(codes, static_cast<const float*>(prepared));
  return Refusal::none;
}

void BoundQuery::use(const Codes& codes) {
  codes_ = &codes;
  multiplier_ = codes.multiplier_;
  bias_ = codes.bias_;
}

// Σ qx with x = scale · a + offset and q = t · b: scale · t · Σab + offset · Σq. The second term is the query's alone.
void BoundQuery::bind_i8(const Codes& codes, const float* prepared) {
  const uint32_t dimension = codes.shape_.dimension;
  float largest = 0;
  double sum = 0;
  for (uint32_t i = 0; i < dimension; i++) {
    largest = std::max(largest, std::fabs(prepared[i]));
    sum += prepared[i];
  }
  const float step = largest / 127;
  const float inverse = largest > 0 ? 127 / largest : 0;
  auto* out = reinterpret_cast<int8_t*>(buffer_.data());
  for (uint32_t i = 0; i < dimension; i++) {
    const float rounded = std::floor(prepared[i] * inverse + 0.5f);
    // 0 · ∞ where all components are below the range of the inverse: no number, and 0 in TypeScript.
    out[i] = std::isnan(rounded) ? 0 : int8_t(std::clamp(rounded, -127.0f, 127.0f));
  }
  multiplier_ = -(codes.scale_ * step);
  bias_ = -float(double(codes.offset_) * sum);
}

void BoundQuery::bind_row(const Codes& codes, uint32_t row) {
  const std::byte* code = codes.slab_.at(row);
  if (!codes.binds_to_i8()) {
    use(codes);
    code_ = code;
    return;
  }
  thread_local std::vector<float> decoded;
  decoded.resize(codes.shape_.dimension);
  for (uint32_t i = 0; i < codes.shape_.dimension; i++) {
    decoded[i] = codes.scale_ * float(uint8_t(code[i])) + codes.offset_;
  }
  bind(codes, decoded.data());
}

void BoundQuery::score(const uint32_t* rows, size_t count, float* distances) const {
  codes_->kernel_(code_, codes_->slab_.view(), rows, count, codes_->shape_.dimension, distances);
  if (multiplier_ == 1 && bias_ == 0) return;
  for (size_t i = 0; i < count; i++) distances[i] = distances[i] * multiplier_ + bias_;
}

uint64_t Accept::count() const {
  uint64_t total = 0;
  for (size_t i = 0; i < word_count; i++) total += uint64_t(std::popcount(words[i]));
  return total;
}

void scan(const BoundQuery& query, const Codes& codes, uint32_t row_count, Accept accept, const Slab* state,
          CandidatePool& pool) {
  constexpr size_t kBatch = 64;
  uint32_t rows[kBatch];
  float distances[kBatch];
  size_t count = 0;
  const auto flush = [&] {
    if (count == 0) return;
    query.score(rows, count, distances);
    for (size_t i = 0; i < count; i++) pool.insert(make_candidate(distances[i], rows[i]));
    count = 0;
  };
  for (uint32_t row = 0; row < row_count; row++) {
    if (!accept.has(row) || (state && state->at(row)[0] != std::byte{1})) continue;
    codes.prefetch(row);
    rows[count++] = row;
    if (count == kBatch) flush();
  }
  flush();
}

size_t write_results(Metric metric, std::span<const Candidate> candidates, size_t k, float radius, uint32_t* rows,
                     float* distances) {
  size_t count = 0;
  for (const Candidate candidate : candidates) {
    float distance = distance_of(candidate);
    if (metric == Metric::cosine) distance = std::clamp(distance, 0.0f, 2.0f);
    if (metric == Metric::l2) distance = std::max(distance, 0.0f);
    if (count == k || !(distance <= radius)) break;
    rows[count] = row_of(candidate);
    distances[count++] = distance;
  }
  return count;
}

}  // namespace omen
