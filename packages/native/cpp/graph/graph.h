// The graph's slabs as C++ sees them. TypeScript owns the memory and describes every slab in @omen/hnsw's graph.ts.
#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "codes.h"
#include "graph/settling.h"
#include "pool.h"
#include "slab.h"

namespace omen {

// What a row's byte in the `state` slab says.
inline constexpr std::byte kAlive{1};
inline constexpr std::byte kRemoved{2};

// Lists are read while another thread writes them: each entry is atomic by itself, and any mix of an old and a new list
// is a valid list. What an entry leads to was complete before the entry was stored.
inline uint32_t load_link(const uint32_t* link) { return __atomic_load_n(link, __ATOMIC_ACQUIRE); }
inline void store_link(uint32_t* link, uint32_t row) { __atomic_store_n(link, row, __ATOMIC_RELEASE); }

// A spin lock for sections of a few microseconds that are hardly ever contended. Who waits longer than that waits for a
// thread that has lost its core, and gives it one.
class SpinLock {
 public:
  void lock() {
    while (flag_.exchange(true, std::memory_order_acquire)) {
      for (int spins = 0; flag_.load(std::memory_order_relaxed); spins++) {
        if (spins > 1000) std::this_thread::yield();
      }
    }
  }
  void unlock() { flag_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> flag_{false};
};

// One list of neighbours: at most `capacity` rows, ended by kNoRow when shorter.
struct Links {
  uint32_t* rows;
  uint32_t capacity;
  uint32_t size() const {
    uint32_t n = 0;
    while (n < capacity && load_link(rows + n) != kNoRow) n++;
    return n;
  }
  template <class Visit>
  void each(Visit visit) const {
    for (uint32_t i = 0; i < capacity; i++) {
      const uint32_t row = load_link(rows + i);
      if (row == kNoRow) return;
      visit(row);
    }
  }
  void write(std::span<const uint32_t> list) {
    for (uint32_t i = 0; i < capacity; i++) store_link(rows + i, i < list.size() ? list[i] : kNoRow);
  }
};

// What makes a search fast and can be switched off, one by one, to measure what it brings (docs/ablation.md).
struct Techniques {
  // Before the first row of a list is compared, the codes of all of them are on their way from memory.
  bool prefetch_codes = true;
  // So is the list of the candidate that will most likely be expanded next.
  bool prefetch_lists = true;
  // A list's codes travel while the one before is compared: two lists of a query are under way at any time.
  bool pipeline = true;
  // A thread with many queries takes turns between two, so that each waits for memory while the other computes.
  bool interleave = true;
  // The rows of a list go into the pool in one merge, not one by one.
  bool merge_batches = true;
  // The marks of the rows that a search saw are kept for the next one.
  bool reuse_visited = true;
};

struct GraphOptions {
  uint32_t m;     // capacity of an upper list; a base list holds twice as many
  uint32_t beam;  // candidates kept while inserting
  float alpha;    // see NeighbourSelector
  Techniques techniques = {};
};

class Graph {
 public:
  // `linking` are the codes by which rows are inserted, `codes` or `exact`; `rescoring` those by which candidates are
  // compared again, `exact` or somebody else's over the same rows.
  Graph(const GraphOptions& options, Codes& codes, Codes* exact, Codes& linking, const Codes* rescoring,
        uint32_t* head, std::vector<uint32_t> levels)
      : m(options.m), beam(options.beam), alpha(options.alpha), techniques(options.techniques), codes(codes),
        exact(exact), linking(linking), rescoring(rescoring), head(head), levels(std::move(levels)), links(size_t(m) * 8), state(1),
        anchors(1), upper_at(4), upper(size_t(m) * 4), twins(4) {}

  const uint32_t m, beam;
  const float alpha;
  const Techniques techniques;
  Codes& codes;
  Codes* const exact;
  Codes& linking;
  const Codes* const rescoring;
  uint32_t* const head;
  const std::vector<uint32_t> levels;

  Slab links, state, anchors, upper_at, upper, twins;
  std::mutex entry_mutex;

  uint32_t row_limit() const { return load_link(head); }
  uint32_t entry() const { return __atomic_load_n(head + 1, __ATOMIC_ACQUIRE); }
  void set_entry(uint32_t row) { __atomic_store_n(head + 1, row, __ATOMIC_RELEASE); }
  uint32_t root() const { return load_link(head + 2); }
  void set_root(uint32_t row) { store_link(head + 2, row); }

  // Whether some rows are tombstones.
  bool has_removed() const { return load_link(head + 5) != 0; }

  // Whether rows hang on their twins in place of being linked (@omen/hnsw's twins.ts says why), and the next row of a
  // chain of them.
  bool has_twins() const { return load_link(head + 6) != 0; }
  uint32_t twin_of(uint32_t row) const { return load_link(twins.words(row)); }
  // Hangs a row on its twin.
  void chain(uint32_t leader, uint32_t row) {
    const std::lock_guard guard(lock_of(leader));
    store_link(twins.words(row), twin_of(leader));
    store_link(twins.words(leader), row);
    __atomic_fetch_add(head + 6, 1, __ATOMIC_RELEASE);
  }

  // A hash of a row number (twin: rowHash in levels.ts).
  static uint32_t hash(uint32_t row) {
    uint32_t h = row + 0x9e3779b9u;  // murmur3's finalizer
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
  }

  // The highest layer a row is on: a function of its number alone.
  uint32_t level(uint32_t row) const {
    const uint32_t h = hash(row);
    uint32_t l = 0;
    while (l < levels.size() && h < levels[l]) l++;
    return l;
  }

  Links list(uint32_t row, uint32_t layer) const {
    if (layer == 0) return {links.words(row), 2 * m};
    return {upper.words(*upper_at.words(row) + layer - 1), m};
  }

  void prefetch_list(uint32_t row) const {
    const auto* list = reinterpret_cast<const std::byte*>(links.at(row));
    for (size_t line = 0; line < links.stride(); line += 64) prefetch_line(list + line);
  }

  std::byte state_of(uint32_t row) const { return std::byte(__atomic_load_n((uint8_t*)state.at(row), __ATOMIC_RELAXED)); }
  uint8_t& anchors_of(uint32_t row) const { return *reinterpret_cast<uint8_t*>(anchors.at(row)); }

  SpinLock& lock_of(uint32_t row) { return locks_[row & (locks_.size() - 1)]; }

 private:
  // Striped: two rows may share a lock, since no thread ever holds two.
  std::array<SpinLock, 4096> locks_;
};

// What searches did, in numbers that do not depend on the machine.
struct Work {
  uint32_t distances = 0;  // rows compared by the codes that are walked by
  uint32_t hops = 0;       // lists expanded, on all layers
  uint32_t rescored = 0;   // rows compared again
};

// What one search of a graph needs; reused from search to search.
struct Scratch {
  BoundQuery query;
  BoundQuery exact_query;          // the same query bound to the codes for rescoring
  CandidatePool pool;
  VisitedSet visited;
  std::vector<uint32_t> rows;      // a batch of rows to score
  std::vector<float> distances;    // and their distances
  std::vector<uint32_t> others;    // rows that do not match, of a walk among those that do
  std::vector<Candidate> rescored;
  std::vector<Candidate> collected;  // what was found, with its twins
  std::vector<std::byte> prepared; // the query as prepare_vector leaves it
  Work work;

  void reserve_batch(size_t count) {
    if (rows.size() < count) {
      rows.resize(count);
      distances.resize(count);
    }
  }
};

// How a search finds rows where not all may be returned: SearchStrategy of @omen/core, in its order.
enum class Strategy : uint8_t { plain, filtered, scan };

struct SearchOptions {
  uint32_t k;
  uint32_t beam;
  uint32_t rescore;
  float radius;
  Accept accept;
  // One more than epsilon.
  float factor = std::numeric_limits<float>::infinity();
  // What @omen/hnsw's plan.ts decided; see NativeSearch.
  Strategy strategy = Strategy::plain;
  double share = 1;
  double widening = 1;
  double sparse_widening = 1;
  uint32_t patience = ~uint32_t(0);
  bool settles = false;
};

void forget_visited(const Graph& graph, VisitedSet& visited);

// Walks greedily from `from` on layers `top` … `bottom` (top ≥ bottom ≥ 1) to the row closest to the scratch's query,
// which is bound to `codes`.
Candidate descend(const Graph& graph, const Codes& codes, Scratch& scratch, Candidate from, uint32_t top,
                  uint32_t bottom);

// What ends a walk before all that its beam holds is expanded.
struct WalkEnds {
  // As CandidatePool::within takes them; no places: everything is kept.
  size_t places = 0;
  float factor = 0;
  Settling settling = {};
};

// A walk of one layer that fills the scratch's pool with the `beam` rows closest to its query that can be found from
// `from` (Malkov & Yashunin 2018, Alg. 2). Tombstones are among them. It is made of steps, so that two walks of one
// thread can take turns.
class LayerWalk {
 public:
  void start(const Graph& graph, const Codes& codes, Scratch& scratch, Candidate from, size_t beam, uint32_t layer,
             const WalkEnds& ends = {});
  // Compares the rows of one list; false when there is none left.
  bool step();

 private:
  using Batch = std::span<const uint32_t>;
  bool expand(Batch& batch);
  bool expand_at_once();

  const Graph* graph_ = nullptr;
  const Codes* codes_ = nullptr;
  Scratch* scratch_ = nullptr;
  uint32_t layer_ = 0;
  bool walking_ = false;
  Settling settling_;
  Batch batch_;  // the rows to compare next
};

// The rows that a search may return: accepted and alive.
struct Matches {
  const Graph* graph = nullptr;
  Accept accept;
  bool chains = false;  // whether rows hang on their twins

  bool alone(uint32_t row) const { return accept.has(row) && graph->state_of(row) == kAlive; }
  // Whether a row or one that hangs on it matches.
  bool operator()(uint32_t row) const {
    while (!alone(row)) {
      if (!chains || (row = graph->twin_of(row)) == kNoRow) return false;
    }
    return true;
  }
};

// The search for one raw query, in steps: begin, step until it says false, finish.
class Search {
 public:
  Refusal begin(const Graph& graph, Scratch& scratch, const void* query, const SearchOptions& options);
  bool step() { return walking_ && (walking_ = walk_.step()); }
  // Writes at most k results, sorted, and returns how many.
  uint32_t finish(uint32_t* rows, float* distances);

 private:
  bool start_walk(size_t beam);
  bool scan_all(size_t beam);
  void find_matches(Candidate start, size_t beam);
  bool walk_past_others(Candidate closest, size_t beam);
  void walk_matches(uint32_t closest, size_t beam, bool apart);
  std::span<const Candidate> rescore(std::span<const Candidate> found);
  std::span<const Candidate> with_twins(std::span<const Candidate> found, size_t wanted);
  uint32_t compared_again() const { return std::max(options_.k, options_.rescore); }
  Matches matches() const;
  WalkEnds within(double widening) const;
  Settling settling(double widening, double persistence) const;
  bool reaches(size_t count) const;

  const Graph* graph_ = nullptr;
  Scratch* scratch_ = nullptr;
  SearchOptions options_ = {};
  LayerWalk walk_;
  bool walking_ = false;
  bool chains_ = false;  // twins hang on the candidates: not on those of a scan, which meets every row itself
};

// The whole search; the number of results in `count`.
Refusal search(const Graph& graph, Scratch& scratch, const void* query, const SearchOptions& options, uint32_t* rows,
               float* distances, uint32_t* count);

// Chooses up to `count` neighbours for a row, the base, from candidates sorted by their distance to it: each is closer
// to the base than alpha times its distance to any chosen before (robust prune: Subramanya et al. 2019, Alg. 2; with
// alpha 1, Malkov & Yashunin 2018, Alg. 4). `chosen` may start with rows that are kept in any case, at the distances
// `kept` from the base.
//
// On a tie with a chosen one a candidate is taken when that one is closer to the base than both are to each other. So
// an exact duplicate of the base keeps out other duplicates, which would fill the list, but not everything else: all
// others tie with it, and without this rule a row with a duplicate would lose every link that leads away.
class NeighbourSelector {
 public:
  explicit NeighbourSelector(float alpha) : alpha_(alpha) {}
  void select(const Codes& codes, std::span<const Candidate> candidates, size_t count, std::vector<uint32_t>& chosen,
              std::span<const float> kept = {});

 private:
  bool is_diverse(const Codes& codes, Candidate candidate, std::span<const uint32_t> chosen);

  const float alpha_;
  BoundQuery query_;
  std::vector<float> to_base_;  // distances of the chosen from the base
};

// Writes a list anew: `chosen` as it stands, and what the selector takes of `others`.
class ListWriter {
 public:
  explicit ListWriter(float alpha) : selector_(alpha) {}
  void rewrite(const Codes& codes, uint32_t row, Links list, std::vector<uint32_t>& chosen,
               std::span<const uint32_t> others);

 private:
  NeighbourSelector selector_;
  BoundQuery query_;
  std::vector<float> kept_distances_, other_distances_;
  std::vector<Candidate> candidates_;
};

// Links one row into the graph, or hangs it on its twin; rows may be inserted by several threads at once.
class Inserter {
 public:
  explicit Inserter(Graph& graph)
      : graph_(graph), selector_(graph.alpha), lists_(graph.levels.size() + 1), writer_(graph.alpha) {}
  void insert(uint32_t row);

 private:
  uint32_t find_twin(uint32_t row) const;
  void publish(uint32_t row, uint32_t top_layer);
  void anchor(uint32_t row);
  uint32_t some_child(uint32_t parent, uint32_t row, uint32_t step) const;
  bool try_attach(uint32_t parent, uint32_t row);
  void connect(uint32_t neighbour, uint32_t row, uint32_t layer);

  Graph& graph_;
  Scratch scratch_;
  NeighbourSelector selector_;
  std::vector<std::vector<uint32_t>> lists_;  // chosen neighbours by layer
  ListWriter writer_;
  std::vector<uint32_t> others_, chosen_;
};

// Replaces tombstones in a row's lists by neighbours from among the tombstones' own. Reads only that row's lists and
// those of tombstones, so rows can be relinked in any order and by many threads (after IP-DiskANN, Xu et al. 2025).
class Relinker {
 public:
  explicit Relinker(Graph& graph) : graph_(graph), writer_(graph.alpha) {}
  void relink(uint32_t row);

 private:
  void relink_layer(uint32_t row, uint32_t layer);

  Graph& graph_;
  ListWriter writer_;
  std::vector<uint32_t> rows_, chosen_;
};

}  // namespace omen
