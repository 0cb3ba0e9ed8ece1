// Encodes, binds and scores with every kind of codes, in exactly sized heap blocks: made for sanitizers. The
// TypeScript tests compare with the twins; here a vector must be closer to its own row than to most others.
#include "codecs/codecs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "codes.h"

using namespace omen;

namespace {

constexpr uint32_t kRows = 9;

struct Case {
  std::string kind;
  std::vector<float> parameters;  // in front of what follows for each dimension
  size_t per_dimension = 0;       // means, of which there are so many
  unsigned product_bits = 0;      // of products: centroids instead
};

std::vector<Case> all_cases() {
  std::vector<Case> cases = {
      {"scalar", {float(Element::f32), 1, 0}},
      {"scalar", {float(Element::f16), 1, 0}},
      {"scalar", {float(Element::bf16), 1, 0}},
      {"scalar", {float(Element::u8), 1 / 64.0f, -2}},
      {"given", {}},
      {"sq4", {1 / 4.0f, -2}},
      {"lvq", {4, 0, 0}, 1},
      {"lvq", {8, 0, 0}, 1},
      {"lvq", {4, 1, 0}, 1},
      {"lvq", {4, 1, 1}, 1},
      {"binary", {}, 2},
      {"product", {}, 0, 4},
      {"product", {}, 0, 8},
      {"leanvec", {1 / 32.0f, -4}},
  };
  for (int bits = 1; bits <= 8; bits++) cases.push_back({"rabitq", {float(bits)}, 1});
  return cases;
}

int failures = 0;

void check(const Case& c, const Shape& shape, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> parameters = c.parameters;
  parameters.resize(parameters.size() + c.per_dimension * shape.dimension, 0.125f);
  if (c.product_bits > 0) {
    // Two components a part, but for the last.
    parameters = {float((shape.dimension + 1) / 2), float(c.product_bits)};
    const size_t values = size_t(shape.dimension) << c.product_bits;
    for (size_t i = 0; i < values; i++) parameters.push_back(normal(random));
  }
  if (c.kind == "leanvec") {
    // A mean, and three of four axes.
    const size_t directions = (3 * shape.dimension + 3) / 4;
    parameters.resize(parameters.size() + shape.dimension, 0.125f);
    for (size_t i = 0; i < shape.dimension * directions; i++) {
      parameters.push_back(i % shape.dimension == i / shape.dimension ? 1 : 0);
    }
  }
  auto codec = make_codec(c.kind, shape, parameters);
  if (!codec) {
    std::printf("there is no codec %s for dimension %u\n", c.kind.c_str(), shape.dimension);
    failures++;
    return;
  }
  const size_t stride = codec->code_bytes();
  Codes codes(shape, std::move(codec), stride);
  // A chunk with no more rows than there are, so that a byte read behind the last one is seen.
  std::vector<std::byte> chunk(kRows * stride);
  codes.slab().attach(chunk.data());
  std::vector<float> vectors(kRows * shape.dimension);
  for (float& x : vectors) x = normal(random);
  std::vector<std::byte> scratch(shape.vector_bytes());
  uint32_t rows[kRows];
  for (uint32_t row = 0; row < kRows; row++) {
    rows[row] = kRows - 1 - row;
    if (codes.encode_row(&vectors[row * shape.dimension], row, scratch.data()) != Refusal::none) failures++;
  }
  for (uint32_t row = 0; row < kRows; row++) {
    float by_vector[kRows], by_row[kRows];
    BoundQuery query;
    prepare_vector(shape, &vectors[row * shape.dimension], scratch.data());
    if (query.bind(codes, scratch.data()) != Refusal::none) failures++;
    query.score(rows, kRows, by_vector);
    if (!(query.margin(row) >= 0)) failures++;
    query.bind_row(codes, row);
    query.score(rows, kRows, by_row);
    for (const float* distances : {by_vector, by_row}) {
      const float own = distances[kRows - 1 - row];
      const auto closer = std::count_if(distances, distances + kRows, [own](float d) { return !(d >= own); });
      // By dot a longer row may be closer, and so may a few others by few bits.
      if (closer <= kRows / 3 || shape.metric == Metric::dot || shape.dimension < 48) continue;
      std::printf("%s (%zu bytes), dimension %u, metric %d: %d rows are closer to row %u than itself\n",
                  c.kind.c_str(), stride, shape.dimension, int(shape.metric), int(closer), row);
      failures++;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned seed = argc > 1 ? unsigned(std::atoi(argv[1])) : std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  size_t checks = 0;
  for (const Case& c : all_cases()) {
    for (const Metric metric : {Metric::l2, Metric::dot, Metric::cosine}) {
      for (uint32_t dimension = 1; dimension <= 140; dimension++, checks++)
        check(c, {dimension, metric}, random);
    }
  }
  std::printf("%zu shapes encoded and scored, %d failures\n", checks, failures);
  return failures > 0;
}
