#include "kernels/kernels.h"

#include <cstdlib>
#include <string>

#include "kernels/sets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace omen {
namespace {

#if defined(__x86_64__)
bool has_f16c() {
  unsigned eax, ebx, ecx = 0, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

struct Available {
  const KernelSet* sets[4];
  size_t count = 0;

  // The builtins ask the operating system, too, whether it saves the wide registers. Compilers without them
  // (MSVC) get the serial set.
  Available() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (has_avx512()) sets[count++] = &avx512_kernels;
    if (has_avx2()) sets[count++] = &avx2_kernels;
#elif defined(__aarch64__) || defined(_M_ARM64)
    sets[count++] = &neon_kernels;
#endif
    sets[count++] = &serial_kernels;
  }
};

struct Choice {
  const KernelSet* set;
  std::string refused;  // a copy: the environment may change

  Choice() : set(available_kernels().front()) {
    const char* wanted = std::getenv("OMEN_KERNELS");
    if (wanted == nullptr || *wanted == 0) return;
    refused = wanted;
    for (const KernelSet* candidate : available_kernels()) {
      if (refused != candidate->name) continue;
      set = candidate;
      refused.clear();
      break;
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

const KernelSet& kernels() {
  return *choice().set;
}

const char* refused_kernels() {
  return choice().refused.empty() ? nullptr : choice().refused.c_str();
}

}  // namespace omen
