// Compares every kernel set of this processor with the serial one, in exactly sized heap blocks: made for
// sanitizers, and for processors that no test machine has (an emulator runs it). The TypeScript tests compare
// with the twins.
#include "kernels/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/sets.h"

using namespace omen;

namespace {

struct Case {
  const char* name;
  size_t width;  // bytes of an element; 0: bits
  bool exact;
  PairKernel KernelSet::*single = nullptr;  // the kernels that stand outside the table
  RowsKernel KernelSet::*several = nullptr;
  Element element = Element::f32;
  Metric metric = Metric::dot;
  size_t packed_bits = 0;  // of the fields of packed rows; their queries are bytes

  size_t row_bytes(size_t dimension) const {
    if (packed_bits) return packed_bytes(dimension, packed_bits);
    return width ? dimension * width : dimension / 8;
  }
  size_t query_bytes(size_t dimension) const { return row_bytes(dimension) * (packed_bits ? packed_fields(packed_bits) : 1); }
};


std::vector<Case> all_cases() {
  const char* elements[] = {"f32", "f16", "bf16", "i8", "u8", "bits"};
  const char* metrics[] = {"l2", "dot", "cosine", "hamming"};
  const size_t widths[] = {4, 2, 2, 1, 1, 0};
  std::vector<Case> cases;
  static char names[element_count][metric_count][16];
  for (size_t e = 0; e < element_count; e++) {
    for (size_t m = 0; m < metric_count; m++) {
      if (serial_kernels.pair[e][m] == nullptr) continue;
      std::snprintf(names[e][m], sizeof names[e][m], "%s %s", elements[e], metrics[m]);
      cases.push_back({names[e][m], widths[e], e >= 3, nullptr, nullptr, Element(e), Metric(m)});
    }
  }
  cases.push_back({"i8 u8 dot", 1, true, &KernelSet::pair_dot_i8_u8, &KernelSet::rows_dot_i8_u8});
  cases.push_back({"i8 u1 dot", 1, true, nullptr, nullptr, Element::bits, Metric::dot, 1});
  cases.push_back({"i8 u2 dot", 1, true, nullptr, nullptr, Element::bits, Metric::dot, 2});
  cases.push_back({"i8 u4 dot", 1, true, nullptr, nullptr, Element::bits, Metric::dot, 4});
  cases.push_back({"u7 u4 l2", 1, true, &KernelSet::pair_l2_u7_u4, &KernelSet::rows_l2_u7_u4, Element::bits, Metric::l2, 4});
  return cases;
}

PairKernel pair_of(const KernelSet& set, const Case& c) {
  if (c.packed_bits && !c.single) return set.pair_dot_i8_packed[c.packed_bits / 2];
  return c.single ? set.*c.single : set.pair[size_t(c.element)][size_t(c.metric)];
}
RowsKernel rows_of(const KernelSet& set, const Case& c) {
  if (c.packed_bits && !c.several) return set.rows_dot_i8_packed[c.packed_bits / 2];
  return c.several ? set.*c.several : set.rows[size_t(c.element)][size_t(c.metric)];
}

// Floats of moderate size, so that the tolerance below holds; integers of any value.
void fill(std::byte* data, size_t bytes, const Case& c, std::mt19937& random) {
  for (size_t i = 0; i < bytes; i++) data[i] = std::byte(random());
  if (c.exact) return;
  for (size_t i = c.width - 1; i < bytes; i += c.width) data[i] = std::byte((random() & 0x80) | 0x3b);
}

int failures = 0;

void check(const KernelSet& set, const Case& c, size_t dimension, std::mt19937& random) {
  const size_t bytes = c.row_bytes(dimension), query_bytes = c.query_bytes(dimension);
  const size_t count = 1 + random() % 9;
  const size_t offset = random() % 4;
  std::vector<std::byte> query(query_bytes + offset);
  std::vector<std::byte> slab(offset + count * bytes);
  fill(query.data() + offset, query_bytes, c, random);
  if (c.packed_bits && c.metric == Metric::l2) {
    for (std::byte& q : query) q &= std::byte{127};
  }
  fill(slab.data() + offset, count * bytes, c, random);
  const std::byte* const chunk = slab.data() + offset;
  const RowsView view{&chunk, bytes};
  std::vector<uint32_t> rows(count);
  for (size_t i = 0; i < count; i++) rows[i] = uint32_t(count - 1 - i);
  std::vector<float> values(count);
  rows_of(set, c)(query.data() + offset, view, rows.data(), count, dimension, values.data());
  for (size_t i = 0; i < count; i++) {
    const float expected = pair_of(serial_kernels, c)(query.data() + offset, view.at(rows[i]), dimension);
    const float alone = pair_of(set, c)(query.data() + offset, view.at(rows[i]), dimension);
    const float scale = c.metric == Metric::dot ? float(dimension) : std::fabs(expected) + 1;
    const float bound = c.exact ? 0 : 1e-6f * scale * std::sqrt(float(dimension) + 16);
    if (std::fabs(values[i] - expected) <= bound && values[i] == alone) continue;
    failures++;
    std::printf("%s %s, dimension %zu: rows %.9g, pair %.9g, serial %.9g\n", set.name, c.name, dimension,
                double(values[i]), double(alone), double(expected));
  }
}

// Tables of any bytes against rows of any bytes: exact.
void check_lookup(const KernelSet& set, size_t parts, std::mt19937& random) {
  const size_t bytes = packed_bytes(parts, 4);
  const size_t count = 1 + random() % 80;
  std::vector<std::byte> tables(bytes * 32), slab(count * bytes);
  for (std::byte& byte : tables) byte = std::byte(random());
  for (std::byte& byte : slab) byte = std::byte(random());
  const std::byte* const chunk = slab.data();
  std::vector<uint32_t> rows(count);
  for (size_t i = 0; i < count; i++) rows[i] = uint32_t(count - 1 - i);
  std::vector<float> values(count), expected(count);
  const RowsView view{&chunk, bytes};
  set.rows_lookup_u4(tables.data(), view, rows.data(), count, parts, values.data());
  serial_kernels.rows_lookup_u4(tables.data(), view, rows.data(), count, parts, expected.data());
  if (values == expected) return;
  failures++;
  std::printf("%s lookup, %zu parts of %zu rows differ\n", set.name, parts, count);
}

// Numbers of any size, large, subnormal and halfway between two halves: exact.
void check_halves(const KernelSet& set, size_t count, std::mt19937& random) {
  std::vector<float> x(count);
  for (float& each : x) {
    const uint32_t bits = uint32_t(random());
    each = std::bit_cast<float>(bits & 1 ? bits & ~0xfffu : (bits & 0x8fffffff) | 0x30000000);
    if (std::isnan(each)) each = 0;
  }
  std::vector<uint16_t> halves(count), expected(count);
  set.f16_from_f32(x.data(), count, halves.data());
  serial_kernels.f16_from_f32(x.data(), count, expected.data());
  if (halves == expected) return;
  failures++;
  std::printf("%s halves, %zu of them differ\n", set.name, count);
}

void check_words(const KernelSet& set, size_t dimension, std::mt19937& random) {
  std::vector<int16_t> a(dimension), four(4 * dimension);
  // Sums of the largest products are within the range.
  const int largest = int(std::sqrt(2147483647.0 / double(dimension)));
  for (auto* words : {&a, &four}) {
    for (int16_t& word : *words) word = int16_t(std::min(32767, int(random() % (2 * largest + 1)) - largest));
  }
  int32_t sums[4];
  set.dots_i16(a.data(), four.data(), dimension, sums);
  for (size_t k = 0; k < 4; k++) {
    int64_t expected = 0;
    for (size_t i = 0; i < dimension; i++) expected += int64_t(a[i]) * four[k * dimension + i];
    if (sums[k] == expected) continue;
    failures++;
    std::printf("%s words, dimension %zu: sum %zu is %d, not %lld\n", set.name, dimension, k, sums[k], (long long)expected);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned seed = argc > 1 ? unsigned(std::atoi(argv[1])) : std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  size_t checks = 0;
  for (const KernelSet* set : available_kernels()) {
    for (const Case& c : all_cases()) {
      for (size_t dimension = 1; dimension <= 300; dimension++, checks++) {
        check(*set, c, c.width ? dimension : dimension * 8, random);
      }
    }
    for (size_t parts = 1; parts <= 600; parts++, checks++) check_lookup(*set, parts, random);
    for (size_t count = 1; count <= 600; count++, checks++) check_halves(*set, count, random);
    for (size_t dimension = 1; dimension <= 600; dimension++, checks++) check_words(*set, dimension, random);
    std::printf("%s\n", set->name);
  }
  std::printf("%zu shapes compared, %d distances differ\n", checks, failures);
  return failures > 0;
}
