// Compares every kernel set of this processor with the serial one, in exactly sized heap blocks: made for
// sanitizers, and for processors that no test machine has (an emulator runs it). The TypeScript tests compare
// with the twins.
#include "kernels/kernels.h"

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
  return cases;
}

PairKernel pair_of(const KernelSet& set, const Case& c) {
  return c.single ? set.*c.single : set.pair[size_t(c.element)][size_t(c.metric)];
}
RowsKernel rows_of(const KernelSet& set, const Case& c) {
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
  const size_t bytes = c.width ? dimension * c.width : dimension / 8;
  const size_t count = 1 + random() % 9;
  const size_t offset = random() % 4;
  std::vector<std::byte> query(bytes + offset);
  std::vector<std::byte> slab(offset + count * bytes);
  fill(query.data() + offset, bytes, c, random);
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
    std::printf("%s\n", set->name);
  }
  std::printf("%zu shapes compared, %d distances differ\n", checks, failures);
  return failures > 0;
}
