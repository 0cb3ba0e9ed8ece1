#include <cstdio>
#include <cstring>
#include <thread>

#ifdef _WIN32
#include <windows.h>
#else
#include <unistd.h>
#endif

#include "binding/binding.h"
#include "kernels/kernels.h"

namespace omen::binding {
namespace {

double page_size_bytes() {
#ifdef _WIN32
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return system.dwPageSize;
#else
  return double(sysconf(_SC_PAGESIZE));
#endif
}

// The word in brackets of `always [madvise] never`.
const char* huge_pages() {
#ifdef __linux__
  static char words[128];
  std::FILE* file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  if (file == nullptr) return "unknown";
  const size_t length = std::fread(words, 1, sizeof words - 1, file);
  std::fclose(file);
  words[length] = 0;
  char* open = std::strchr(words, '[');
  char* close = open ? std::strchr(open, ']') : nullptr;
  if (close == nullptr) return "unknown";
  *close = 0;
  return open + 1;
#else
  return "unknown";
#endif
}

const char* compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#elif defined(_MSC_VER)
  static char name[32];
  std::snprintf(name, sizeof name, "msvc %d", _MSC_VER);
  return name;
#else
  return "unknown";
#endif
}

// doctor(): Doctor
Napi::Value doctor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto sets = available_kernels();
  Napi::Array available = Napi::Array::New(env, sets.size());
  for (size_t i = 0; i < sets.size(); i++) available.Set(uint32_t(i), Napi::String::New(env, sets[i]->name));
  Napi::Object report = Napi::Object::New(env);
  report.Set("kernels", kernels().name);
  report.Set("available", available);
  if (refused_kernels() != nullptr) report.Set("refused", refused_kernels());
  report.Set("threads", double(std::thread::hardware_concurrency()));
  report.Set("pageSizeBytes", page_size_bytes());
  report.Set("hugePages", huge_pages());
  report.Set("compiler", compiler());
  return report;
}

}  // namespace

void register_doctor(Napi::Env env, Napi::Object exports) {
  exports.Set("doctor", Napi::Function::New(env, doctor, "doctor"));
}

}  // namespace omen::binding
