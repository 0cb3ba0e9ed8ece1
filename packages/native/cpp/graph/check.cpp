#include "graph/check.h"

#include <vector>

namespace omen {
namespace {

// Words of the head, as graph.ts has them.
constexpr size_t kUpperBlocks = 3, kAliveRows = 4, kRemovedRows = 5, kChainedRows = 6, kHeadWords = 16;
constexpr std::byte kFree{0};

bool is_linked(const Graph& graph, uint32_t row) { return row == graph.root() || graph.anchors_of(row) > 0; }

bool is_used(const Graph& graph, uint32_t row) {
  return row < graph.row_limit() && graph.state_of(row) != kFree && is_linked(graph, row);
}

bool check_layer(const Graph& graph, uint32_t row, uint32_t layer, bool used) {
  const Links list = graph.list(row, layer);
  const uint32_t size = list.size();
  for (uint32_t i = 0; i < size; i++) {
    const uint32_t other = list.rows[i];
    if (!used || other == row || !is_used(graph, other)) return false;
    if (layer > 0 && graph.level(other) < layer) return false;
  }
  for (uint32_t i = size; i < list.capacity; i++) {
    if (list.rows[i] != kNoRow) return false;
  }
  return true;
}

}  // namespace

bool check_rows(const Graph& graph, uint32_t upper_blocks) {
  uint64_t counts[3] = {};
  uint64_t blocks = 0;
  for (uint32_t row = 0; row < graph.row_limit(); row++) {
    const std::byte state = graph.state_of(row);
    if (state > kRemoved) return false;
    counts[size_t(state)]++;
    const uint32_t level = graph.level(row);
    if (*graph.upper_at.words(row) != (level == 0 ? kNoRow : blocks)) return false;
    blocks += level;
    if (blocks > upper_blocks) return false;
  }
  const uint32_t* head = graph.head;
  if (blocks != upper_blocks || head[kUpperBlocks] != upper_blocks) return false;
  if (head[kAliveRows] != counts[1] || head[kRemovedRows] != counts[2]) return false;
  const bool empty = counts[1] + counts[2] == 0;
  for (const uint32_t row : {graph.entry(), graph.root()}) {
    if (empty ? row != kNoRow : !is_used(graph, row)) return false;
  }
  for (size_t i = kChainedRows + 1; i < kHeadWords; i++) {
    if (head[i] != 0) return false;
  }
  return true;
}

bool check_lists(const Graph& graph, uint32_t from, uint32_t to) {
  for (uint32_t row = from; row < to; row++) {
    const bool used = is_used(graph, row);
    for (uint32_t layer = 0, level = graph.level(row); layer <= level; layer++) {
      if (!check_layer(graph, row, layer, used)) return false;
    }
    const uint8_t anchors = graph.anchors_of(row);
    if (anchors > graph.m || anchors > graph.list(row, 0).size()) return false;
  }
  return true;
}

bool check_chains(const Graph& graph) {
  const uint32_t rows = graph.row_limit();
  std::vector<bool> met(rows);
  uint32_t chained = 0;
  for (uint32_t row = 0; row < rows; row++) {
    const bool free = graph.state_of(row) == kFree;
    if (free && graph.twin_of(row) != kNoRow) return false;
    if (free || !is_linked(graph, row)) continue;
    for (uint32_t twin = graph.twin_of(row); twin != kNoRow; twin = graph.twin_of(twin)) {
      const bool valid = twin < rows && graph.state_of(twin) != kFree && !is_linked(graph, twin);
      if (!valid || met[twin]) return false;
      met[twin] = true;
      chained++;
    }
  }
  return chained == graph.head[kChainedRows];
}

bool check_tree(const Graph& graph) {
  const uint32_t root = graph.root();
  const uint64_t linked = uint64_t(graph.head[kAliveRows]) + graph.head[kRemovedRows] - graph.head[kChainedRows];
  if (root == kNoRow) return linked == 0;
  std::vector<bool> met(graph.row_limit());
  std::vector<uint32_t> open{root};
  uint64_t count = 0;
  while (!open.empty()) {
    const uint32_t row = open.back();
    open.pop_back();
    if (met[row]) return false;
    met[row] = true;
    count++;
    const uint32_t* list = graph.links.words(row);
    for (uint32_t i = row == root ? 0 : 1; i < graph.anchors_of(row); i++) {
      const uint32_t child = list[i];
      if (child == root || *graph.links.words(child) != row || graph.anchors_of(child) == 0) return false;
      open.push_back(child);
    }
  }
  return count == linked;
}

}  // namespace omen
