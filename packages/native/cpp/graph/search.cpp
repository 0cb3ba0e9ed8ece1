#include <algorithm>
#include <functional>
#include <limits>

#include "graph/graph.h"

namespace omen {
namespace {

// The rows of a list that were not seen before, with the loads of their codes under way: all of them start before the
// first distance is computed, since memory, not arithmetic, is what a search waits for.
std::span<const uint32_t> gather(const Graph& graph, Links list, VisitedSet& visited) {
  const auto batch = visited.insert_list(list.capacity, [&](uint32_t i) { return load_link(list.rows + i); });
  for (const uint32_t row : batch) graph.codes.prefetch(row);
  return batch;
}

void prefetch_list(const Graph& graph, uint32_t row) {
  const auto* list = reinterpret_cast<const std::byte*>(graph.links.at(row));
  for (size_t line = 0; line < graph.links.stride(); line += 64) __builtin_prefetch(list + line);
}

// The search of a graph in which not every row may be returned: rows that may not are still walked through, since they
// bridge to those that may. The pool holds the latter; the frontier is a heap of all that were seen.
void search_filtered(const Graph& graph, Scratch& scratch, Candidate from, size_t beam, Accept accept) {
  CandidatePool& results = scratch.pool;
  auto& frontier = scratch.frontier;
  const auto closest_first = std::greater<Candidate>();
  const auto see = [&](Candidate candidate) {
    if (!results.admits(candidate)) return;
    frontier.push_back(candidate);
    std::push_heap(frontier.begin(), frontier.end(), closest_first);
    const uint32_t row = row_of(candidate);
    if (accept.has(row) && graph.state_of(row) == kAlive) results.insert(candidate);
  };
  scratch.visited.reset(graph.row_limit());
  scratch.visited.insert(row_of(from));
  results.reset(beam);
  frontier.clear();
  see(from);
  while (!frontier.empty()) {
    std::pop_heap(frontier.begin(), frontier.end(), closest_first);
    const Candidate next = frontier.back();
    frontier.pop_back();
    if (!results.admits(next) && results.worst() != next) break;
    const auto batch = gather(graph, graph.list(row_of(next), 0), scratch.visited);
    scratch.query.score(batch.data(), batch.size(), scratch.distances.data());
    for (size_t i = 0; i < batch.size(); i++) see(make_candidate(scratch.distances[i], batch[i]));
  }
}

// Where a scan of the accepted rows is cheaper than a walk that would have to search for them.
bool few_accepted(Accept accept, size_t beam, uint32_t row_limit) {
  if (!accept) return false;
  const uint64_t count = accept.count();
  return count <= beam || count * 100 <= row_limit;
}

// Fills the pool with the closest `beam` rows that may be returned.
void find_candidates(const Graph& graph, Scratch& scratch, size_t beam, const SearchOptions& options) {
  const uint32_t entry = graph.entry();
  const uint32_t limit = graph.row_limit();
  scratch.pool.reset(beam);
  if (entry == kNoRow) return;
  const auto scan_all = [&] {
    scratch.pool.reset(beam);
    scan(scratch.query, graph.codes, limit, options.accept, &graph.state, scratch.pool);
  };
  if (few_accepted(options.accept, beam, limit)) return scan_all();

  float distance;
  scratch.query.score(&entry, 1, &distance);
  const Candidate start =
      descend(graph, scratch, make_candidate(distance, entry), graph.level(entry), 1);
  if (!options.accept && !graph.has_removed()) return search_layer(graph, scratch, start, beam, 0);
  search_filtered(graph, scratch, start, beam, options.accept);
  // The walk may have been cut off from rows that match; a scan finds them all.
  if (scratch.pool.size() < std::min<size_t>(options.k, beam)) scan_all();
}

// The candidates with their distances by the exact codes, sorted.
std::span<const Candidate> rescore(const Graph& graph, Scratch& scratch, const SearchOptions& options) {
  const size_t count = std::min<size_t>(scratch.pool.size(), std::max(options.k, options.rescore));
  scratch.reserve_batch(count);
  for (size_t i = 0; i < count; i++) {
    scratch.rows[i] = row_of(scratch.pool[i]);
    graph.exact->prefetch(scratch.rows[i]);
  }
  scratch.exact_query.score(scratch.rows.data(), count, scratch.distances.data());
  scratch.rescored.resize(count);
  for (size_t i = 0; i < count; i++) scratch.rescored[i] = make_candidate(scratch.distances[i], scratch.rows[i]);
  std::sort(scratch.rescored.begin(), scratch.rescored.end());
  return scratch.rescored;
}

}  // namespace

Candidate descend(const Graph& graph, Scratch& scratch, Candidate from, uint32_t top, uint32_t bottom) {
  scratch.reserve_batch(2 * graph.m);
  Candidate best = from;
  for (uint32_t layer = top; layer >= bottom; layer--) {
    for (Candidate before = 0; before != best;) {
      before = best;
      const Links list = graph.list(row_of(best), layer);
      size_t count = 0;
      for (; count < list.capacity; count++) {
        const uint32_t row = load_link(list.rows + count);
        if (row == kNoRow) break;
        scratch.rows[count] = row;
        graph.codes.prefetch(row);
      }
      scratch.query.score(scratch.rows.data(), count, scratch.distances.data());
      for (size_t i = 0; i < count; i++) {
        best = std::min(best, make_candidate(scratch.distances[i], scratch.rows[i]));
      }
    }
  }
  return best;
}

void search_layer(const Graph& graph, Scratch& scratch, Candidate from, size_t beam, uint32_t layer) {
  CandidatePool& pool = scratch.pool;
  scratch.reserve_batch(2 * graph.m);
  scratch.visited.reset(graph.row_limit());
  scratch.visited.insert(row_of(from));
  pool.reset(beam);
  pool.insert(from);
  float* const distances = scratch.distances.data();
  for (Candidate next; (next = pool.expand_next()) != CandidatePool::kNone;) {
    const auto batch = gather(graph, graph.list(row_of(next), layer), scratch.visited);
    // The list most likely to be walked next, while this one's distances are computed.
    if (const Candidate after = pool.peek(); after != CandidatePool::kNone && layer == 0) {
      prefetch_list(graph, row_of(after));
    }
    scratch.query.score(batch.data(), batch.size(), distances);
    pool.insert(batch, distances);
  }
}

Refusal search(const Graph& graph, Scratch& scratch, const void* query, const SearchOptions& options, uint32_t* rows,
               float* distances, uint32_t* count) {
  const Shape& shape = graph.codes.shape();
  scratch.prepared.resize(shape.vector_bytes());
  scratch.reserve_batch(2 * graph.m);
  Refusal refusal = prepare_vector(shape, query, scratch.prepared.data());
  if (refusal == Refusal::none) refusal = scratch.query.bind(graph.codes, scratch.prepared.data());
  if (refusal == Refusal::none && graph.exact) {
    refusal = scratch.exact_query.bind(*graph.exact, scratch.prepared.data());
  }
  if (refusal != Refusal::none) return refusal;

  // A radius may hold far fewer rows than k: the beam then starts as it is and widens until it reaches outside.
  const bool bounded = options.radius != std::numeric_limits<float>::infinity();
  size_t beam = bounded ? options.beam : std::max(options.beam, options.k);
  find_candidates(graph, scratch, beam, options);
  while (bounded && beam < options.k && scratch.pool.full() && distance_of(scratch.pool.worst()) <= options.radius) {
    beam = std::min<size_t>(2 * beam, options.k);
    find_candidates(graph, scratch, beam, options);
  }
  std::span<const Candidate> found(scratch.pool.begin(), scratch.pool.end());
  if (graph.exact) found = rescore(graph, scratch, options);
  *count = uint32_t(write_results(shape.metric, found, options.k, options.radius, rows, distances));
  return Refusal::none;
}

}  // namespace omen
