#include "binding/binding.h"

#ifndef _WIN32
#include <cerrno>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#endif

namespace omen::binding {
namespace {

#ifndef _WIN32

Napi::Value throw_system(Napi::Env env, const char* what, int error) {
  Napi::Error thrown = Napi::Error::New(env, what);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

// mapFile(descriptor, sizeBytes): ArrayBuffer | undefined
//
// Read-only memory of the first bytes of a file, unmapped when the buffer is detached or collected; none where the host
// (Electron) allows no memory of one's own. A page beyond the end of the file would kill the process when read: the
// size is checked here, and that nobody cuts the file later is the caller's word.
Napi::Value map_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int descriptor = info[0].As<Napi::Number>().Int32Value();
  const auto size = size_t(info[1].As<Napi::Number>().Int64Value());
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return throw_system(env, "the file cannot be looked at", errno);
  if (size == 0 || uint64_t(facts.st_size) < size) return throw_system(env, "the file is shorter than what is to be mapped", EINVAL);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return throw_system(env, "the file cannot be mapped", errno);
  const auto finalize = [](napi_env, void* data, void* hint) { munmap(data, reinterpret_cast<size_t>(hint)); };
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, memory, size, finalize, reinterpret_cast<void*>(size), &buffer) == napi_ok) {
    return Napi::Value(env, buffer);
  }
  munmap(memory, size);
  return env.Undefined();
}

// lockFile(descriptor): boolean | undefined
//
// Takes the lock of an open file, which ends with its last descriptor: false when another has it, undefined where the
// file system has none.
Napi::Value lock_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int status;
  do {
    status = flock(info[0].As<Napi::Number>().Int32Value(), LOCK_EX | LOCK_NB);
  } while (status != 0 && errno == EINTR);
  if (status == 0) return Napi::Boolean::New(env, true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(env, false);
  return env.Undefined();
}

#else

Napi::Value map_file(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }
Napi::Value lock_file(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }

#endif

// detach(buffer): every view of it is empty from now on, and its memory is given back
Napi::Value detach(const Napi::CallbackInfo& info) {
  Napi::ArrayBuffer buffer = info[0].As<Napi::ArrayBuffer>();
  if (!buffer.IsDetached()) buffer.Detach();
  return info.Env().Undefined();
}

}  // namespace

void register_files(Napi::Env env, Napi::Object exports) {
  exports.Set("mapFile", Napi::Function::New(env, map_file, "mapFile"));
  exports.Set("lockFile", Napi::Function::New(env, lock_file, "lockFile"));
  exports.Set("detach", Napi::Function::New(env, detach, "detach"));
}

}  // namespace omen::binding
