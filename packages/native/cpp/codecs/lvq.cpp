// 4 or 8 bits a component of the difference from the mean on a line of each row's own, and a residual where a
// row has one (TypeScript twins: `LvqCodec` and `LvqScorer` of @omen/quant, which say more; equal codes and
// distances).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "codecs/line_fit.h"
#include "codecs/packed.h"
#include "codecs/sums.h"

namespace omen {
namespace {

constexpr float kResidualCentre = 127.5f;

// Behind a row's first codes.
struct Factors {
  float scale;
  float lower;
  float constant;
};

// In front of its residual's codes.
using ResidualFactor = float;

template <class T>
T read(const std::byte* code) {
  T value;
  std::memcpy(&value, code, sizeof(value));
  return value;
}

struct Form {
  unsigned bits;
  bool residual;  // rows have one
  bool coarse;    // and are read without it

  bool reads_residual() const { return residual && !coarse; }
  // Bytes of the first codes: where the factors start.
  size_t factors_at(size_t dimension) const {
    return ((bits == 4 ? packed_bytes(dimension, 4) : dimension) + 3) / 4 * 4;
  }
  // Bytes of both: where the residual starts.
  size_t first_bytes(size_t dimension) const { return factors_at(dimension) + sizeof(Factors); }
  size_t code_bytes(size_t dimension) const {
    return first_bytes(dimension) + (residual ? sizeof(ResidualFactor) + dimension : 0);
  }
  size_t scored_bytes(size_t dimension) const {
    return coarse ? first_bytes(dimension) : code_bytes(dimension);
  }
};

// Working memory for one vector.
struct Scratch {
  std::vector<float> difference;
  std::vector<float> decoded;
  LineFit fit;

  static Scratch& of(size_t dimension) {
    thread_local Scratch scratch;
    scratch.difference.resize(dimension);
    scratch.decoded.resize(dimension);
    scratch.fit.codes.resize(dimension);
    return scratch;
  }
};

class LvqCodec final : public Codec {
 public:
  LvqCodec(const Shape& shape, const Form& form, std::span<const float> mean)
      : Codec(form.code_bytes(shape.dimension), form.scored_bytes(shape.dimension)),
        shape_(shape),
        form_(form),
        factors_at_(form.factors_at(shape.dimension)),
        first_bytes_(form.first_bytes(shape.dimension)),
        // A plane of a query: its components, and zeros behind them up to whole parts.
        plane_bytes_((size_t(shape.dimension) + 7) / 8 * 8),
        kernel_(form.bits == 4 ? kernels().rows_dot_i8_packed[2] : kernels().rows_dot_i8_u8),
        mean_(mean.begin(), mean.end()) {}

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    const size_t dimension = shape_.dimension;
    Scratch& scratch = Scratch::of(dimension);
    const double squared = difference_of(x, scratch.difference.data());
    scratch.fit.fit(scratch.difference.data(), dimension, form_.bits, squared);
    const Factors factors{
        scratch.fit.scale, scratch.fit.lower,
        shape_.metric == Metric::l2 ? float(squared) : -float(dot_in_double(mean_.data(), x, dimension))};
    std::memset(code, 0, code_bytes());
    std::memcpy(code + factors_at_, &factors, sizeof(factors));
    if (form_.bits == 4) {
      pack_fields(scratch.fit.codes.data(), dimension, 4, code);
    } else {
      std::memcpy(code, scratch.fit.codes.data(), dimension);
    }
    if (form_.residual) encode_residual(scratch, code);
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    Scratch& scratch = Scratch::of(shape_.dimension);
    const double squared = difference_of(static_cast<const float*>(prepared), scratch.difference.data());
    bind_difference(scratch.difference.data(), squared, query);
    return Refusal::none;
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    const size_t dimension = shape_.dimension;
    Scratch& scratch = Scratch::of(dimension);
    float* difference = scratch.difference.data();
    decode_first(code, scratch.fit.codes, difference);
    if (form_.reads_residual()) {
      const std::byte* residual = code + first_bytes_;
      const float scale = read<ResidualFactor>(residual);
      const auto* codes = reinterpret_cast<const uint8_t*>(residual + sizeof(ResidualFactor));
      for (size_t i = 0; i < dimension; i++) difference[i] += scale * (float(codes[i]) - kResidualCentre);
    }
    bind_difference(difference, dot_in_double(difference, difference, dimension), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    constexpr size_t kBatch = 64;
    for (; count > kBatch; rows += kBatch, distances += kBatch, count -= kBatch) {
      score_batch<kBatch>(query, view, rows, kBatch, distances);
      view = view.behind(0);
    }
    score_batch<kBatch>(query, view, rows, count, distances);
  }

 private:
  // Where a bound query keeps what; the high plane's weight is its multiplier.
  enum { kHighSum, kLowSum, kLowWeight };

  double difference_of(const float* vector, float* difference) const {
    for (size_t i = 0; i < shape_.dimension; i++) difference[i] = vector[i] - mean_[i];
    return dot_in_double(difference, difference, shape_.dimension);
  }

  void decode_first(const std::byte* code, std::vector<uint8_t>& fields, float* difference) const {
    const auto factors = read<Factors>(code + factors_at_);
    const size_t dimension = shape_.dimension;
    if (form_.bits == 4) {
      unpack_fields(code, dimension, 4, fields.data());
    } else {
      std::memcpy(fields.data(), code, dimension);
    }
    for (size_t i = 0; i < dimension; i++) difference[i] = factors.scale * float(fields[i]) + factors.lower;
  }

  void encode_residual(Scratch& scratch, std::byte* code) const {
    const size_t dimension = shape_.dimension;
    float* left = scratch.decoded.data();
    decode_first(code, scratch.fit.codes, left);
    float largest = 0;
    for (size_t i = 0; i < dimension; i++) {
      left[i] = scratch.difference[i] - left[i];
      largest = std::max(largest, std::fabs(left[i]));
    }
    const auto scale = ResidualFactor(double(largest) / double(kResidualCentre));
    const double inverse = scale > 0 ? 1 / double(scale) : 0;
    std::byte* residual = code + first_bytes_;
    std::memcpy(residual, &scale, sizeof(scale));
    auto* codes = reinterpret_cast<uint8_t*>(residual + sizeof(ResidualFactor));
    for (size_t i = 0; i < dimension; i++) {
      const double fine = double(left[i]) * inverse + (double(kResidualCentre) + 0.5);
      codes[i] = uint8_t(std::min(255.0, std::max(0.0, fine)));
    }
  }

  // Overwrites the difference.
  void bind_difference(float* difference, double squared, QueryState& query) const {
    const size_t dimension = shape_.dimension;
    const double product = dot_in_double(difference, mean_.data(), dimension);
    query.bias =
        float(shape_.metric == Metric::l2 ? squared : (shape_.metric == Metric::cosine ? 1 : 0) - product);
    const float weight = shape_.metric == Metric::l2 ? -2 : -1;
    auto* high = query.room<int8_t>(form_.reads_residual() ? 2 * plane_bytes_ : plane_bytes_);
    const float step = bind_plane(difference, high, query.factors[kHighSum]);
    query.multiplier = weight * step;
    if (!form_.reads_residual()) return;
    for (size_t i = 0; i < dimension; i++) difference[i] -= step * float(high[i]);
    query.factors[kLowWeight] = weight * bind_plane(difference, high + plane_bytes_, query.factors[kLowSum]);
  }

  float bind_plane(const float* x, int8_t* plane, float& sum) const {
    const size_t dimension = shape_.dimension;
    const float step = round_to_bytes(x, dimension, plane);
    std::fill(plane + dimension, plane + plane_bytes_, int8_t(0));
    int32_t total = 0;
    for (size_t i = 0; i < dimension; i++) total += plane[i];
    sum = float(total);
    return step;
  }

  // Each step rounds to f32 in the order of the TypeScript twin.
  template <size_t batch>
  void score_batch(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
                   float* distances) const {
    const auto* high = static_cast<const int8_t*>(query.code);
    const size_t dimension = shape_.dimension;
    kernel_(high, view, rows, count, dimension, distances);
    const float sum = query.factors[kHighSum], multiplier = query.multiplier, bias = query.bias;
    if (!form_.reads_residual()) {
      const RowsView factors = view.behind(factors_at_);
      for (size_t i = 0; i < count; i++) {
        const std::byte* row = factors.at(rows[i]);
        // Each by itself: a struct of them would be put together in memory first.
        const auto scale = read<float>(row), lower = read<float>(row + 4), constant = read<float>(row + 8);
        const float estimate = distances[i] * scale + sum * lower;
        distances[i] = estimate * multiplier + constant + bias;
      }
      return;
    }
    float low[batch], residual[batch];
    kernel_(high + plane_bytes_, view.behind(0), rows, count, dimension, low);
    kernels().rows_dot_i8_u8(high, view.behind(first_bytes_ + sizeof(ResidualFactor)), rows, count, dimension,
                             residual);
    const float low_sum = query.factors[kLowSum], low_weight = query.factors[kLowWeight];
    const float centre = kResidualCentre * sum;
    for (size_t i = 0; i < count; i++) {
      const std::byte* code = view.at(rows[i]);
      const auto row = read<Factors>(code + factors_at_);
      const float estimate = distances[i] * row.scale + sum * row.lower +
                             (residual[i] - centre) * read<ResidualFactor>(code + first_bytes_);
      const float below = (low[i] * row.scale + low_sum * row.lower) * low_weight;
      distances[i] = estimate * multiplier + below + row.constant + bias;
    }
  }

  const Shape shape_;
  const Form form_;
  const size_t factors_at_;
  const size_t first_bytes_;
  const size_t plane_bytes_;
  const RowsKernel kernel_;
  const std::vector<float> mean_;
};

}  // namespace

std::unique_ptr<Codec> make_lvq_codec(const Shape& shape, Parameters parameters) {
  if (shape.metric == Metric::hamming || parameters.size() != size_t(shape.dimension) + 3) return nullptr;
  if (parameters[0] != 4 && parameters[0] != 8) return nullptr;
  const Form form{unsigned(parameters[0]), parameters[1] != 0, parameters[2] != 0};
  return std::make_unique<LvqCodec>(shape, form, parameters.subspan(3));
}

}  // namespace omen
