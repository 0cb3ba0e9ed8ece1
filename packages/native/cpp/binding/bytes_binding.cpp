#include <cstring>

#include "binding/arguments.h"
#include "binding/binding.h"
#include "binding/task.h"
#include "xxh3.h"

namespace omen::binding {
namespace {

// Both kinds of task come in pieces of a few MiB, short enough for the pool of searches: nobody waits for a build there.

class UpdateTask : public Task {
 public:
  UpdateTask(Napi::Env env, Xxh3& hash, std::span<const std::byte> bytes) : Task(env), hash_(hash), bytes_(bytes) {}
  void run(const StopFlag&) override { hash_.update(bytes_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  Xxh3& hash_;
  std::span<const std::byte> bytes_;
};

class CopyTask : public Task {
 public:
  CopyTask(Napi::Env env, std::span<const std::byte> source, std::byte* target)
      : Task(env), source_(source), target_(target) {}
  void run(const StopFlag&) override { std::memcpy(target_, source_.data(), source_.size()); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  std::span<const std::byte> source_;
  std::byte* target_;
};

// Checksum(): one update at a time.
class ChecksumObject : public Napi::ObjectWrap<ChecksumObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Checksum",
                       {
                           InstanceMethod<&ChecksumObject::update>("update"),
                           InstanceMethod<&ChecksumObject::value>("value"),
                       });
  }
  explicit ChecksumObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  // update(bytes: Uint8Array, background): Promise<void>
  Napi::Value update(const Napi::CallbackInfo& info) {
    auto task = std::make_unique<UpdateTask>(info.Env(), hash_, elements<const std::byte>(info[0]));
    task->keep(Value());
    task->keep(info[0].As<Napi::Object>());
    auto& pool = info[1].ToBoolean() ? background_pool() : search_pool();
    return start(info.Env(), pool, std::move(task));
  }

  // value(): bigint
  Napi::Value value(const Napi::CallbackInfo& info) {
    if (hash_.total() < Xxh3::kLeastBytes) return throw_range(info.Env(), "too few bytes for this checksum");
    return Napi::BigInt::New(info.Env(), hash_.value());
  }

  Xxh3 hash_;
};

// copy(source: Uint8Array, target: Uint8Array): Promise<void>
Napi::Value copy(const Napi::CallbackInfo& info) {
  const auto source = elements<const std::byte>(info[0]);
  const auto target = elements<std::byte>(info[1]);
  if (source.size() != target.size()) return throw_range(info.Env(), "source and target differ in length");
  auto task = std::make_unique<CopyTask>(info.Env(), source, target.data());
  for (const size_t i : {0, 1}) task->keep(info[i].As<Napi::Object>());
  return start(info.Env(), search_pool(), std::move(task));
}

}  // namespace

void register_bytes(Napi::Env env, Napi::Object exports) {
  exports.Set("Checksum", ChecksumObject::define(env));
  exports.Set("copy", Napi::Function::New(env, copy, "copy"));
}

}  // namespace omen::binding
