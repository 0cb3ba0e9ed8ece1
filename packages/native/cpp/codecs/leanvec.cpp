// The components along few directions, a byte each (TypeScript twins: `leanvec` and `Projection` of @omen/quant, which say
// more; equal codes and distances).
#include <cmath>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "codecs/sums.h"

namespace omen {
namespace {

constexpr size_t kAffineNumbers = 2;
constexpr float kUnit = 32000;
constexpr double kLeastSquared = 1e-60;
constexpr double kTolerance = 1e-3;

// Directions that the kernel takes at once.
constexpr size_t kSideBySide = 4;

class Projection {
 public:
  Projection(std::span<const float> mean, std::span<const float> directions)
      : count(directions.size() / mean.size()), mean_(mean.begin(), mean.end()) {
    const size_t padded = (count + kSideBySide - 1) / kSideBySide * kSideBySide;
    whole_.resize(padded * mean.size());
    for (size_t i = 0; i < directions.size(); i++) {
      whole_[i] = int16_t(std::floor(double(directions[i]) * double(kUnit) + 0.5));
    }
  }

  // Whether directions are of length 1, so that no sum is too large.
  static bool fits(std::span<const float> directions, size_t dimension) {
    for (size_t start = 0; start < directions.size(); start += dimension) {
      const double squared = dot_in_double(&directions[start], &directions[start], dimension);
      if (!(std::abs(squared - 1) <= kTolerance)) return false;
    }
    return true;
  }

  // Written over by the next call of the thread.
  const float* apply(const float* vector) const {
    thread_local std::vector<float> difference, projected;
    thread_local std::vector<int16_t> rounded;
    const size_t dimension = mean_.size();
    difference.resize(dimension);
    rounded.resize(dimension);
    projected.assign(count + kSideBySide, 0);
    for (size_t i = 0; i < dimension; i++) difference[i] = vector[i] - mean_[i];
    const double squared = dot_in_double(difference.data(), difference.data(), dimension);
    if (squared < kLeastSquared) return projected.data();
    const double length = std::sqrt(squared);
    round(difference.data(), float(double(kUnit) / length), rounded);
    const auto scale = float(length / double(kUnit) / double(kUnit));
    for (size_t j = 0; j < count; j += kSideBySide) {
      int32_t sums[kSideBySide];
      kernels().dots_i16(rounded.data(), &whole_[j * dimension], dimension, sums);
      for (size_t k = 0; k < kSideBySide; k++) projected[j + k] = float(sums[k]) * scale;
    }
    return projected.data();
  }

  const size_t count;

 private:
  static void round(const float* x, float inverse, std::vector<int16_t>& rounded) {
    int16_t* const out = rounded.data();
    for (size_t i = 0; i < rounded.size(); i++) {
      out[i] = int16_t(whole_below(x[i] * inverse + 0.5f));
    }
  }

  const std::vector<float> mean_;
  std::vector<int16_t> whole_;
};

class LeanvecCodec final : public Codec {
 public:
  // `bytes`: the codes of the projections.
  LeanvecCodec(Projection projection, std::unique_ptr<Codec> bytes)
      : Codec(bytes->code_bytes(), bytes->scored_bytes()),
        projection_(std::move(projection)),
        bytes_(std::move(bytes)) {}

  Refusal encode(const void* prepared, std::byte* code) const override {
    return bytes_->encode(projection_.apply(static_cast<const float*>(prepared)), code);
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    return bytes_->bind(projection_.apply(static_cast<const float*>(prepared)), query);
  }

  void bind_row(const std::byte* code, QueryState& query) const override { bytes_->bind_row(code, query); }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    bytes_->score(query, view, rows, count, distances);
  }

 private:
  const Projection projection_;
  const std::unique_ptr<Codec> bytes_;
};

}  // namespace

std::unique_ptr<Codec> make_leanvec_codec(const Shape& shape, Parameters parameters) {
  const size_t dimension = shape.dimension;
  if (shape.metric == Metric::hamming || parameters.size() < kAffineNumbers + 2 * dimension) return nullptr;
  const Parameters mean = parameters.subspan(kAffineNumbers, dimension);
  const Parameters directions = parameters.subspan(kAffineNumbers + dimension);
  if (directions.size() % dimension != 0 || directions.size() > dimension * dimension) return nullptr;
  if (!Projection::fits(directions, dimension)) return nullptr;
  Projection projection(mean, directions);
  const float affine[] = {float(Element::u8), parameters[0], parameters[1]};
  auto bytes = make_scalar_codec({uint32_t(projection.count), shape.metric}, affine);
  if (!bytes) return nullptr;
  return std::make_unique<LeanvecCodec>(std::move(projection), std::move(bytes));
}

}  // namespace omen
