#include "kernels/kernels.h"

#include <cstdlib>
#include <cstring>

#include "kernels/sets.h"

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace omen {
namespace {

struct Available {
  const KernelSet* sets[4];
  size_t count = 0;

  Available() {
    add_wide_sets();
    add(serial_kernels);
  }
  void add(const KernelSet& set) { sets[count++] = &set; }
  void add_wide_sets();
};

void Available::add_wide_sets() {
#if defined(__x86_64__)
  // These ask the operating system, too, whether it saves the wide registers.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq")) {
    add(avx512_kernels);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    add(avx2_kernels);
  }
#elif defined(__aarch64__) || defined(_M_ARM64)
  add(neon_kernels);
#endif
}

struct Choice {
  const KernelSet* set;
  const char* refused = nullptr;

  Choice() : set(available_kernels().front()) {
    const char* wanted = std::getenv("OMEN_KERNELS");
    if (wanted == nullptr || *wanted == 0) return;
    refused = wanted;
    for (const KernelSet* candidate : available_kernels()) {
      if (std::strcmp(candidate->name, wanted) != 0) continue;
      set = candidate;
      refused = nullptr;
    }
  }
};

const Choice& choice() {
  static const Choice chosen;
  return chosen;
}

}  // namespace

std::span<const KernelSet* const> available_kernels() {
  static const Available available;
  return {available.sets, available.count};
}

const KernelSet& kernels() { return *choice().set; }

const char* refused_kernels() { return choice().refused; }

}  // namespace omen
