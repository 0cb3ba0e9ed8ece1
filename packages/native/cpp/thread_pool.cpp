#include "thread_pool.h"

#include <chrono>
#include <memory>
#include <thread>

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <pthread/qos.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace omen {
namespace {

// Lets the calling thread run where others leave it room. A system that refuses runs it as before.
void lower_priority() {
#if defined(__linux__)
  // On Linux a nice value is a thread's own. With 10 it gets about a tenth of a core that another thread wants as well.
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), 10);
#elif defined(__APPLE__)
  pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0);
#elif defined(_WIN32)
  SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL);
#endif
}

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void ThreadPool::submit(std::function<void()> job) {
  {
    const std::lock_guard guard(mutex_);
    if (!started_) {
      started_ = true;
      for (size_t i = 0; i < threads_; i++) std::thread([this] { work(); }).detach();
    }
    jobs_.push_back(std::move(job));
    pending_.store(jobs_.size());
    // The watching thread takes the only job; it gives up watching before it looks at the queue for the last time.
    if (jobs_.size() == 1 && spinning_.load()) return;
  }
  wake_.notify_one();
}

void ThreadPool::work() {
  if (priority_ == Priority::low) lower_priority();
  for (;;) {
    std::function<void()> job;
    if (pending_.load(std::memory_order_acquire) == 0) spin();
    {
      std::unique_lock guard(mutex_);
      wake_.wait(guard, [this] { return !jobs_.empty(); });
      job = std::move(jobs_.front());
      jobs_.pop_front();
      pending_.store(jobs_.size(), std::memory_order_release);
    }
    job();
  }
}

// Waking a sleeping thread costs as much as a search, and searches come one after another: after a job one thread, and
// never more, watches for the next for a moment before it sleeps. It gives its core away meanwhile: the thread that it
// waits for may have been put on the same one; every few microseconds, since asking the system slows that thread down.
void ThreadPool::spin() {
  if (spinning_.exchange(true)) return;
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  bool found = false;
  while (!found && std::chrono::steady_clock::now() < until) {
    for (int i = 0; i < 400 && !found; i++) {
      relax();
      found = pending_.load(std::memory_order_acquire) != 0;
    }
    std::this_thread::yield();
  }
  spinning_.store(false);
}

size_t hardware_threads() {
  const size_t threads = std::thread::hardware_concurrency();
  return threads == 0 ? 1 : threads;
}

// Never destroyed: their threads outlive every static destructor.
ThreadPool& search_pool() {
  static ThreadPool& pool = *new ThreadPool(hardware_threads());
  return pool;
}

ThreadPool& bulk_pool() {
  static ThreadPool& pool = *new ThreadPool(hardware_threads());
  return pool;
}

ThreadPool& background_pool() {
  static ThreadPool& pool = *new ThreadPool(hardware_threads(), Priority::low);
  return pool;
}

void parallel(ThreadPool& pool, size_t threads, const std::function<void(size_t)>& work) {
  if (threads <= 1) return work(0);
  struct Crew {
    std::mutex mutex;
    std::condition_variable idle;
    size_t active = 0;
    bool over = false;  // the caller has returned: `work` is gone
  };
  const auto crew = std::make_shared<Crew>();
  for (size_t i = 1; i < threads; i++) {
    pool.submit([crew, i, &work] {
      {
        const std::lock_guard guard(crew->mutex);
        if (crew->over) return;
        crew->active++;
      }
      work(i);
      const std::lock_guard guard(crew->mutex);
      if (--crew->active == 0) crew->idle.notify_all();
    });
  }
  work(0);
  std::unique_lock guard(crew->mutex);
  crew->over = true;
  crew->idle.wait(guard, [&] { return crew->active == 0; });
}

}  // namespace omen
