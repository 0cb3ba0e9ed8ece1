#include <algorithm>

#include "graph/graph.h"

namespace omen {

void Relinker::relink(uint32_t row) {
  const uint32_t level = graph_.level(row);
  for (uint32_t layer = 0; layer <= level; layer++) relink_layer(row, layer);
}

void Relinker::relink_layer(uint32_t row, uint32_t layer) {
  Links list = graph_.list(row, layer);
  const uint32_t size = list.size();
  const auto removed = [&](uint32_t other) { return graph_.state_of(other) == kRemoved; };
  if (std::none_of(list.rows, list.rows + size, removed)) return;

  const uint32_t kept = layer == 0 ? graph_.anchors_of(row) : 0;
  rows_.clear();
  chosen_.assign(list.rows, list.rows + kept);
  for (uint32_t i = kept; i < size; i++) {
    if (!removed(list.rows[i])) {
      chosen_.push_back(list.rows[i]);
      continue;
    }
    const Links further = graph_.list(list.rows[i], layer);
    for (uint32_t j = 0, end = further.size(); j < end; j++) {
      if (further.rows[j] != row && !removed(further.rows[j])) rows_.push_back(further.rows[j]);
    }
  }
  std::sort(rows_.begin(), rows_.end());
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
  std::erase_if(rows_, [&](uint32_t other) { return std::find(chosen_.begin(), chosen_.end(), other) != chosen_.end(); });
  writer_.rewrite(graph_.linking, row, list, chosen_, rows_);
}

}  // namespace omen
