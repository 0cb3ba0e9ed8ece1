// Twin: packages/hnsw/src/match-walk.ts.
#include "graph/match_walk.h"

#include <algorithm>

namespace omen {
namespace {

// Matches from all over the set that a walk starts from, beside those around the row closest to the query: matches may
// lie in regions that no two steps lead between.
constexpr uint32_t kSeeds = 16;
// Words of the set looked at for one of them.
constexpr size_t kSeedWords = 1024;

}  // namespace

double share_around(const Graph& graph, uint32_t row, const Matches& matches) {
  uint32_t seen = 0;
  uint32_t matching = 0;
  const auto look = [&](uint32_t neighbour) {
    seen++;
    matching += matches(neighbour);
  };
  const Links list = graph.list(row, 0);
  list.each([&](uint32_t neighbour) { graph.prefetch_list(neighbour); });
  list.each([&](uint32_t neighbour) {
    look(neighbour);
    graph.list(neighbour, 0).each(look);
  });
  return seen == 0 ? 0 : double(matching) / seen;
}

void MatchWalk::take(uint32_t row) {
  if (!scratch_.visited.add(row)) return;
  scratch_.rows[count_++] = row;
  graph_.codes.prefetch(row);
}

void MatchWalk::compare() {
  scratch_.query.score(scratch_.rows.data(), count_, scratch_.distances.data());
  scratch_.pool.insert({scratch_.rows.data(), count_}, scratch_.distances.data());
  scratch_.work.distances += uint32_t(count_);
  walked_ += count_;
  count_ = 0;
}

void MatchWalk::take_seeds(Accept accept) {
  const size_t words = std::min(accept.word_count, (size_t(graph_.row_limit()) + 31) / 32);
  if (!accept || words == 0) return;
  for (uint32_t i = 0; i < kSeeds; i++) {
    size_t at = Graph::hash(i) % words;
    for (size_t step = 0; step < kSeedWords && accept.words[at] == 0; step++) at = at + 1 == words ? 0 : at + 1;
    if (accept.words[at] == 0) continue;
    const uint32_t row = uint32_t(at * 32) + uint32_t(std::countr_zero(accept.words[at]));
    if (matches_(row)) take(row);
  }
}

void MatchWalk::expand(uint32_t row) {
  const size_t enough = 2 * graph_.m;
  others_.clear();
  scratch_.work.hops++;
  graph_.list(row, 0).each([&](uint32_t neighbour) {
    if (matches_(neighbour)) return take(neighbour);
    if (scratch_.visited.has(neighbour)) return;
    others_.push_back(neighbour);
    graph_.prefetch_list(neighbour);
  });
  for (const uint32_t other : others_) {
    if (count_ >= enough) break;
    scratch_.visited.add(other);
    scratch_.work.hops++;
    graph_.list(other, 0).each([&](uint32_t neighbour) {
      if (matches_(neighbour)) take(neighbour);
    });
  }
  compare();
}

bool MatchWalk::run(uint32_t closest, size_t beam, Accept accept, Settling settling) {
  forget_visited(graph_, scratch_.visited);
  scratch_.pool.reset(beam);
  scratch_.pool.limit(settling.reach());
  scratch_.reserve_batch(4 * graph_.m + kSeeds + 1);
  take_seeds(accept);
  if (matches_(closest)) take(closest);
  expand(closest);
  CandidatePool& pool = scratch_.pool;
  while (pool.peek() != CandidatePool::kNone && !settling.ends_at(pool.next_place())) {
    if (walked_ > patience_) return false;
    pool.limit(settling.reach());
    expand(row_of(pool.expand_next()));
  }
  return true;
}

}  // namespace omen
