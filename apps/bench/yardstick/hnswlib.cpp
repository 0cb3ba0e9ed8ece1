// The yardstick: hnswlib in C++, without Node between it and the clock.
//
// Reads one command a line and answers each with one line of JSON, so that a benchmark can keep it alive
// beside other engines and take turns with them. Vectors, queries and results travel as plain little-endian
// files.
//
//   load <rows> <dimension> <l2|cosine|dot> <path>      vectors (f32); cosine scales them to unit length
//   build <m> <ef construction> <threads> <seed>        {"progress":n} while it runs, then the times
//   release                                             frees the vectors loaded: the index has its own
//   queries <count> <path>                              queries (f32)
//   search <count> <k> <ef> <threads> <latencies: 0|1> <path>
//                                                       asks the first so many queries; writes the rows (u32,
//                                                       k per query, closest first) and after them, when
//                                                       asked, each query's nanoseconds (u32)
//   save <path>                                         writes the index to a file
//   open <rows> <dimension> <l2|cosine|dot> <path>      reads it from there, in place of load and build
//   work <count> <k> <ef>                               what the searches for the first so many queries do,
//   each on
//                                                       average: distances, lists read, and bytes of vectors
//                                                       and lists; counted apart from anything that is timed
//   memory                                              resident bytes now, and at the peak since the build
//   quit
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kNoRow = 0xffffffff;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// A field of /proc/self/status in bytes; 0 where there is no such file.
std::uint64_t statusBytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::stoull(line.substr(field.size() + 1)) * 1024;
  }
  return 0;
}

void resetPeakMemory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::vector<float> readFloats(const std::string& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("could not open " + path);
  const std::size_t bytes = count * sizeof(float);
  if (static_cast<std::size_t>(file.tellg()) != bytes) {
    throw std::runtime_error(path + " has not " + std::to_string(bytes) + " bytes");
  }
  std::vector<float> values(count);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(bytes));
  if (!file) throw std::runtime_error("could not read " + path);
  return values;
}

void scaleToUnitLength(std::vector<float>& vectors, std::size_t dimension) {
  for (std::size_t start = 0; start < vectors.size(); start += dimension) {
    double squared = 0;
    for (std::size_t i = start; i < start + dimension; ++i)
      squared += static_cast<double>(vectors[i]) * vectors[i];
    const double scale = squared > 0 ? 1 / std::sqrt(squared) : 0;
    for (std::size_t i = start; i < start + dimension; ++i)
      vectors[i] = static_cast<float>(vectors[i] * scale);
  }
}

/// Runs work(item) for every item on the given number of threads, this one included.
void inParallel(std::size_t items, unsigned threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    for (std::size_t item = next++; item < items; item = next++) work(item);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(loop);
  loop();
  for (auto& thread : others) thread.join();
}

/// Stands in for hnswlib's distance function where calls are counted, which one thread does at a time.
struct Counting {
  static hnswlib::DISTFUNC<float> function;
  static std::uint64_t calls;

  static float call(const void* a, const void* b, const void* parameter) {
    ++calls;
    return function(a, b, parameter);
  }
};
hnswlib::DISTFUNC<float> Counting::function = nullptr;
std::uint64_t Counting::calls = 0;

class Yardstick {
 public:
  void load(std::istringstream& in) {
    in >> rows_ >> dimension_ >> metric_;
    base_ = readFloats(rest(in), rows_ * dimension_);
    makeSpace();
    if (metric_ == "cosine") scaleToUnitLength(base_, dimension_);
    std::cout << "{}" << std::endl;
  }

  void build(std::istringstream& in) {
    std::size_t m = 0, efConstruction = 0, seed = 0;
    unsigned threads = 1;
    in >> m >> efConstruction >> threads >> seed;
    if (base_.empty() || rows_ == 0) throw std::runtime_error("no vectors are loaded");
    resetPeakMemory();
    const auto start = Clock::now();
    const double cpuStart = cpuSeconds();
    index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), rows_, m, efConstruction, seed);
    index_->addPoint(base_.data(), 0);
    std::atomic<std::size_t> done{1};
    std::thread reporter([&] { report(done); });
    inParallel(rows_ - 1, threads, [&](std::size_t item) {
      index_->addPoint(base_.data() + (item + 1) * dimension_, item + 1);
      ++done;
    });
    const double wall = secondsSince(start);
    const double cpu = cpuSeconds() - cpuStart;
    reporter.join();
    std::printf("{\"wallSeconds\":%.6f,\"cpuSeconds\":%.6f}\n", wall, cpu);
    std::fflush(stdout);
  }

  void release() {
    std::vector<float>().swap(base_);
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    std::cout << "{}" << std::endl;
  }

  void queries(std::istringstream& in) {
    in >> queryCount_;
    queries_ = readFloats(rest(in), queryCount_ * dimension_);
    if (metric_ == "cosine") scaleToUnitLength(queries_, dimension_);
    std::cout << "{}" << std::endl;
  }

  void search(std::istringstream& in) {
    std::size_t count = 0, k = 0, ef = 0;
    unsigned threads = 1;
    bool latencies = false;
    in >> count >> k >> ef >> threads >> latencies;
    const std::string path = rest(in);
    if (!index_) throw std::runtime_error("no index is built");
    if (count > queryCount_) throw std::runtime_error("there are fewer queries");
    index_->setEf(ef);
    std::vector<std::uint32_t> rows(count * k, kNoRow);
    std::vector<std::uint32_t> nanoseconds(latencies ? count : 0);
    const auto one = [&](std::size_t query) {
      auto found = index_->searchKnn(queries_.data() + query * dimension_, k);
      for (std::size_t place = found.size(); place-- > 0; found.pop()) {
        rows[query * k + place] = static_cast<std::uint32_t>(found.top().second);
      }
    };
    const auto start = Clock::now();
    if (latencies) {
      for (std::size_t query = 0; query < count; ++query) {
        const auto began = Clock::now();
        one(query);
        nanoseconds[query] = static_cast<std::uint32_t>(std::min(secondsSince(began) * 1e9, 4e9));
      }
    } else if (threads == 1) {
      for (std::size_t query = 0; query < count; ++query) one(query);
    } else {
      inParallel(count, threads, one);
    }
    const double seconds = secondsSince(start);
    write(path, rows, nanoseconds);
    std::printf("{\"seconds\":%.9f}\n", seconds);
    std::fflush(stdout);
  }

  void save(std::istringstream& in) {
    if (!index_) throw std::runtime_error("no index is built");
    const auto start = Clock::now();
    index_->saveIndex(rest(in));
    std::printf("{\"seconds\":%.6f}\n", secondsSince(start));
    std::fflush(stdout);
  }

  void open(std::istringstream& in) {
    in >> rows_ >> dimension_ >> metric_;
    const std::string path = rest(in);
    makeSpace();
    const auto start = Clock::now();
    index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), path);
    std::printf("{\"seconds\":%.6f}\n", secondsSince(start));
    std::fflush(stdout);
  }

  void work(std::istringstream& in) {
    std::size_t count = 0, k = 0, ef = 0;
    in >> count >> k >> ef;
    if (!index_) throw std::runtime_error("no index is built");
    if (count == 0 || count > queryCount_) throw std::runtime_error("there are fewer queries");
    auto& index = *index_;
    Counting::function = index.fstdistfunc_;
    Counting::calls = 0;
    index.fstdistfunc_ = Counting::call;
    index.metric_hops = 0;
    std::uint64_t upperHops = 0;
    for (std::size_t query = 0; query < count; ++query) {
      const float* vector = queries_.data() + query * dimension_;
      const auto entry = descend(vector, upperHops);
      index.template searchBaseLayerST<false, true>(entry, vector, std::max(ef, k));
    }
    index.fstdistfunc_ = Counting::function;
    const auto hops = static_cast<std::uint64_t>(index.metric_hops.load());
    const std::uint64_t bytes = Counting::calls * dimension_ * sizeof(float) +
                                hops * index.size_links_level0_ + upperHops * index.size_links_per_element_;
    const auto mean = [&](std::uint64_t total) {
      return static_cast<double>(total) / static_cast<double>(count);
    };
    std::printf("{\"distances\":%.3f,\"hops\":%.3f,\"bytes\":%.1f}\n", mean(Counting::calls),
                mean(hops + upperHops), mean(bytes));
    std::fflush(stdout);
  }

  void memory() const {
    std::printf("{\"residentBytes\":%llu,\"peakBytes\":%llu}\n",
                static_cast<unsigned long long>(statusBytes("VmRSS")),
                static_cast<unsigned long long>(statusBytes("VmHWM")));
    std::fflush(stdout);
  }

 private:
  static std::string rest(std::istringstream& in) {
    std::string path;
    std::getline(in >> std::ws, path);
    return path;
  }

  /// The row that a search begins with on the base layer: the same greedy walk as hnswlib's own.
  hnswlib::tableint descend(const float* vector, std::uint64_t& hops) const {
    auto& index = *index_;
    auto row = index.enterpoint_node_;
    const auto to = [&](hnswlib::tableint other) {
      return index.fstdistfunc_(vector, index.getDataByInternalId(other), index.dist_func_param_);
    };
    float nearest = to(row);
    for (int level = index.maxlevel_; level > 0; --level) {
      for (bool closer = true; closer;) {
        closer = false;
        ++hops;
        auto* list = index.get_linklist(row, level);
        const auto size = index.getListCount(list);
        const auto* links = reinterpret_cast<const hnswlib::tableint*>(list + 1);
        for (unsigned i = 0; i < size; ++i) {
          const float distance = to(links[i]);
          if (distance < nearest) {
            nearest = distance;
            row = links[i];
            closer = true;
          }
        }
      }
    }
    return row;
  }

  void makeSpace() {
    if (metric_ == "l2") {
      space_ = std::make_unique<hnswlib::L2Space>(dimension_);
    } else {
      space_ = std::make_unique<hnswlib::InnerProductSpace>(dimension_);
    }
  }

  void report(const std::atomic<std::size_t>& done) const {
    while (done < rows_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      std::printf("{\"progress\":%zu}\n", done.load());
      std::fflush(stdout);
    }
  }

  static void write(const std::string& path, const std::vector<std::uint32_t>& rows,
                    const std::vector<std::uint32_t>& nanoseconds) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    for (const auto* part : {&rows, &nanoseconds}) {
      file.write(reinterpret_cast<const char*>(part->data()),
                 static_cast<std::streamsize>(part->size() * sizeof(std::uint32_t)));
    }
    if (!file.flush()) throw std::runtime_error("could not write " + path);
  }

  std::size_t rows_ = 0;
  std::size_t dimension_ = 0;
  std::size_t queryCount_ = 0;
  std::string metric_;
  std::vector<float> base_;
  std::vector<float> queries_;
  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> index_;
};

/// A message as a JSON string. Ours hold nothing but text and paths.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

}  // namespace

int main() {
  Yardstick yardstick;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string command;
    in >> command;
    try {
      if (command == "load")
        yardstick.load(in);
      else if (command == "build")
        yardstick.build(in);
      else if (command == "release")
        yardstick.release();
      else if (command == "queries")
        yardstick.queries(in);
      else if (command == "search")
        yardstick.search(in);
      else if (command == "save")
        yardstick.save(in);
      else if (command == "open")
        yardstick.open(in);
      else if (command == "work")
        yardstick.work(in);
      else if (command == "memory")
        yardstick.memory();
      else if (command == "quit")
        return 0;
      else
        throw std::runtime_error("unknown command " + command);
    } catch (const std::exception& error) {
      std::cout << "{\"error\":" << quoted(error.what()) << "}" << std::endl;
    }
  }
}
