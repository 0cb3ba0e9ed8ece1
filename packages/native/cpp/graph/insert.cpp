#include <algorithm>
#include <cstring>

#include "graph/graph.h"

namespace omen {

void NeighbourSelector::select(const Codes& codes, std::span<const Candidate> candidates, size_t count,
                               std::vector<uint32_t>& chosen, std::span<const float> kept) {
  to_base_.assign(kept.begin(), kept.end());
  for (const Candidate candidate : candidates) {
    if (chosen.size() >= count) return;
    if (!is_diverse(codes, candidate, chosen)) continue;
    chosen.push_back(row_of(candidate));
    to_base_.push_back(distance_of(candidate));
  }
}

bool NeighbourSelector::is_diverse(const Codes& codes, Candidate candidate, std::span<const uint32_t> chosen) {
  const float distance = distance_of(candidate);
  query_.bind_row(codes, row_of(candidate));
  // A few at a time: most candidates are closer to one of the first chosen, which are the closest to the base.
  constexpr size_t kStep = 4;
  float between[kStep];
  bool diverse = true;
  for (size_t i = 0; i < chosen.size() && diverse; i += kStep) {
    const size_t step = std::min(kStep, chosen.size() - i);
    query_.score(&chosen[i], step, between);
    for (size_t j = 0; j < step; j++) {
      const float apart = between[j] * alpha_;
      diverse &= (apart > distance) | ((apart == distance) & (between[j] > to_base_[i + j]));
    }
  }
  return diverse;
}

void ListWriter::rewrite(const Codes& codes, uint32_t row, Links list, std::vector<uint32_t>& chosen,
                         std::span<const uint32_t> others) {
  query_.bind_row(codes, row);
  for (const uint32_t other : others) codes.prefetch(other);
  kept_distances_.resize(chosen.size());
  query_.score(chosen.data(), chosen.size(), kept_distances_.data());
  other_distances_.resize(others.size());
  query_.score(others.data(), others.size(), other_distances_.data());
  candidates_.resize(others.size());
  for (size_t i = 0; i < others.size(); i++) candidates_[i] = make_candidate(other_distances_[i], others[i]);
  std::sort(candidates_.begin(), candidates_.end());
  selector_.select(codes, candidates_, list.capacity, chosen, kept_distances_);
  list.write(chosen);
}

void Inserter::insert(uint32_t row) {
  Graph& graph = graph_;
  uint32_t entry = graph.entry();
  if (entry == kNoRow) {
    graph.set_root(row);
    graph.set_entry(row);
    return;
  }
  const uint32_t level = graph.level(row);
  const uint32_t top = graph.level(entry);
  const Codes& codes = graph.linking;
  scratch_.query.bind_row(codes, row);
  float distance;
  scratch_.query.score(&entry, 1, &distance);
  Candidate current = descend(graph, codes, scratch_, make_candidate(distance, entry), top, level + 1);
  // All searches come before the first write, so that nobody finds a row whose lists are empty.
  const uint32_t top_layer = std::min(level, top);
  for (uint32_t layer = top_layer + 1; layer-- > 0;) {
    LayerWalk walk;
    walk.start(graph, codes, scratch_, current, graph.beam, layer);
    while (walk.step()) {
    }
    if (const uint32_t twin = layer == 0 ? find_twin(row) : kNoRow; twin != kNoRow) return graph.chain(twin, row);
    lists_[layer].clear();
    selector_.select(codes, {scratch_.pool.begin(), scratch_.pool.end()}, graph.m, lists_[layer]);
    current = scratch_.pool[0];
  }
  publish(row, top_layer);
  if (level > top) {
    const std::lock_guard guard(graph.entry_mutex);
    if (level > graph.level(graph.entry())) graph.set_entry(row);
  }
}

// The row among the scratch's candidates whose codes are the row's own (twin: TwinFinder); kNoRow when there is none.
uint32_t Inserter::find_twin(uint32_t row) const {
  const auto equal = [&](const Codes& codes, uint32_t other) {
    return std::memcmp(codes.slab().at(row), codes.slab().at(other), codes.slab().stride()) == 0;
  };
  float own;
  scratch_.query.score(&row, 1, &own);
  for (const Candidate candidate : scratch_.pool) {
    const uint32_t other = row_of(candidate);
    if (distance_of(candidate) > own) break;
    if (distance_of(candidate) < own || graph_.state_of(other) != kAlive) continue;
    if (equal(graph_.codes, other) && (!graph_.exact || equal(*graph_.exact, other))) return other;
  }
  return kNoRow;
}

void Inserter::publish(uint32_t row, uint32_t top_layer) {
  for (uint32_t layer = 1; layer <= top_layer; layer++) graph_.list(row, layer).write(lists_[layer]);
  anchor(row);
  const uint32_t parent = load_link(graph_.list(row, 0).rows);
  for (uint32_t layer = 0; layer <= top_layer; layer++) {
    for (const uint32_t neighbour : lists_[layer]) {
      if (layer > 0 || neighbour != parent) connect(neighbour, row, layer);
    }
  }
}

// Gives the row a parent in the anchor tree: the tree whose edges are never pruned, in either direction, so that every
// row can be reached from every other. The closest neighbour with room for a child becomes the parent; where none has
// room, a descendant of the closest one has.
void Inserter::anchor(uint32_t row) {
  const std::vector<uint32_t>& neighbours = lists_[0];
  graph_.anchors_of(row) = 1;
  const auto attach = [&](uint32_t parent) {
    // The parent stands first in the row's own list, before the row can be found through it.
    chosen_.assign(1, parent);
    for (const uint32_t neighbour : neighbours) {
      if (neighbour != parent) chosen_.push_back(neighbour);
    }
    graph_.list(row, 0).write(chosen_);
    return try_attach(parent, row);
  };
  for (const uint32_t neighbour : neighbours) {
    if (attach(neighbour)) return;
  }
  uint32_t parent = neighbours[0];
  for (uint32_t step = 1; !attach(parent); step++) parent = some_child(parent, row, step);
}

// A child of a row that has one, which depends on the row that looks for a parent: were it always the first child, the
// tree would grow into a chain, and n rows in one place would cost n² steps. Children only ever become more.
uint32_t Inserter::some_child(uint32_t parent, uint32_t row, uint32_t step) const {
  const uint32_t first = parent == graph_.root() ? 0 : 1;
  const uint32_t children = __atomic_load_n(&graph_.anchors_of(parent), __ATOMIC_RELAXED) - first;
  return load_link(graph_.list(parent, 0).rows + first + Graph::hash(row + step) % children);
}

bool Inserter::try_attach(uint32_t parent, uint32_t row) {
  const std::lock_guard guard(graph_.lock_of(parent));
  uint8_t& anchors = graph_.anchors_of(parent);
  if (anchors >= graph_.m) return false;
  Links list = graph_.list(parent, 0);
  const uint32_t size = list.size();
  if (size < list.capacity) {
    store_link(list.rows + size, load_link(list.rows + anchors));
    store_link(list.rows + anchors, row);
    anchors++;
    return true;
  }
  others_.assign(list.rows + anchors, list.rows + size);
  chosen_.assign(list.rows, list.rows + anchors);
  chosen_.push_back(row);
  anchors++;
  writer_.rewrite(graph_.linking, parent, list, chosen_, others_);
  return true;
}

void Inserter::connect(uint32_t neighbour, uint32_t row, uint32_t layer) {
  const std::lock_guard guard(graph_.lock_of(neighbour));
  Links list = graph_.list(neighbour, layer);
  const uint32_t size = list.size();
  if (std::find(list.rows, list.rows + size, row) != list.rows + size) return;
  if (size < list.capacity) {
    store_link(list.rows + size, row);
    return;
  }
  const uint32_t kept = layer == 0 ? graph_.anchors_of(neighbour) : 0;
  chosen_.assign(list.rows, list.rows + kept);
  others_.assign(list.rows + kept, list.rows + size);
  others_.push_back(row);
  writer_.rewrite(graph_.linking, neighbour, list, chosen_, others_);
}

}  // namespace omen
