// Threads that live as long as the process; nothing here knows Node.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace omen {

// How the system shares its cores out where there are fewer of them than threads that could run.
enum class Priority : uint8_t { normal, low };

class ThreadPool {
 public:
  // Starts `threads` threads at the first job.
  explicit ThreadPool(size_t threads, Priority priority = Priority::normal) : threads_(threads), priority_(priority) {}

  size_t threads() const { return threads_; }
  void submit(std::function<void()> job);

 private:
  void work();
  void spin();

  const size_t threads_;
  const Priority priority_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::atomic<size_t> pending_{0};
  std::atomic<bool> spinning_{false};
  bool started_ = false;
};

// As many threads as the processor runs at once.
size_t hardware_threads();
// Searches: jobs of at most a few milliseconds, so that none waits long.
ThreadPool& search_pool();
// Building and everything else that takes its time while somebody waits for it.
ThreadPool& bulk_pool();
// The same where nobody does: its threads get what the others leave of the cores.
ThreadPool& background_pool();

// Runs `work(i)` for i = 0 … threads − 1, one of them on the calling thread and the others on the pool where it has
// threads to spare, and returns when all that began have ended. Each `work` takes its share of a common counter, so a
// call that never began leaves nothing undone.
void parallel(ThreadPool& pool, size_t threads, const std::function<void(size_t)>& work);

}  // namespace omen
