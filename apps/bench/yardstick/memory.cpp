// What memory costs: nanoseconds to read a block at a random place whose lines were asked for in time. An
// engine that reads so many blocks of such a size for a query cannot be faster than that on this machine,
// however it computes.
//
//   memory <bytes to spread the blocks over> <bytes of a block>...
//
// Prints one line of JSON: the nanoseconds a block for each size, the best of a few passes.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
/// Blocks that are asked for before they are read: about what one list of neighbours brings.
constexpr std::size_t kAhead = 16;
constexpr std::size_t kBytesAPass = std::size_t{8} << 20;
constexpr std::size_t kLeastBlocks = 16384;
constexpr int kPasses = 5;

std::uint64_t sum(const std::uint64_t* block, std::size_t bytes) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bytes / sizeof(std::uint64_t); ++i) total += block[i];
  return total;
}

void prefetch(const char* block, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(block + at);
}

double nanosecondsABlock(const char* memory, std::size_t lines, std::size_t bytes, std::mt19937_64& random) {
  const std::size_t count = std::max(kLeastBlocks, kBytesAPass / bytes);
  const std::size_t taken = (bytes + kLine - 1) / kLine;
  std::vector<const char*> blocks(count + kAhead);
  double best = 1e300;
  std::uint64_t total = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    // Other places each time, lest the cache know them from the pass before.
    for (auto& block : blocks) block = memory + random() % (lines - taken) * kLine;
    for (std::size_t i = 0; i < kAhead; ++i) prefetch(blocks[i], bytes);
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      prefetch(blocks[i + kAhead], bytes);
      total += sum(reinterpret_cast<const std::uint64_t*>(blocks[i]), bytes);
    }
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() * 1e9 / count);
  }
  // The sums must be wanted, or the compiler leaves them out.
  if (total == 1) std::fputs("", stderr);
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::size_t asked = std::strtoull(argv[1], nullptr, 10);
  const std::size_t size = (std::max(asked, kHugePage) + kHugePage - 1) / kHugePage * kHugePage;
  auto* memory = static_cast<char*>(std::aligned_alloc(kHugePage, size));
  if (!memory) return 1;
#if defined(__linux__)
  madvise(memory, size, MADV_HUGEPAGE);
#endif
  std::fill_n(memory, size, char{1});
  std::mt19937_64 random(42);
  std::printf("{\"nanoseconds\":[");
  for (int i = 2; i < argc; ++i) {
    const std::size_t bytes = std::strtoull(argv[i], nullptr, 10);
    if (bytes < 8 || bytes > size / 2) return 2;
    std::printf("%s%.3f", i == 2 ? "" : ",", nanosecondsABlock(memory, size / kLine, bytes, random));
  }
  std::printf("]}\n");
  std::free(memory);
}
