// Whether every number in a graph that comes from elsewhere leads somewhere (twin: checkGraph of @omen/hnsw's
// validate.ts, which also says what is wrong). Searches and changes rely on it without looking.
#pragma once
#include "graph/graph.h"

namespace omen {

// The states, levels, blocks of upper lists and the head. What follows may be asked only of a graph that passes this,
// and the last two only of one whose rows all pass.
bool check_rows(const Graph& graph, uint32_t upper_blocks);
// The lists of rows `from` … `to` − 1.
bool check_lists(const Graph& graph, uint32_t from, uint32_t to);
// That chains meet every row that is not linked, each once.
bool check_chains(const Graph& graph);
// That the anchor tree meets every linked row, each once.
bool check_tree(const Graph& graph);

}  // namespace omen
