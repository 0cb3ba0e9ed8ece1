#include "binding/task.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace omen::binding {

// The tasks of one environment. Settled through one thread-safe function, which keeps the event loop alive only while
// there is something to settle.
class Tasks {
 public:
  explicit Tasks(napi_env env) {
    napi_value name;
    napi_create_string_utf8(env, "omen", NAPI_AUTO_LENGTH, &name);
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, settle, &deliver_);
    napi_unref_threadsafe_function(env, deliver_);
    // Hooks run in reverse order, so this one comes before the function above is torn down.
    napi_add_env_cleanup_hook(env, [](void* tasks) { static_cast<Tasks*>(tasks)->shut_down(); }, this);
  }

  Napi::Promise start(Napi::Env env, ThreadPool& pool, std::unique_ptr<Task> task) {
    const Napi::Promise promise = task->deferred_.Promise();
    if (unsettled_++ == 0) napi_ref_threadsafe_function(env, deliver_);
    {
      const std::lock_guard guard(mutex_);
      running_++;
    }
    const bool background = &pool == &background_pool();
    pool.submit([this, background, task = task.release()] {
      task->run(stop_);
      // Delivering takes locks that the thread of JavaScript waits for, which one of low priority may lose its core with.
      if (background) {
        search_pool().submit([this, task] { deliver(task); });
      } else {
        deliver(task);
      }
    });
    return promise;
  }

 private:
  void deliver(Task* task) {
    napi_call_threadsafe_function(deliver_, task, napi_tsfn_nonblocking);
    const std::lock_guard guard(mutex_);
    if (--running_ == 0) idle_.notify_all();
  }

  // Runs on the thread of JavaScript; without an environment when that is being torn down.
  static void settle(napi_env raw, napi_value, void* context, void* data) {
    auto* task = static_cast<Task*>(data);
    if (raw == nullptr) {
      for (auto& reference : task->kept_) reference.SuppressDestruct();
      delete task;
      return;
    }
    auto* tasks = static_cast<Tasks*>(context);
    const Napi::Env env(raw);
    task->deferred_.Resolve(task->result(env));
    delete task;
    if (--tasks->unsettled_ == 0) napi_unref_threadsafe_function(raw, tasks->deliver_);
  }

  void shut_down() {
    stop_ = true;
    std::unique_lock guard(mutex_);
    idle_.wait(guard, [this] { return running_ == 0; });
  }

  napi_threadsafe_function deliver_ = nullptr;
  StopFlag stop_{false};
  size_t unsettled_ = 0;  // touched by the thread of JavaScript alone
  std::mutex mutex_;
  std::condition_variable idle_;
  size_t running_ = 0;
};

void register_tasks(Napi::Env env, Napi::Object exports) {
  // Lives as long as the environment; what is still queued is delivered, without it, before this is deleted.
  env.SetInstanceData(new Tasks(env));
  // yieldThread(): lets another thread of this core run first.
  const auto yield = [](const Napi::CallbackInfo&) { std::this_thread::yield(); };
  exports.Set("yieldThread", Napi::Function::New(env, yield, "yieldThread"));
}

Napi::Promise start(Napi::Env env, ThreadPool& pool, std::unique_ptr<Task> task) {
  return env.GetInstanceData<Tasks>()->start(env, pool, std::move(task));
}

}  // namespace omen::binding
