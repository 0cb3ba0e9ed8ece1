// Few bits a component of the rotated difference from the mean, and three factors (TypeScript twins:
// `RabitqCodec` and `RabitqScorer` of @omen/quant, which say more; equal codes and distances).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "codecs/byte_query.h"
#include "codecs/codecs.h"
#include "codecs/grid.h"
#include "codecs/planes.h"
#include "codecs/rotation.h"
#include "codecs/sums.h"

namespace omen {
namespace {

constexpr double kLeastSquared = 1e-60;
constexpr double kMarginDeviations = 2;

struct Factors {
  float scale;
  float constant;
  float error;
};

// Where they lie: behind the codes, at a multiple of 4 bytes, so that wide loads of the codes stay within the
// row's cache line.
size_t factors_behind(size_t code_bytes) {
  return (code_bytes + 3) / 4 * 4;
}

// Working memory for one vector.
struct Scratch {
  std::vector<float> rotated;
  std::vector<float> grid;
  std::vector<uint8_t> codes;

  static Scratch& of(size_t dimension) {
    thread_local Scratch scratch;
    scratch.rotated.resize(dimension);
    scratch.grid.resize(dimension);
    scratch.codes.resize(dimension);
    return scratch;
  }
};

class RabitqCodec final : public Codec {
 public:
  RabitqCodec(const Shape& shape, unsigned bits, std::span<const float> mean, const Planes& planes)
      : Codec(factors_behind(planes.bytes()) + sizeof(Factors),
              factors_behind(planes.bytes()) + sizeof(Factors)),
        shape_(shape),
        bits_(bits),
        planes_(planes),
        factors_at_(factors_behind(planes.bytes())),
        rotation_(shape.dimension),
        mean_(mean.begin(), mean.end()),
        rotated_mean_(mean_) {
    rotation_.apply(rotated_mean_.data());
  }

  Refusal encode(const void* prepared, std::byte* code) const override {
    const auto* x = static_cast<const float*>(prepared);
    const size_t dimension = shape_.dimension;
    Scratch& scratch = Scratch::of(dimension);
    const double squared = rotate_difference(x, scratch.rotated.data());
    Factors factors{};
    factors.constant =
        shape_.metric == Metric::l2 ? float(squared) : -float(dot_in_double(mean_.data(), x, dimension));
    std::memset(code, 0, factors_at_);
    if (!(squared < kLeastSquared)) {
      encode_on_grid(scratch.rotated.data(), dimension, bits_, scratch.codes.data());
      planes_.pack(scratch.codes.data(), code);
      place_on_grid(scratch);
      const double scale = squared / dot_in_double(scratch.rotated.data(), scratch.grid.data(), dimension);
      const double length = dot_in_double(scratch.grid.data(), scratch.grid.data(), dimension);
      factors.scale = float(scale);
      // What the decoded difference is off by is at a right angle to the difference itself.
      const double off = std::max(0.0, scale * scale * length - squared);
      factors.error = float(std::sqrt(off / double(std::max<size_t>(1, dimension - 1))));
    }
    std::memcpy(code + factors_at_, &factors, sizeof(factors));
    return Refusal::none;
  }

  Refusal bind(const void* prepared, QueryState& query) const override {
    Scratch& scratch = Scratch::of(shape_.dimension);
    bind_rotated(scratch.rotated.data(),
                 rotate_difference(static_cast<const float*>(prepared), scratch.rotated.data()), query);
    return Refusal::none;
  }

  void bind_row(const std::byte* code, QueryState& query) const override {
    const size_t dimension = shape_.dimension;
    Scratch& scratch = Scratch::of(dimension);
    planes_.unpack(code, scratch.codes.data());
    place_on_grid(scratch);
    const float scale = factors_of(code).scale;
    float* rotated = scratch.rotated.data();
    for (size_t i = 0; i < dimension; i++) rotated[i] = scale * scratch.grid[i];
    bind_rotated(rotated, dot_in_double(rotated, rotated, dimension), query);
  }

  void score(const QueryState& query, RowsView view, const uint32_t* rows, size_t count,
             float* distances) const override {
    planes_.dot(query.code, view, rows, count, distances);
    const float centre = query.factors[kCentre], multiplier = query.multiplier, bias = query.bias;
    for (size_t i = 0; i < count; i++) {
      const Factors row = factors_of(view.at(rows[i]));
      distances[i] = (distances[i] - centre) * row.scale * multiplier + row.constant + bias;
    }
  }

  float margin(const QueryState& query, const std::byte* code) const override {
    const Factors row = factors_of(code);
    const double by_code = double(query.factors[kErrorWeight]) * double(row.error);
    const double by_query = double(query.factors[kScaleWeight]) * double(row.scale);
    return float(std::sqrt(by_code * by_code + by_query * by_query));
  }

 private:
  Factors factors_of(const std::byte* code) const {
    Factors factors;
    std::memcpy(&factors, code + factors_at_, sizeof(factors));
    return factors;
  }

  // Where a bound query keeps what.
  enum { kCentre, kErrorWeight, kScaleWeight };

  // Writes a vector's difference from the mean, rotated, and gives its squared length.
  double rotate_difference(const float* vector, float* rotated) const {
    const size_t dimension = shape_.dimension;
    for (size_t i = 0; i < dimension; i++) rotated[i] = vector[i] - mean_[i];
    const double squared = dot_in_double(rotated, rotated, dimension);
    rotation_.apply(rotated);
    return squared;
  }

  // The odd whole numbers that codes stand for.
  void place_on_grid(Scratch& scratch) const {
    const int top = (1 << bits_) - 1;
    for (size_t i = 0; i < scratch.codes.size(); i++) scratch.grid[i] = float(2 * scratch.codes[i] - top);
  }

  void bind_rotated(const float* rotated, double squared, QueryState& query) const {
    const size_t dimension = shape_.dimension;
    auto* bytes = query.room<int8_t>(dimension + kPadding);
    const float step = round_to_bytes(rotated, dimension, bytes);
    std::fill(bytes + dimension, bytes + dimension + kPadding, int8_t(0));
    int64_t sum = 0;
    double lost = 0;
    for (size_t i = 0; i < dimension; i++) {
      const float rounded = step * float(bytes[i]);
      const double off = double(rotated[i]) - double(rounded);
      sum += bytes[i];
      lost += off * off;
    }
    const double weight = shape_.metric == Metric::l2 ? 2 : 1;
    const double product = dot_in_double(rotated, rotated_mean_.data(), dimension);
    query.factors[kCentre] = float(double((1 << bits_) - 1) / 2 * double(sum));
    query.multiplier = float(-2 * weight * double(step));
    query.bias =
        float(shape_.metric == Metric::l2 ? squared : (shape_.metric == Metric::cosine ? 1 : 0) - product);
    query.factors[kErrorWeight] = float(kMarginDeviations * weight * std::sqrt(squared));
    const double spread = 2 / (kLeastShare * kNormalSteps[bits_]);
    query.factors[kScaleWeight] = float(kMarginDeviations * weight * spread * std::sqrt(lost));
  }

  // Packed fields fill whole bytes: up to seven beyond the last component.
  static constexpr size_t kPadding = 7;

  const Shape shape_;
  const unsigned bits_;
  const Planes planes_;
  const size_t factors_at_;
  const Rotation rotation_;
  const std::vector<float> mean_;
  std::vector<float> rotated_mean_;
};

}  // namespace

std::unique_ptr<Codec> make_rabitq_codec(const Shape& shape, Parameters parameters) {
  if (shape.metric == Metric::hamming || parameters.size() != size_t(shape.dimension) + 1) return nullptr;
  const float bits = parameters[0];
  if (!(bits >= 1 && bits <= 8)) return nullptr;
  return std::make_unique<RabitqCodec>(shape, unsigned(bits), parameters.subspan(1),
                                       Planes(unsigned(bits), shape.dimension));
}

}  // namespace omen
