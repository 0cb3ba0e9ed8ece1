// Nanoseconds per distance of every kernel set, and of SimSIMD's kernels where its headers are at hand: rows
// that lie in cache, and random rows of a slab far larger than any cache, prefetched a batch at a time as a
// graph search does it. Prints tab-separated lines: set, element, metric, dimension, ns in cache, ns from
// memory.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
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
constexpr int kTurns = 25;

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

// The processor time of this thread where it can be had: what else runs on its core does not count.
double nanoseconds() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) * 1e9 + double(time.tv_nsec);
#else
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

// Nanoseconds a row over the given rows.
double pass(RowsKernel kernel, const std::byte* query, RowsView view, const std::vector<uint32_t>& rows,
            size_t dimension, bool prefetch) {
  float out[kBatch];
  const double start = nanoseconds();
  for (size_t i = 0; i + kBatch <= rows.size(); i += kBatch) {
    for (size_t j = 0; prefetch && j < kBatch; j++) prefetch_bytes(view.at(rows[i + j]), view.stride);
    kernel(query, view, rows.data() + i, kBatch, dimension, out);
    sink = out[0];
  }
  return (nanoseconds() - start) / double(rows.size() / kBatch * kBatch);
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
    all.push_back({set->name, "i8·u4", "dot", 4, set->rows_dot_i8_packed[2]});
    all.push_back({set->name, "i8·u2", "dot", 2, set->rows_dot_i8_packed[1]});
    all.push_back({set->name, "i8·u1", "dot", 1, set->rows_dot_i8_packed[0]});
    all.push_back({set->name, "u7·u4", "l2", 4, set->rows_l2_u7_u4});
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

// The best of several passes of each contender for one kernel. They take turns, so that whatever else the
// machine does meets all of them.
std::vector<double> bench(std::span<const Contender> contenders, const std::byte* slab, size_t dimension,
                          bool in_cache) {
  const size_t stride = (dimension * contenders[0].bits / 8 + 15) / 16 * 16;
  // In cache: 16 KiB, half of a first-level cache.
  const auto row_count = uint32_t(in_cache ? std::max<size_t>(16384 / stride, 4) : kSlabBytes / stride);
  std::vector<const std::byte*> chunks;
  for (size_t row = 0; row < row_count; row += kChunkRows) chunks.push_back(slab + row * stride);
  std::vector<uint32_t> rows(32 * 1024);
  const RowsView view{chunks.data(), stride};
  std::vector<double> best(contenders.size(), 1e30);
  for (int turn = 0; turn < kTurns; turn++) {
    for (size_t i = 0; i < contenders.size(); i++) {
      // Other rows each time: those of the last pass are still in cache.
      for (uint32_t& row : rows) row = next_random() % row_count;
      best[i] = std::min(best[i], pass(contenders[i].kernel, slab, view, rows, dimension, !in_cache));
    }
  }
  return best;
}

bool same_kernel(const Contender& a, const Contender& b) {
  return std::strcmp(a.element, b.element) == 0 && std::strcmp(a.metric, b.metric) == 0;
}

}  // namespace

// kernels_bench [filter]: a filter such as `u8 l2` runs only kernels whose name contains it.
int main(int argc, char** argv) {
  const std::string filter = argc > 1 ? argv[1] : "";
  std::byte* const slab = make_slab();
  std::string filled;
  std::vector<Contender> all = contenders();
  std::stable_sort(all.begin(), all.end(), [](const Contender& a, const Contender& b) {
    return std::string(a.element) + a.metric < std::string(b.element) + b.metric;
  });
  for (size_t first = 0, last; first < all.size(); first = last) {
    for (last = first; last < all.size() && same_kernel(all[first], all[last]);) last++;
    const std::span<const Contender> group(all.data() + first, last - first);
    if ((std::string(group[0].element) + " " + group[0].metric).find(filter) == std::string::npos) continue;
    if (filled != group[0].element) fill(slab, filled = group[0].element);
    for (const size_t dimension : {size_t(100), size_t(128), size_t(512), size_t(768)}) {
      const size_t rounded = group[0].bits == 1 ? (dimension + 7) / 8 * 8 : dimension;
      const std::vector<double> cached = bench(group, slab, rounded, true);
      const std::vector<double> loaded = bench(group, slab, rounded, false);
      for (size_t i = 0; i < group.size(); i++) {
        std::printf("%s\t%s\t%s\t%zu\t%.2f\t%.2f\n", group[i].set.c_str(), group[i].element, group[i].metric,
                    rounded, cached[i], loaded[i]);
      }
      std::fflush(stdout);
    }
  }
}
