#include "codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "codecs/sums.h"

namespace omen {
namespace {

// Twins of MAX_SQUARED_LENGTH and MIN_SQUARED_LENGTH in core/src/metric.ts.
constexpr double kMaxSquaredLength = 1.7e38;
constexpr double kMinSquaredLength = 1e-36;

}  // namespace

Refusal prepare_vector(const Shape& shape, const void* source, void* target) {
  if (shape.metric == Metric::hamming) {
    if (target != source) std::memcpy(target, source, shape.vector_bytes());
    return Refusal::none;
  }
  const auto* in = static_cast<const float*>(source);
  auto* out = static_cast<float*>(target);
  const double squared = dot_in_double(in, in, shape.dimension);
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

Refusal Codes::encode_row(const void* raw, uint32_t row, std::byte* scratch) const {
  const Refusal refusal = prepare_vector(shape_, raw, scratch);
  return refusal == Refusal::none ? codec_->encode(scratch, slab_.at(row)) : refusal;
}

Refusal BoundQuery::bind(const Codes& codes, const void* prepared) {
  codes_ = &codes;
  return codes.codec().bind(prepared, state_);
}

void BoundQuery::bind_row(const Codes& codes, uint32_t row) {
  codes_ = &codes;
  codes.codec().bind_row(codes.slab().at(row), state_);
}

void BoundQuery::score(const uint32_t* rows, size_t count, float* distances, std::span<const uint32_t> ahead) const {
  RowsView view = codes_->slab().view();
  view.ahead = ahead;
  view.ahead_bytes = codes_->codec().scored_bytes();
  codes_->codec().score(state_, view, rows, count, distances);
}

float BoundQuery::margin(uint32_t row) const {
  return codes_->codec().margin(state_, codes_->slab().at(row));
}

uint32_t scan(const BoundQuery& query, const Codes& codes, uint32_t row_count, Accept accept, const Slab* state,
              CandidatePool& pool) {
  // While a batch is scored, the codes of the next one are on their way from memory.
  constexpr size_t kBatch = 64;
  uint32_t batches[2][kBatch];
  float distances[kBatch];
  size_t filling = 0;
  size_t count = 0;
  size_t waiting = 0;
  uint32_t compared = 0;
  const auto score = [&](const uint32_t* rows, size_t length) {
    compared += uint32_t(length);
    query.score(rows, length, distances);
    pool.insert({rows, length}, distances);
  };
  const auto take = [&](uint32_t row) {
    if (state && state->at(row)[0] != std::byte{1}) return;
    codes.prefetch(row);
    batches[filling][count++] = row;
    if (count < kBatch) return;
    filling ^= 1;
    score(batches[filling], waiting);
    waiting = kBatch;
    count = 0;
  };
  if (accept) {
    const size_t words = std::min<size_t>(accept.word_count, (size_t(row_count) + 31) / 32);
    for (size_t i = 0; i < words; i++) {
      for (uint32_t word = accept.words[i]; word != 0; word &= word - 1) {
        const uint32_t row = uint32_t(i * 32) + uint32_t(std::countr_zero(word));
        if (row < row_count) take(row);
      }
    }
  } else {
    for (uint32_t row = 0; row < row_count; row++) take(row);
  }
  score(batches[filling ^ 1], waiting);
  score(batches[filling], count);
  return compared;
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
