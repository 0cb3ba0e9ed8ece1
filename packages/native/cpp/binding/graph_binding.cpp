#include <algorithm>
#include <optional>
#include <string>

#include "binding/arguments.h"
#include "binding/binding.h"
#include "binding/codes_binding.h"
#include "binding/task.h"
#include "graph/check.h"
#include "graph/graph.h"

namespace omen::binding {
namespace {

// Below so many rows a graph is built by one thread: rows inserted at the same time do not see each other, and in a
// small graph those are a large part of it.
constexpr uint32_t kSerialRows = 256;

// Where the results of searches go, and what they cost where that is asked for: three numbers each (see Work).
struct SearchResults : Results {
  std::span<uint32_t> work;

  static SearchResults from(const Napi::CallbackInfo& info, size_t first, uint32_t k) {
    return {Results::from(info, first, k), elements<uint32_t>(info[first + 3])};
  }
  bool holds(size_t queries) const { return Results::holds(queries) && (work.empty() || work.size() >= 3 * queries); }

  void store(size_t i, Search& search, const Work& done) const {
    counts[i] = search.finish(&rows[i * k], &distances[i * k]);
    if (work.empty()) return;
    work[3 * i] = done.distances;
    work[3 * i + 1] = done.hops;
    work[3 * i + 2] = done.rescored;
  }
};

// One bit for each technique that is switched off, in their order in `Techniques` of @omen/core.
Techniques techniques_of(uint32_t off) {
  const auto on = [&](unsigned bit) { return (off >> bit & 1) == 0; };
  return {on(0), on(1), on(2), on(3), on(4), on(5)};
}

Scratch& scratch() {
  thread_local Scratch scratch;
  return scratch;
}
// For a thread that searches for two queries by turns.
Scratch& second_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

Refusal search_into(const Graph& graph, const std::byte* query, const SearchOptions& options, const SearchResults& out,
                    size_t i) {
  Search search;
  const Refusal refusal = search.begin(graph, scratch(), query, options);
  if (refusal != Refusal::none) return refusal;
  while (search.step()) {
  }
  out.store(i, search, scratch().work);
  return refusal;
}

class InsertTask : public Task {
 public:
  InsertTask(Napi::Env env, Graph& graph, std::span<const uint32_t> rows, ThreadPool& pool, size_t threads,
             int32_t* control)
      : Task(env), graph_(graph), rows_(rows), pool_(pool), threads_(threads), control_(control) {}

  void run(const StopFlag& stop) override {
    const size_t before = graph_.row_limit() - std::min<size_t>(rows_.size(), graph_.row_limit());
    const size_t serial = threads_ == 1 ? rows_.size() : before < kSerialRows ? kSerialRows : 0;
    insert_until(std::min(serial, rows_.size()), stop);
    parallel(pool_, threads_, [&](size_t) { insert_until(rows_.size(), stop); });
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
  ThreadPool& pool_;
  size_t threads_;
  int32_t* control_;
  std::atomic<size_t> next_{0};
};

class RelinkTask : public Task {
 public:
  RelinkTask(Napi::Env env, Graph& graph, std::span<const uint32_t> rows, ThreadPool& pool, size_t threads)
      : Task(env), graph_(graph), rows_(rows), pool_(pool), threads_(threads) {}

  void run(const StopFlag& stop) override {
    std::atomic<size_t> next{0};
    parallel(pool_, threads_, [&](size_t) {
      Relinker relinker(graph_);
      for (size_t i; !stop && (i = next.fetch_add(1)) < rows_.size();) relinker.relink(rows_[i]);
    });
  }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  Graph& graph_;
  std::span<const uint32_t> rows_;
  ThreadPool& pool_;
  size_t threads_;
};

// Short enough for the pool of searches when the rows are some ten thousand: nobody waits for a build there.
class CheckTask : public Task {
 public:
  CheckTask(Napi::Env env, std::function<bool()> check) : Task(env), check_(std::move(check)) {}
  void run(const StopFlag& stop) override { passed_ = !stop && check_(); }
  Napi::Value result(Napi::Env env) override { return Napi::Boolean::New(env, passed_); }

 private:
  std::function<bool()> check_;
  bool passed_ = false;
};

// One query, or many shared by the threads.
class SearchTask : public Task {
 public:
  SearchTask(Napi::Env env, const Graph& graph, std::span<const std::byte> queries, SearchOptions options, SearchResults out,
             size_t threads)
      : Task(env), graph_(graph), queries_(queries.begin(), queries.end()), options_(options), out_(out), threads_(threads) {}

  void run(const StopFlag& stop) override {
    const size_t count = queries_.size() / graph_.codes.shape().vector_bytes();
    std::atomic<size_t> next{0};
    const bool two = graph_.techniques.interleave && count > 1;
    parallel(search_pool(), std::min(threads_, count), [&](size_t) {
      if (two) return search_by_turns(next, count, stop);
      for (size_t i; !stop && (i = next.fetch_add(1)) < count;) search_one(i);
    });
  }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, refused_.value()); }

 private:
  // Two searches take turns, a list each.
  void search_by_turns(std::atomic<size_t>& next, size_t count, const StopFlag& stop) {
    struct Lane {
      Search search;
      Scratch& scratch;
      size_t query = 0;
      bool busy = false;
    };
    Lane lanes[] = {{.search = {}, .scratch = scratch()}, {.search = {}, .scratch = second_scratch()}};
    const auto begin = [&](Lane& lane) {
      while (!stop && (lane.query = next.fetch_add(1)) < count) {
        const Refusal refusal = lane.search.begin(graph_, lane.scratch, query(lane.query), options_);
        if (refusal == Refusal::none) return true;
        refused_.note(lane.query, refusal);
      }
      return false;
    };
    for (Lane& lane : lanes) lane.busy = begin(lane);
    while (lanes[0].busy || lanes[1].busy) {
      for (Lane& lane : lanes) {
        if (!lane.busy || lane.search.step()) continue;
        out_.store(lane.query, lane.search, lane.scratch.work);
        lane.busy = begin(lane);
      }
    }
  }

  void search_one(size_t i) {
    const Refusal refusal = search_into(graph_, query(i), options_, out_, i);
    if (refusal != Refusal::none) refused_.note(i, refusal);
  }

  const std::byte* query(size_t i) const { return queries_.data() + i * graph_.codes.shape().vector_bytes(); }

  const Graph& graph_;
  std::vector<std::byte> queries_;
  SearchOptions options_;
  SearchResults out_;
  size_t threads_;
  FirstRefusal refused_;
};

// Graph(m, beam, alpha, techniques: a bit each, codes, exact | undefined, linking, rescoring | undefined, head:
// Uint32Array, levels: Uint32Array). Keeps its chunks alive.
class GraphObject : public Napi::ObjectWrap<GraphObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Graph",
                       {
                           InstanceMethod<&GraphObject::attach>("attach"),
                           InstanceMethod<&GraphObject::check>("check"),
                           InstanceMethod<&GraphObject::insert>("insert"),
                           InstanceMethod<&GraphObject::relink>("relink"),
                           InstanceMethod<&GraphObject::search_sync>("searchSync"),
                           InstanceMethod<&GraphObject::search_many>("searchMany"),
                       });
  }

  explicit GraphObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto codes_at = [&](size_t i) -> Codes* {
      return info[i].IsObject() ? &CodesObject::Unwrap(info[i].As<Napi::Object>())->codes() : nullptr;
    };
    const auto head = elements<uint32_t>(info[8]);
    const auto levels = elements<uint32_t>(info[9]);
    for (const size_t i : {4, 5, 7, 8}) {
      if (info[i].IsObject()) kept_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
    }
    const GraphOptions options{uint32_of(info[0]), uint32_of(info[1]), info[2].As<Napi::Number>().FloatValue(),
                               techniques_of(uint32_of(info[3]))};
    graph_.emplace(options, *codes_at(4), codes_at(5), *codes_at(6), codes_at(7), head.data(),
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
                 : name == "twins"   ? &graph_->twins
                                     : nullptr;
    const auto chunk = elements<std::byte>(info[1]);
    if (slab == nullptr) return throw_range(info.Env(), "no slab of this name");
    if (!attach_to(*slab, chunk)) return throw_range(info.Env(), "a chunk follows one that is not full");
    kept_.push_back(Napi::Persistent(info[1].As<Napi::Object>()));
    return info.Env().Undefined();
  }

  // check(what: 'rows' | 'lists' | 'chains' | 'tree', from, to): Promise<boolean>
  Napi::Value check(const Napi::CallbackInfo& info) {
    const std::string what = info[0].As<Napi::String>().Utf8Value();
    const uint32_t from = uint32_of(info[1]), to = uint32_of(info[2]), blocks = graph_->head[3];
    const auto room = [](const Slab& slab, uint64_t rows) { return slab.capacity_rows() >= rows; };
    const Graph& graph = *graph_;
    const uint64_t rows = graph.row_limit();
    bool fits = room(graph.upper, blocks) && to <= rows && room(graph.codes.slab(), rows);
    for (const Slab* slab : {&graph.links, &graph.state, &graph.anchors, &graph.upper_at, &graph.twins}) fits &= room(*slab, rows);
    if (!fits) return throw_range(info.Env(), "the slabs are too short");
    auto task = std::make_unique<CheckTask>(info.Env(), [=, &graph] {
      return what == "rows"     ? check_rows(graph, blocks)
             : what == "lists"  ? check_lists(graph, from, to)
             : what == "chains" ? check_chains(graph)
                                : check_tree(graph);
    });
    task->keep(Value());
    return start(info.Env(), search_pool(), std::move(task));
  }

  // insert(rows: Uint32Array, threads, background, control: Int32Array): Promise<number>
  Napi::Value insert(const Napi::CallbackInfo& info) {
    const auto rows = elements<const uint32_t>(info[0]);
    if (!within(rows)) return throw_range(info.Env(), "a row is beyond the graph");
    ThreadPool& pool = pool_of(info[2]);
    auto task = std::make_unique<InsertTask>(info.Env(), *graph_, rows, pool, uint32_of(info[1]),
                                             elements<int32_t>(info[3]).data());
    task->keep(Value());
    task->keep(info[0].As<Napi::Object>());
    task->keep(info[3].As<Napi::Object>());
    return start(info.Env(), pool, std::move(task));
  }

  // relink(rows: Uint32Array, threads, background): Promise<void>
  Napi::Value relink(const Napi::CallbackInfo& info) {
    const auto rows = elements<const uint32_t>(info[0]);
    if (!within(rows)) return throw_range(info.Env(), "a row is beyond the graph");
    ThreadPool& pool = pool_of(info[2]);
    auto task = std::make_unique<RelinkTask>(info.Env(), *graph_, rows, pool, uint32_of(info[1]));
    task->keep(Value());
    task->keep(info[0].As<Napi::Object>());
    return start(info.Env(), pool, std::move(task));
  }

  // searchSync(query, k, beam, rescore, radius, accept, rows, distances, counts, work | undefined, strategy, share,
  // widening, sparseWidening, patience, settles, epsilon): number
  Napi::Value search_sync(const Napi::CallbackInfo& info) {
    const auto query = elements<const std::byte>(info[0]);
    const SearchOptions options = options_of(info, 10);
    const SearchResults out = SearchResults::from(info, 6, options.k);
    if (query.size() != graph_->codes.shape().vector_bytes() || !out.holds(1) || !can_rescore()) {
      return throw_range(info.Env(), "the query, the results or the codes to rescore by have the wrong length");
    }
    const Refusal refusal = search_into(*graph_, query.data(), options, out, 0);
    return Napi::Number::New(info.Env(), refusal == Refusal::none ? -1 : double(refusal));
  }

  // searchMany(queries, k, beam, rescore, radius, accept, rows, distances, counts, work | undefined, threads, strategy,
  // share, widening, sparseWidening, patience, settles, epsilon): Promise<number>
  Napi::Value search_many(const Napi::CallbackInfo& info) {
    const auto queries = elements<const std::byte>(info[0]);
    const SearchOptions options = options_of(info, 11);
    const SearchResults out = SearchResults::from(info, 6, options.k);
    if (!out.holds(queries.size() / graph_->codes.shape().vector_bytes()) || !can_rescore()) {
      return throw_range(info.Env(), "the results have no room, or the codes to rescore by lack rows");
    }
    auto task = std::make_unique<SearchTask>(info.Env(), *graph_, queries, options, out, uint32_of(info[10]));
    task->keep(Value());
    for (const size_t i : {5, 6, 7, 8, 9}) {
      if (info[i].IsObject()) task->keep(info[i].As<Napi::Object>());
    }
    return start(info.Env(), search_pool(), std::move(task));
  }

  // (…, k, beam, rescore, radius, accept, …, from `plan` on: strategy, share, widening, sparseWidening, patience, settles,
  // epsilon)
  static SearchOptions options_of(const Napi::CallbackInfo& info, size_t plan) {
    const auto number = [&](size_t i) { return info[i].As<Napi::Number>(); };
    return {.k = uint32_of(info[1]),
            .beam = uint32_of(info[2]),
            .rescore = uint32_of(info[3]),
            .radius = number(4).FloatValue(),
            .accept = accept_of(info[5]),
            .factor = float(1 + number(plan + 6).DoubleValue()),
            .strategy = Strategy(uint32_of(info[plan])),
            .share = number(plan + 1).DoubleValue(),
            .widening = number(plan + 2).DoubleValue(),
            .sparse_widening = number(plan + 3).DoubleValue(),
            .patience = uint32_of(info[plan + 4]),
            .settles = info[plan + 5].As<Napi::Boolean>().Value()};
  }

  bool within(std::span<const uint32_t> rows) const {
    const uint64_t limit = std::min(graph_->links.capacity_rows(), graph_->codes.slab().capacity_rows());
    return std::all_of(rows.begin(), rows.end(), [&](uint32_t row) { return row < limit; });
  }

  // Whether the codes for rescoring, which may be somebody else's, have all rows.
  bool can_rescore() const {
    return !graph_->rescoring || graph_->rescoring->slab().capacity_rows() >= graph_->row_limit();
  }

  std::optional<Graph> graph_;
  std::vector<Napi::ObjectReference> kept_;
};

}  // namespace

void register_graph(Napi::Env env, Napi::Object exports) { exports.Set("Graph", GraphObject::define(env)); }

}  // namespace omen::binding
