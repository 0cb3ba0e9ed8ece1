// Builds a graph with several threads while others search it, takes rows out and puts others in; meant to run under the
// thread sanitizer and under the address and undefined-behaviour sanitizers. Exits with 1 when an answer is wrong.
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "codecs/codecs.h"
#include "graph/check.h"
#include "graph/graph.h"

using namespace omen;

namespace {

constexpr uint32_t kDimension = 19;
constexpr Shape kShape{kDimension, Metric::l2};
constexpr uint32_t kRows = 3000;
constexpr uint32_t kM = 8;
constexpr float kAnyDistance = std::numeric_limits<float>::infinity();

// A graph with memory of its own, laid out as TypeScript lays it out.
struct Fixture {
  explicit Fixture(Element element)
      : codes(kShape, make_scalar_codec(kShape, std::array{float(element), 1.0f, 0.0f}), kDimension * 4),
        graph({kM, 40, 1.1f}, codes, nullptr, codes, nullptr, head, {0x20000000u, 0x4000000u, 0x800000u}) {
    head[0] = kRows;
    head[1] = head[2] = kNoRow;
    attach(codes.slab(), 0);
    attach(graph.links, 0xff);
    attach(graph.state, 1);
    attach(graph.anchors, 0);
    attach(graph.upper_at, 0xff);
    attach(graph.upper, 0xff);
    attach(graph.twins, 0xff);
    uint32_t blocks = 0;
    for (uint32_t row = 0; row < kRows; row++) {
      if (graph.level(row) == 0) continue;
      *graph.upper_at.words(row) = blocks;
      blocks += graph.level(row);
    }
    head[3] = blocks;
    head[4] = kRows;
    std::mt19937 random(7);
    vectors.resize(kRows * kDimension);
    // Whole numbers, which both kinds of codes hold exactly.
    for (uint32_t row = 0; row < kRows; row++) {
      for (uint32_t i = 0; i < kDimension; i++) {
        // One row in eight is a copy of one of a few.
        vectors[row * kDimension + i] = row % 8 == 7 ? vectors[row / 8 % 16 * kDimension + i] : float(random() % 256);
      }
      codes.encode_row(vector(row), row, scratch);
    }
  }

  const float* vector(uint32_t row) const { return &vectors[row * kDimension]; }

  void attach(Slab& slab, int fill) {
    // Not a byte more than the rows take, as in a mapped file: reading behind the last one is an error here.
    memory.emplace_back(kRows * slab.stride(), std::byte(fill));
    slab.attach(memory.back().data(), kRows);
  }

  uint32_t head[16] = {};
  std::deque<std::vector<std::byte>> memory;
  std::vector<float> vectors;
  std::byte scratch[kDimension * 4];
  Codes codes;
  Graph graph;
};

// Whether a graph that nothing changes passes the checks, and none that has one wrong link does.
bool passes_checks(Fixture& fixture) {
  Graph& graph = fixture.graph;
  const auto sound = [&] { return check_rows(graph, fixture.head[3]) && check_lists(graph, 0, kRows); };
  if (!sound() || !check_chains(graph) || !check_tree(graph)) return false;
  for (const uint32_t wrong : {kRows, kNoRow - 1, 5u}) {
    uint32_t& link = graph.links.words(5)[0];
    const uint32_t right = std::exchange(link, wrong);
    if (sound()) return false;
    link = right;
  }
  return sound();
}

// Whether searches for rows of the graph find them at distance 0.
bool finds_rows(Fixture& fixture, uint32_t step) {
  Scratch scratch;
  uint32_t rows[10];
  float distances[10];
  uint32_t count = 0;
  uint32_t missed = 0;
  for (uint32_t row = 0; row < kRows; row += step) {
    if (fixture.graph.state_of(row) != kAlive) continue;
    const SearchOptions options{.k = 10, .beam = 60, .rescore = 0, .radius = kAnyDistance, .accept = {}};
    search(fixture.graph, scratch, fixture.vector(row), options, rows, distances, &count);
    missed += count == 0 || distances[0] != 0;
  }
  if (missed > 0) std::printf("%u rows were not found\n", missed);
  return missed == 0;
}

bool run(Element element) {
  Fixture fixture(element);
  Graph& graph = fixture.graph;
  std::atomic<uint32_t> next{0};
  std::atomic<bool> built{false};
  std::vector<std::thread> builders;
  for (int i = 0; i < 3; i++) {
    builders.emplace_back([&, i] {
      Inserter inserter(graph);
      if (i == 0) {
        for (uint32_t row = 0; row < 50; row++) inserter.insert(row);
        next = 50;
      }
      while (next < 50) std::this_thread::yield();
      for (uint32_t row; (row = next.fetch_add(1)) < kRows;) inserter.insert(row);
    });
  }
  std::thread searcher([&] {
    while (!built) {
      Scratch scratch;
      uint32_t rows[10];
      float distances[10];
      uint32_t count = 0;
      const SearchOptions options{.k = 10, .beam = 20, .rescore = 0, .radius = kAnyDistance, .accept = {}};
      for (uint32_t row = 0; row < kRows; row += 97) {
        search(graph, scratch, fixture.vector(row), options, rows, distances, &count);
      }
    }
  });
  for (std::thread& builder : builders) builder.join();
  built = true;
  searcher.join();
  if (!finds_rows(fixture, 1) || !passes_checks(fixture)) return false;

  // A third become tombstones; the others get new neighbours in their place, two threads at a time.
  uint32_t removed = 0;
  for (uint32_t row = 0; row < kRows; row += 3, removed++) graph.state.at(row)[0] = kRemoved;
  fixture.head[5] = removed;
  std::atomic<uint32_t> relinked{0};
  std::vector<std::thread> relinkers;
  for (int i = 0; i < 2; i++) {
    relinkers.emplace_back([&] {
      Relinker relinker(graph);
      for (uint32_t row; (row = relinked.fetch_add(1)) < kRows;) {
        if (graph.state_of(row) == kAlive) relinker.relink(row);
      }
    });
  }
  for (std::thread& relinker : relinkers) relinker.join();
  return finds_rows(fixture, 7);
}

}  // namespace

int main() {
  const bool right = run(Element::f32) && run(Element::u8);
  std::puts(right ? "graph: all rows found" : "graph: wrong");
  return right ? 0 : 1;
}
