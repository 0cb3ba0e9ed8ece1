#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "thread_pool.h"

// Calls that run on a pool and settle a promise on the thread of JavaScript that made them.
namespace omen::binding {

// Set when the environment (a worker, or the process) is going away: long work looks at it and stops early.
using StopFlag = std::atomic<bool>;

// One asynchronous call. Everything that `run` reads must be copied into it or kept alive by `keep`.
class Task {
 public:
  explicit Task(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~Task() = default;

  // Keeps a JavaScript object, and the memory it owns, until the call is settled.
  void keep(Napi::Object object) { kept_.push_back(Napi::Persistent(object)); }

  // The work itself, on a thread of the pool.
  virtual void run(const StopFlag& stop) = 0;
  // What the promise resolves with, back on the thread of JavaScript.
  virtual Napi::Value result(Napi::Env env) = 0;

 private:
  friend class Tasks;
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::ObjectReference> kept_;
};

// Starts a task; the promise it settles. The environment waits for its tasks before it goes.
Napi::Promise start(Napi::Env env, ThreadPool& pool, std::unique_ptr<Task> task);

// Must be called once for each environment that loads the addon.
void register_tasks(Napi::Env env, Napi::Object exports);

}  // namespace omen::binding
