// Nanoseconds per distance of every kernel set, and of SimSIMD's kernels where its headers are at hand: rows
// that lie in cache, and random rows of a slab far larger than any cache, prefetched a batch at a time as a
// graph search does it. Prints tab-separated lines: set, element, metric, dimension, ns in cache, ns from
// memory.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "kernels/kernels.h"

#ifdef OMEN_SIMSIMD
#define SIMSIMD_DYNAMIC_DISPATCH 0
#include <simsimd/simsimd.h>
#endif

using namespace omen;

namespace {

constexpr size_t kSlabBytes = size_t(256) << 20;
constexpr size_t kChunkRows = 16384;
// About as many unseen neighbours as a search finds at once.
constexpr size_t kBatch = 16;
constexpr int kRepeats = 7;

struct Contender {
  std::string set;
  const char* element;
  const char* metric;
  size_t bits;  // of an element
  RowsKernel kernel;
};

uint32_t next_random() {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return uint32_t(state >> 32);
}

volatile float sink;

// The best of several runs over the given rows, in nanoseconds a row.
double measure(const Contender& c, const std::byte* query, RowsView view, const std::vector<uint32_t>& rows,
               size_t dimension, bool prefetch, int passes) {
  float out[kBatch];
  double best = 1e30;
  for (int repeat = 0; repeat < kRepeats; repeat++) {
    const auto start = std::chrono::steady_clock::now();
    for (int pass = 0; pass < passes; pass++) {
      for (size_t i = 0; i + kBatch <= rows.size(); i += kBatch) {
        if (prefetch) prefetch_rows(view, rows.data() + i, kBatch);
        c.kernel(query, view, rows.data() + i, kBatch, dimension, out);
        sink = out[0];
      }
    }
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count() / (double(passes) * double(rows.size() / kBatch * kBatch)));
  }
  return best;
}

#ifdef OMEN_SIMSIMD
using SimsimdKernel = void (*)(const void*, const void*, simsimd_size_t, simsimd_distance_t*);

template <auto kernel, size_t divisor = 1>
void simsimd_rows(const void* query, RowsView view, const uint32_t* rows, size_t count, size_t dimension,
                  float* out) {
  for (size_t i = 0; i < count; i++) {
    simsimd_distance_t distance;
    reinterpret_cast<SimsimdKernel>(kernel)(query, view.at(rows[i]), dimension / divisor, &distance);
    out[i] = float(distance);
  }
}

void add_simsimd(std::vector<Contender>& all) {
#ifdef __x86_64__
  const std::string wide = "simsimd skylake/ice/genoa", narrow = "simsimd haswell";
  if (available_kernels().front()->name == std::string("avx512")) {
    all.push_back({wide, "f32", "l2", 32, simsimd_rows<simsimd_l2sq_f32_skylake>});
    all.push_back({wide, "f32", "dot", 32, simsimd_rows<simsimd_dot_f32_skylake>});
    all.push_back({wide, "u8", "l2", 8, simsimd_rows<simsimd_l2sq_u8_ice>});
    all.push_back({wide, "u8", "dot", 8, simsimd_rows<simsimd_dot_u8_ice>});
    all.push_back({wide, "i8", "l2", 8, simsimd_rows<simsimd_l2sq_i8_ice>});
    all.push_back({wide, "bits", "hamming", 1, simsimd_rows<simsimd_hamming_b8_ice, 8>});
#if SIMSIMD_TARGET_GENOA
    if (__builtin_cpu_supports("avx512bf16")) {
      all.push_back({wide, "bf16", "l2", 16, simsimd_rows<simsimd_l2sq_bf16_genoa>});
      all.push_back({wide, "bf16", "dot", 16, simsimd_rows<simsimd_dot_bf16_genoa>});
    }
#endif
  }
  all.push_back({narrow, "f32", "l2", 32, simsimd_rows<simsimd_l2sq_f32_haswell>});
  all.push_back({narrow, "f32", "dot", 32, simsimd_rows<simsimd_dot_f32_haswell>});
  all.push_back({narrow, "f16", "l2", 16, simsimd_rows<simsimd_l2sq_f16_haswell>});
  all.push_back({narrow, "f16", "dot", 16, simsimd_rows<simsimd_dot_f16_haswell>});
  all.push_back({narrow, "bf16", "l2", 16, simsimd_rows<simsimd_l2sq_bf16_haswell>});
  all.push_back({narrow, "bf16", "dot", 16, simsimd_rows<simsimd_dot_bf16_haswell>});
  all.push_back({narrow, "u8", "l2", 8, simsimd_rows<simsimd_l2sq_u8_haswell>});
  all.push_back({narrow, "u8", "dot", 8, simsimd_rows<simsimd_dot_u8_haswell>});
  all.push_back({narrow, "i8", "l2", 8, simsimd_rows<simsimd_l2sq_i8_haswell>});
  all.push_back({narrow, "bits", "hamming", 1, simsimd_rows<simsimd_hamming_b8_haswell, 8>});
#else
  (void)all;
#endif
}
#endif

std::vector<Contender> contenders() {
  const struct {
    Element element;
    Metric metric;
    const char *element_name, *metric_name;
    size_t bits;
  } table[] = {
      {Element::f32, Metric::l2, "f32", "l2", 32},   {Element::f32, Metric::dot, "f32", "dot", 32},
      {Element::f16, Metric::l2, "f16", "l2", 16},   {Element::f16, Metric::dot, "f16", "dot", 16},
      {Element::bf16, Metric::l2, "bf16", "l2", 16}, {Element::bf16, Metric::dot, "bf16", "dot", 16},
      {Element::u8, Metric::l2, "u8", "l2", 8},      {Element::u8, Metric::dot, "u8", "dot", 8},
      {Element::i8, Metric::l2, "i8", "l2", 8},      {Element::bits, Metric::hamming, "bits", "hamming", 1},
  };
  std::vector<Contender> all;
  for (const KernelSet* set : available_kernels()) {
    for (const auto& row : table) {
      all.push_back({set->name, row.element_name, row.metric_name, row.bits,
                     set->rows[size_t(row.element)][size_t(row.metric)]});
    }
    all.push_back({set->name, "i8·u8", "dot", 8, set->rows_dot_i8_u8});
  }
#ifdef OMEN_SIMSIMD
  add_simsimd(all);
#endif
  return all;
}

std::byte* make_slab() {
  void* memory = std::aligned_alloc(size_t(2) << 20, kSlabBytes);
  if (memory == nullptr) std::exit(1);
#ifdef __linux__
  madvise(memory, kSlabBytes, MADV_HUGEPAGE);
#endif
  return static_cast<std::byte*>(memory);
}

// Numbers of either sign between a half and one, or any bits for integers: no subnormals, which some
// processors add slowly.
void fill(std::byte* slab, const std::string& element) {
  uint32_t keep = 0xffffffff, set = 0;
  if (element == "f32") keep = 0x807fffff, set = 0x3f000000;
  if (element == "f16") keep = 0x83ff83ff, set = 0x38003800;
  if (element == "bf16") keep = 0x807f807f, set = 0x3f003f00;
  auto* words = reinterpret_cast<uint32_t*>(slab);
  for (size_t i = 0; i < kSlabBytes / 4; i++) words[i] = (next_random() & keep) | set;
}

double bench(const Contender& c, const std::byte* slab, size_t dimension, bool in_cache) {
  const size_t stride = (dimension * c.bits / 8 + 15) / 16 * 16;
  // In cache: 16 KiB, half of a first-level cache.
  const auto row_count = uint32_t(in_cache ? std::max<size_t>(16384 / stride, 4) : kSlabBytes / stride);
  std::vector<const std::byte*> chunks;
  for (size_t row = 0; row < row_count; row += kChunkRows) chunks.push_back(slab + row * stride);
  std::vector<uint32_t> rows(in_cache ? 256 : 64 * 1024);
  for (uint32_t& row : rows) row = next_random() % row_count;
  const RowsView view{chunks.data(), stride};
  return measure(c, slab, view, rows, dimension, !in_cache, in_cache ? int(40'000 / dimension) + 20 : 1);
}

}  // namespace

// kernels_bench [filter]: a filter such as `u8` runs only lines that contain it.
int main(int argc, char** argv) {
  const std::string filter = argc > 1 ? argv[1] : "";
  std::byte* const slab = make_slab();
  std::string filled;
  std::vector<Contender> all = contenders();
  std::stable_sort(all.begin(), all.end(), [](const Contender& a, const Contender& b) {
    return std::string(a.element) + a.metric < std::string(b.element) + b.metric;
  });
  for (const Contender& c : all) {
    const std::string name = c.set + "\t" + c.element + "\t" + c.metric;
    if (name.find(filter) == std::string::npos) continue;
    if (filled != c.element) fill(slab, filled = c.element);
    for (const size_t dimension : {size_t(100), size_t(128), size_t(512), size_t(768)}) {
      const size_t rounded = c.bits == 1 ? (dimension + 7) / 8 * 8 : dimension;
      std::printf("%s\t%zu\t%.2f\t%.2f\n", name.c_str(), rounded, bench(c, slab, rounded, true),
                  bench(c, slab, rounded, false));
      std::fflush(stdout);
    }
  }
}
