#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/graph.h"
#include "graph/match_walk.h"

namespace omen {
namespace {

// The rows of a list that were not seen before.
std::span<const uint32_t> gather(Links list, Scratch& scratch) {
  const auto batch = scratch.visited.insert_list(list.capacity, [&](uint32_t i) { return load_link(list.rows + i); });
  scratch.work.hops++;
  scratch.work.distances += uint32_t(batch.size());
  return batch;
}

// A row around which matches are so many times rarer than elsewhere lies apart from them.
constexpr double kSparse = 4;
// How much wider than it seems to need a walk is made that is made again.
constexpr double kMargin = 1.25;

// What of the time that it took to find the closest a walk goes on for; longer where matches lie apart from the query,
// since they are found more slowly there.
constexpr double kPersistence = 0.8;
constexpr double kSparsePersistence = 1.5;

size_t widened(size_t beam, double widening) { return size_t(std::ceil(double(beam) * widening)); }

}  // namespace

void forget_visited(const Graph& graph, VisitedSet& visited) {
  if (!graph.techniques.reuse_visited) visited = VisitedSet();
  visited.reset(graph.row_limit());
}

Candidate descend(const Graph& graph, const Codes& codes, Scratch& scratch, Candidate from, uint32_t top,
                  uint32_t bottom) {
  scratch.reserve_batch(2 * graph.m);
  Candidate best = from;
  for (uint32_t layer = top + 1; layer-- > bottom;) {
    for (Candidate before = 0; before != best;) {
      before = best;
      const Links list = graph.list(row_of(best), layer);
      size_t count = 0;
      for (; count < list.capacity; count++) {
        const uint32_t row = load_link(list.rows + count);
        if (row == kNoRow) break;
        scratch.rows[count] = row;
        codes.prefetch(row);
      }
      scratch.work.hops++;
      scratch.work.distances += uint32_t(count);
      scratch.query.score(scratch.rows.data(), count, scratch.distances.data());
      for (size_t i = 0; i < count; i++) {
        best = std::min(best, make_candidate(scratch.distances[i], scratch.rows[i]));
      }
    }
  }
  return best;
}

void LayerWalk::start(const Graph& graph, const Codes& codes, Scratch& scratch, Candidate from, size_t beam,
                      uint32_t layer, const WalkEnds& ends) {
  graph_ = &graph;
  codes_ = &codes;
  scratch_ = &scratch;
  layer_ = layer;
  settling_ = ends.settling;
  scratch.reserve_batch(2 * graph.m);
  forget_visited(graph, scratch.visited);
  scratch.visited.add(row_of(from));
  scratch.pool.reset(beam);
  if (ends.places > 0) scratch.pool.within(ends.places, ends.factor);
  scratch.pool.limit(settling_.reach());
  scratch.pool.insert(from);
  walking_ = expand_at_once();
}

// The closest candidate's unseen neighbours, if there is a candidate left to expand.
bool LayerWalk::expand(Batch& batch) {
  CandidatePool& pool = scratch_->pool;
  if (pool.peek() == CandidatePool::kNone || settling_.ends_at(pool.next_place())) return false;
  pool.limit(settling_.reach());
  const Candidate next = pool.expand_next();
  batch = gather(graph_->list(row_of(next), layer_), *scratch_);
  if (graph_->techniques.prefetch_lists && layer_ == 0) {
    if (const Candidate after = pool.peek(); after != CandidatePool::kNone) graph_->prefetch_list(row_of(after));
  }
  return true;
}

// Expands where there is nothing to compare meanwhile: all loads start at once.
bool LayerWalk::expand_at_once() {
  if (!expand(batch_)) return false;
  if (graph_->techniques.prefetch_codes) {
    for (const uint32_t row : batch_) codes_->prefetch(row);
  }
  return true;
}

// The list after this one is expanded before this one is compared, so that its codes can be asked for meanwhile, a few at a
// time (see RowsView). A candidate that this one would bring forward then comes a step late, which costs a few percent more
// distances.
bool LayerWalk::step() {
  if (!walking_) return false;
  Batch ahead;
  const bool two = graph_->techniques.pipeline && expand(ahead);
  float* const distances = scratch_->distances.data();
  const bool loads = two && graph_->techniques.prefetch_codes;
  scratch_->query.score(batch_.data(), batch_.size(), distances, loads ? ahead : Batch());
  if (graph_->techniques.merge_batches) {
    scratch_->pool.insert(batch_, distances);
  } else {
    for (size_t i = 0; i < batch_.size(); i++) scratch_->pool.insert(make_candidate(distances[i], batch_[i]));
  }
  if (two) batch_ = ahead;
  return walking_ = two || expand_at_once();
}

Refusal Search::begin(const Graph& graph, Scratch& scratch, const void* query, const SearchOptions& options) {
  graph_ = &graph;
  scratch_ = &scratch;
  options_ = options;
  walking_ = chains_ = false;
  scratch.work = {};
  const Shape& shape = graph.codes.shape();
  scratch.prepared.resize(shape.vector_bytes());
  scratch.reserve_batch(2 * graph.m);
  Refusal refusal = prepare_vector(shape, query, scratch.prepared.data());
  if (refusal == Refusal::none) refusal = scratch.query.bind(graph.codes, scratch.prepared.data());
  if (refusal == Refusal::none && graph.rescoring) {
    refusal = scratch.exact_query.bind(*graph.rescoring, scratch.prepared.data());
  }
  if (refusal != Refusal::none) return refusal;

  if (options.radius == std::numeric_limits<float>::infinity()) {
    walking_ = start_walk(std::max(options.beam, options.k));
    return refusal;
  }
  // A radius may hold far fewer rows than k: the beam then starts as it is and widens until it reaches outside.
  for (size_t beam = options.beam;; beam = std::min<size_t>(2 * beam, options.k)) {
    if (start_walk(beam)) {
      while (walk_.step()) {
      }
    }
    const bool reaches_outside = !scratch.pool.full() || distance_of(scratch.pool.worst()) > options.radius;
    if (reaches_outside || beam >= options.k) return refusal;
  }
}

// Starts to fill the pool with the closest `beam` rows that may be returned; false where it is filled already.
bool Search::start_walk(size_t beam) {
  const Graph& graph = *graph_;
  Scratch& scratch = *scratch_;
  const uint32_t entry = graph.entry();
  scratch.pool.reset(beam);
  if (entry == kNoRow) return false;
  if (options_.strategy == Strategy::scan) return scan_all(beam);
  chains_ = graph.has_twins();
  float distance;
  scratch.query.score(&entry, 1, &distance);
  const Candidate start =
      descend(graph, graph.codes, scratch, make_candidate(distance, entry), graph.level(entry), 1);
  if (!options_.accept && !graph.has_removed()) {
    walk_.start(graph, graph.codes, scratch, start, beam, 0, within(1));
    return true;
  }
  find_matches(start, beam);
  return false;
}

void Search::find_matches(Candidate start, size_t beam) {
  const Candidate closest = descend(*graph_, graph_->codes, *scratch_, start, 0, 0);
  const bool apart =
      options_.accept && share_around(*graph_, row_of(closest), matches()) * kSparse < options_.share;
  const bool plain = options_.strategy == Strategy::plain;
  if (plain && !apart && walk_past_others(closest, beam)) return;
  walk_matches(row_of(closest), beam, apart || plain);
}

bool Search::scan_all(size_t beam) {
  chains_ = false;
  scratch_->pool.reset(beam);
  scratch_->work.distances +=
      scan(scratch_->query, graph_->codes, graph_->row_limit(), options_.accept, &graph_->state, scratch_->pool);
  return false;
}

// A walk that keeps so many rows that `beam` of them should match, and drops the others in the end. False where it leaves
// too few: the query lies where matches are rare.
bool Search::walk_past_others(Candidate closest, size_t beam) {
  CandidatePool& pool = scratch_->pool;
  double widening = options_.widening;
  for (bool again = true;; again = false) {
    WalkEnds ends = within(widening);
    ends.settling = settling(widening, kPersistence);
    walk_.start(*graph_, graph_->codes, *scratch_, closest, widened(beam, widening), 0, ends);
    while (walk_.step()) {
    }
    const bool whole = ends.places == 0 && !pool.full() && pool.peek() == CandidatePool::kNone;
    const double expected = double(pool.size()) / widening;
    pool.keep(matches(), beam);
    const double found = double(pool.size());
    const bool enough = whole || found * 4 >= expected * 3;
    if (enough && reaches(std::min<size_t>(options_.k, beam))) return true;
    // Somewhat fewer than expected: a somewhat wider walk will do.
    if (!again || whole || found * kSparse < expected) return false;
    widening *= std::max(kMargin, kMargin * expected / found);
  }
}

// A walk from match to match; a scan where that finds too few or takes as long. `apart`: the query lies apart from the
// matches.
void Search::walk_matches(uint32_t closest, size_t beam, bool apart) {
  const double widening = apart ? options_.widening * options_.sparse_widening : options_.widening;
  const Settling settling = this->settling(1, apart ? kSparsePersistence : kPersistence);
  const Matches matches = this->matches();
  MatchWalk walk(*graph_, *scratch_, matches, options_.patience);
  const bool walked = widening > 0 && walk.run(closest, widened(beam, widening), options_.accept, settling);
  if (!walked || !reaches(std::min<size_t>(options_.k, beam))) scan_all(beam);
}

Matches Search::matches() const { return {graph_, options_.accept, chains_}; }

// What is close enough for a walk of which one row in `widening` matches.
WalkEnds Search::within(double widening) const {
  const bool bounded = options_.radius < std::numeric_limits<float>::infinity();
  if (options_.factor == std::numeric_limits<float>::infinity() || bounded || options_.accept) return {};
  return {.places = widened(options_.k, widening), .factor = options_.factor};
}

// What ends a walk of which one row in `widening` matches, when its closest have settled.
Settling Search::settling(double widening, double persistence) const {
  if (!options_.settles || options_.radius < std::numeric_limits<float>::infinity()) return {};
  const size_t wanted = graph_->rescoring ? compared_again() : options_.k;
  return {widened(wanted, widening), persistence};
}

// Whether the pool leads to so many rows that may be returned.
bool Search::reaches(size_t count) const {
  const CandidatePool& pool = scratch_->pool;
  if (pool.size() >= count) return true;
  if (!chains_) return false;
  const Matches matches = this->matches();
  size_t found = 0;
  for (const Candidate candidate : pool) {
    for (uint32_t row = row_of(candidate); row != kNoRow && found < count; row = graph_->twin_of(row)) {
      found += matches.alone(row);
    }
  }
  return found >= count;
}

uint32_t Search::finish(uint32_t* rows, float* distances) {
  std::span<const Candidate> found(scratch_->pool.begin(), scratch_->pool.end());
  // Rows of equal codes are not equal vectors yet: where somebody else's tell them apart, each of them is compared.
  const bool told_apart = graph_->rescoring != graph_->exact;
  if (chains_ && told_apart) found = with_twins(found, compared_again());
  if (graph_->rescoring) found = rescore(found);
  if (chains_ && !told_apart) found = with_twins(found, options_.k);
  return uint32_t(
      write_results(graph_->codes.shape().metric, found, options_.k, options_.radius, rows, distances));
}

// The first `wanted` that may be returned of the rows found and those that hang on them, each at the distance of the row it
// hangs on. While a chain is given to another row it may hang on both: so twice as many are kept, since none comes more
// than twice.
std::span<const Candidate> Search::with_twins(std::span<const Candidate> found, size_t wanted) {
  std::vector<Candidate>& collected = scratch_->collected;
  const Matches matches = this->matches();
  const size_t enough = 2 * wanted;
  collected.clear();
  for (const Candidate candidate : found) {
    const float distance = distance_of(candidate);
    if (collected.size() >= enough && distance > distance_of(collected.back())) break;
    for (uint32_t row = row_of(candidate); row != kNoRow; row = graph_->twin_of(row)) {
      if (!matches.alone(row)) continue;
      collected.push_back(make_candidate(distance, row));
      // A chain may be long: what is not among the first is dropped from time to time.
      if (collected.size() < 2 * enough + 64) continue;
      std::nth_element(collected.begin(), collected.begin() + enough - 1, collected.end());
      collected.resize(enough);
    }
  }
  std::sort(collected.begin(), collected.end());
  collected.erase(std::unique(collected.begin(), collected.end()), collected.end());
  return collected;
}

// The first candidates with their distances by the codes for rescoring, sorted. Where the codes have a bound, a candidate that even
// at the near end of it is farther than the first k is left out.
std::span<const Candidate> Search::rescore(std::span<const Candidate> found) {
  Scratch& scratch = *scratch_;
  const size_t count = std::min<size_t>(found.size(), compared_again());
  scratch.reserve_batch(count);
  scratch.rescored.clear();
  size_t waiting = 0;
  const auto take = [&](Candidate candidate) {
    scratch.rows[waiting++] = row_of(candidate);
    graph_->rescoring->prefetch(row_of(candidate));
  };
  const auto compare = [&] {
    scratch.exact_query.score(scratch.rows.data(), waiting, scratch.distances.data());
    for (size_t i = 0; i < waiting; i++) {
      scratch.rescored.push_back(make_candidate(scratch.distances[i], scratch.rows[i]));
    }
    scratch.work.rescored += uint32_t(waiting);
    waiting = 0;
  };
  size_t next = 0;
  float farthest = std::numeric_limits<float>::infinity();
  if (count > options_.k && scratch.query.margin(row_of(found[0])) < farthest) {
    for (; next < options_.k; next++) take(found[next]);
    compare();
    farthest = distance_of(*std::max_element(scratch.rescored.begin(), scratch.rescored.end()));
  }
  const bool bounded = farthest < std::numeric_limits<float>::infinity();
  for (; next < count; next++) {
    if (bounded && distance_of(found[next]) - scratch.query.margin(row_of(found[next])) > farthest) continue;
    take(found[next]);
  }
  compare();
  std::sort(scratch.rescored.begin(), scratch.rescored.end());
  return scratch.rescored;
}

Refusal search(const Graph& graph, Scratch& scratch, const void* query, const SearchOptions& options, uint32_t* rows,
               float* distances, uint32_t* count) {
  Search search;
  const Refusal refusal = search.begin(graph, scratch, query, options);
  if (refusal != Refusal::none) return refusal;
  while (search.step()) {
  }
  *count = search.finish(rows, distances);
  return refusal;
}

}  // namespace omen
