#include <algorithm>
#include <optional>
#include <string>

#include "binding/arguments.h"
#include "binding/binding.h"
#include "binding/codes_binding.h"
#include "binding/task.h"
#include "graph/graph.h"

namespace omen::binding {
namespace {

// Below so many rows a graph is built by one thread: rows inserted at the same time do not see each other, and in a
// small graph those are a large part of it.
constexpr uint32_t kSerialRows = 256;

Scratch& scratch() {
  thread_local Scratch scratch;
  return scratch;
}

class InsertTask : public Task {
 public:
  InsertTask(Napi::Env env, Graph& graph, std::span<const uint32_t> rows, size_t threads, int32_t* control)
      : Task(env), graph_(graph), rows_(rows), threads_(threads), control_(control) {}

  void run(const StopFlag& stop) override {
    const size_t before = graph_.row_limit() - std::min<size_t>(rows_.size(), graph_.row_limit());
    const size_t serial = threads_ == 1 ? rows_.size() : before < kSerialRows ? kSerialRows : 0;
    insert_until(std::min(serial, rows_.size()), stop);
    parallel(bulk_pool(), threads_, [&](size_t) { insert_until(rows_.size(), stop); });
  }
  Napi::Value result(Napi::Env env) override {
    return Napi::Number::New(env, double(std::min<size_t>(next_, rows_.size())));
  }

 private:
  // Takes rows one by one; a row once taken is inserted, so what is done is always the first so many.
  void insert_until(size_t end, const StopFlag& stop) {
    Inserter inserter(graph_);
    while (!stop && __atomic_load_n(control_ + 1, __ATOMIC_RELAXED) == 0) {
      size_t i = next_.load();
      while (i < end && !next_.compare_exchange_weak(i, i + 1)) {
      }
      if (i >= end) return;
      inserter.insert(rows_[i]);
      __atomic_fetch_add(control_, 1, __ATOMIC_RELAXED);
    }
  }

  Graph& graph_;
  std::span<const uint32_t> rows_;
  size_t threads_;
  int32_t* control_;
  std::atomic<size_t> next_{0};
};

class RelinkTask : public Task {
 public:
  RelinkTask(Napi::Env env, Graph& graph, std::span<const uint32_t> rows, size_t threads)
      : Task(env), graph_(graph), rows_(rows), threads_(threads) {}

  void run(const StopFlag& stop) override {
    std::atomic<size_t> next{0};
    parallel(bulk_pool(), threads_, [&](size_t) {
      Relinker relinker(graph_);
      for (size_t i; !stop && (i = next.fetch_add(1)) < rows_.size();) relinker.relink(rows_[i]);
    });
  }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  Graph& graph_;
  std::span<const uint32_t> rows_;
  size_t threads_;
};

// One query, or many shared by the threads.
class SearchTask : public Task {
 public:
  SearchTask(Napi::Env env, const Graph& graph, std::span<const std::byte> queries, SearchOptions options, Results out,
             size_t threads)
      : Task(env), graph_(graph), queries_(queries.begin(), queries.end()), options_(options), out_(out), threads_(threads) {}

  void run(const StopFlag& stop) override {
    const size_t count = queries_.size() / graph_.codes.shape().vector_bytes();
    std::atomic<size_t> next{0};
    parallel(search_pool(), std::min(threads_, count), [&](size_t) {
      for (size_t i; !stop && (i = next.fetch_add(1)) < count;) search_one(i);
    });
  }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, refused_.value()); }

 private:
  void search_one(size_t i) {
    const Refusal refusal = search(graph_, scratch(), queries_.data() + i * graph_.codes.shape().vector_bytes(), options_,
                                   &out_.rows[i * out_.k], &out_.distances[i * out_.k], &out_.counts[i]);
    if (refusal != Refusal::none) refused_.note(i, refusal);
  }

  const Graph& graph_;
  std::vector<std::byte> queries_;
  SearchOptions options_;
  Results out_;
  size_t threads_;
  FirstRefusal refused_;
};

// Graph(m, beam, codes, exact | undefined, head: Uint32Array, levels: Uint32Array). Keeps its chunks alive.
class GraphObject : public Napi::ObjectWrap<GraphObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Graph",
                       {
                           InstanceMethod<&GraphObject::attach>("attach"),
                           InstanceMethod<&GraphObject::insert>("insert"),
                           InstanceMethod<&GraphObject::relink>("relink"),
                           InstanceMethod<&GraphObject::search_sync>("searchSync"),
                           InstanceMethod<&GraphObject::search_many>("searchMany"),
                       });
  }

  explicit GraphObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    CodesObject* codes = CodesObject::Unwrap(info[2].As<Napi::Object>());
    CodesObject* exact = info[3].IsObject() ? CodesObject::Unwrap(info[3].As<Napi::Object>()) : nullptr;
    const auto head = elements<uint32_t>(info[4]);
    const auto levels = elements<uint32_t>(info[5]);
    for (const size_t i : {2, 3, 4}) {
      if (info[i].IsObject()) kept_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
    }
    graph_.emplace(uint32_of(info[0]), uint32_of(info[1]), codes->codes(), exact ? &exact->codes() : nullptr, head.data(),
                   std::vector<uint32_t>(levels.begin(), levels.end()));
  }

 private:
  // attach(slab: string, chunk: Uint8Array)
  Napi::Value attach(const Napi::CallbackInfo& info) {
    const std::string name = info[0].As<Napi::String>().Utf8Value();
    Slab* slab = name == "links"     ? &graph_->links
                 : name == "state"   ? &graph_->state
                 : name == "anchors" ? &graph_->anchors
                 : name == "upperAt" ? &graph_->upper_at
                 : name == "upper"   ? &graph_->upper
                                     : nullptr;
    const auto chunk = elements<std::byte>(info[1]);
    if (slab == nullptr) return throw_range(info.Env(), "no slab of this name");
    if (chunk.size() < kChunkRows * slab->stride()) return throw_range(info.Env(), "the chunk is too short");
    kept_.push_back(Napi::Persistent(info[1].As<Napi::Object>()));
    slab->attach(chunk.data());
    return info.Env().Undefined();
  }

  // insert(rows: Uint32Array, threads, control: Int32Array): Promise<number>
  Napi::Value insert(const Napi::CallbackInfo& info) {
    const auto rows = elements<const uint32_t>(info[0]);
    if (!within(rows)) return throw_range(info.Env(), "a row is beyond the graph");
    auto task = std::make_unique<InsertTask>(info.Env(), *graph_, rows, uint32_of(info[1]),
                                             elements<int32_t>(info[2]).data());
    task->keep(Value());
    task->keep(info[0].As<Napi::Object>());
    task->keep(info[2].As<Napi::Object>());
    return start(info.Env(), bulk_pool(), std::move(task));
  }

  // relink(rows: Uint32Array, threads): Promise<void>
  Napi::Value relink(const Napi::CallbackInfo& info) {
    const auto rows = elements<const uint32_t>(info[0]);
    if (!within(rows)) return throw_range(info.Env(), "a row is beyond the graph");
    auto task = std::make_unique<RelinkTask>(info.Env(), *graph_, rows, uint32_of(info[1]));
    task->keep(Value());
    task->keep(info[0].As<Napi::Object>());
    return start(info.Env(), bulk_pool(), std::move(task));
  }

  // searchSync(query, k, beam, rescore, radius, accept, rows, distances, counts): number
  Napi::Value search_sync(const Napi::CallbackInfo& info) {
    const auto query = elements<const std::byte>(info[0]);
    const SearchOptions options = options_of(info);
    const Results out = Results::from(info, 6, options.k);
    if (query.size() != graph_->codes.shape().vector_bytes() || !out.holds(1)) {
      return throw_range(info.Env(), "the query or the results have the wrong length");
    }
    const Refusal refusal =
        search(*graph_, scratch(), query.data(), options, out.rows.data(), out.distances.data(), out.counts.data());
    return Napi::Number::New(info.Env(), refusal == Refusal::none ? -1 : double(refusal));
  }

  // searchMany(queries, k, beam, rescore, radius, accept, rows, distances, counts, threads): Promise<number>
  Napi::Value search_many(const Napi::CallbackInfo& info) {
    const auto queries = elements<const std::byte>(info[0]);
    const SearchOptions options = options_of(info);
    const Results out = Results::from(info, 6, options.k);
    if (!out.holds(queries.size() / graph_->codes.shape().vector_bytes())) {
      return throw_range(info.Env(), "the results have no room");
    }
    auto task = std::make_unique<SearchTask>(info.Env(), *graph_, queries, options, out, uint32_of(info[9]));
    task->keep(Value());
    for (const size_t i : {5, 6, 7, 8}) {
      if (info[i].IsObject()) task->keep(info[i].As<Napi::Object>());
    }
    return start(info.Env(), search_pool(), std::move(task));
  }

  static SearchOptions options_of(const Napi::CallbackInfo& info) {
    return {uint32_of(info[1]),    uint32_of(info[2]), uint32_of(info[3]), info[4].As<Napi::Number>().FloatValue(),
            accept_of(info[5])};
  }

  bool within(std::span<const uint32_t> rows) const {
    const uint64_t limit = std::min(graph_->links.capacity_rows(), graph_->codes.slab().capacity_rows());
    return std::all_of(rows.begin(), rows.end(), [&](uint32_t row) { return row < limit; });
  }

  std::optional<Graph> graph_;
  std::vector<Napi::ObjectReference> kept_;
};

}  // namespace

void register_graph(Napi::Env env, Napi::Object exports) { exports.Set("Graph", GraphObject::define(env)); }

}  // namespace omen::binding
