// Walks among the rows that a search may return (ACORN: Patel et al. 2024).
#pragma once
#include <vector>

#include "graph/graph.h"

namespace omen {

// The share of matches among the rows within two steps of a row: what the neighbourhood of a query has of them.
double share_around(const Graph& graph, uint32_t row, const Matches& matches);

// A walk of the base layer that compares matches only. What stands between two of them is stepped over: the matches
// among the neighbours of its neighbours that do not match are a match's neighbours, too, until there are as many
// new ones as a list holds.
class MatchWalk {
 public:
  // `patience`: rows compared after which the walk gives up.
  MatchWalk(const Graph& graph, Scratch& scratch, const Matches& matches, uint32_t patience)
      : graph_(graph), scratch_(scratch), matches_(matches), patience_(patience) {}

  // Fills the scratch's pool with the `beam` matches closest to its query that can be found, or with those found when
  // the closest have settled; false when it gave up.
  bool run(uint32_t closest, size_t beam, Accept accept, Settling settling);

 private:
  void take(uint32_t row);
  void take_seeds(Accept accept);
  void expand(uint32_t row);
  void compare();

  const Graph& graph_;
  Scratch& scratch_;
  const Matches& matches_;
  const uint32_t patience_;
  uint64_t walked_ = 0;
  size_t count_ = 0;                // rows of the batch
  std::vector<uint32_t>& others_ = scratch_.others;
};

}  // namespace omen
