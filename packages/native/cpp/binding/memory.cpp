#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "binding/binding.h"

namespace omen::binding {
namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kPageBytes = 4096;
constexpr size_t kHugePageBytes = size_t(2) << 20;

// Zeroed memory whose pages are committed when first touched; null when there is none.
void* allocate_zeroed(size_t size, bool huge) {
#if defined(__linux__)
  const size_t alignment = huge ? kHugePageBytes : 0;
  void* mapped = mmap(nullptr, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (alignment == 0) return mapped;
  // Cuts the mapping down to the aligned part: only a range that covers whole huge pages can lie on them.
  const auto start = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (start + alignment - 1) / alignment * alignment;
  if (aligned > start) munmap(mapped, aligned - start);
  const size_t rest = start + alignment - aligned;
  if (rest > 0) munmap(reinterpret_cast<void*>(aligned + size), rest);
  madvise(reinterpret_cast<void*>(aligned), size, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(aligned);
#else
  (void)huge;
  void* memory = nullptr;
  if (posix_memalign(&memory, kLineBytes, size) != 0) return nullptr;
  std::memset(memory, 0, size);
  return memory;
#endif
}

void release(void* memory, size_t size) {
#if defined(__linux__)
  munmap(memory, size);
#else
  (void)size;
  std::free(memory);
#endif
}

// allocate(sizeBytes, huge): ArrayBuffer
Napi::Value allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto asked = size_t(info[0].As<Napi::Number>().Int64Value());
  const bool huge = info[1].As<Napi::Boolean>().Value() && asked >= kHugePageBytes;
  // Whole pages: a huge one at the end takes no memory before it is touched either.
  const size_t page = huge ? kHugePageBytes : kPageBytes;
  const size_t size = (asked + page - 1) / page * page;
  void* memory = allocate_zeroed(size, huge);
  if (memory == nullptr) {
    Napi::Error::New(env, "out of memory").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  napi_value buffer;
  const auto finalize = [](napi_env, void* data, void* hint) { release(data, reinterpret_cast<size_t>(hint)); };
  if (napi_create_external_arraybuffer(env, memory, size, finalize, reinterpret_cast<void*>(size), &buffer) == napi_ok) {
    return Napi::Value(env, buffer);
  }
  // Some hosts (Electron) allow no memory of one's own: theirs serves too, without huge pages.
  release(memory, size);
  return Napi::ArrayBuffer::New(env, size);
}

}  // namespace

void register_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("allocate", Napi::Function::New(env, allocate, "allocate"));
}

}  // namespace omen::binding
