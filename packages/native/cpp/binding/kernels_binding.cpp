// Single distances for callers that have two vectors in hand, and every kernel of every set for the tests.
#include <string>

#include "binding/arguments.h"
#include "binding/binding.h"
#include "kernels/kernels.h"

namespace omen::binding {
namespace {

struct Selection {
  size_t query_bytes;
  size_t row_bytes;
  PairKernel pair;
  RowsKernel rows;
};

// Kernels outside the table of elements and metrics have numbers of their own, in this order.
enum Other : uint32_t { kI8U8 = element_count, kI8U1, kI8U2, kI8U4, kU7U4 };

Selection packed_kernel(size_t dimension, size_t bits, PairKernel pair, RowsKernel rows) {
  const size_t bytes = packed_bytes(dimension, bits);
  return {bytes * packed_fields(bits), bytes, pair, rows};
}

// Nothing (null kernels) for a combination that has no kernel.
Selection select(const KernelSet& set, uint32_t element, uint32_t metric, size_t dimension) {
  if (metric >= metric_count) return {};
  if (element < element_count) {
    const size_t bytes = element_bytes(Element(element), dimension);
    return {bytes, bytes, set.pair[element][metric], set.rows[element][metric]};
  }
  if (Metric(metric) != (element == kU7U4 ? Metric::l2 : Metric::dot)) return {};
  switch (element) {
    case kI8U8:
      return {dimension, dimension, set.pair_dot_i8_u8, set.rows_dot_i8_u8};
    case kI8U1:
    case kI8U2:
    case kI8U4: {
      const size_t index = element - kI8U1;
      return packed_kernel(dimension, size_t(1) << index, set.pair_dot_i8_packed[index],
                           set.rows_dot_i8_packed[index]);
    }
    case kU7U4:
      return packed_kernel(dimension, 4, set.pair_l2_u7_u4, set.rows_l2_u7_u4);
  }
  return {};
}

// distance(element, metric, a, b, dimension): number
Napi::Value distance(const Napi::CallbackInfo& info) {
  const size_t dimension = uint32_of(info[4]);
  const Selection chosen = select(kernels(), uint32_of(info[0]), uint32_of(info[1]), dimension);
  const auto a = elements<const std::byte>(info[2]);
  const auto b = elements<const std::byte>(info[3]);
  if (chosen.pair == nullptr) return throw_range(info.Env(), "there is no such kernel");
  if (a.size() < chosen.query_bytes || b.size() < chosen.row_bytes) {
    return throw_range(info.Env(), "a vector is shorter than its dimension");
  }
  return Napi::Number::New(info.Env(), chosen.pair(a.data(), b.data(), dimension));
}

const KernelSet* set_named(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>().Utf8Value();
  for (const KernelSet* set : available_kernels()) {
    if (name == set->name) return set;
  }
  return nullptr;
}

// hasKernel(set, element, metric): boolean
Napi::Value has_kernel(const Napi::CallbackInfo& info) {
  const KernelSet* set = set_named(info[0]);
  const bool found =
      set != nullptr && select(*set, uint32_of(info[1]), uint32_of(info[2]), 0).pair != nullptr;
  return Napi::Boolean::New(info.Env(), found);
}

// measure(set, element, metric, dimension, query, slab, stride, rows, byPair, byRows): void
// Distances from the query to rows of a slab of at most one chunk, by the pair kernel and by the rows kernel.
Napi::Value measure(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelSet* set = set_named(info[0]);
  const size_t dimension = uint32_of(info[3]);
  const Selection chosen =
      set ? select(*set, uint32_of(info[1]), uint32_of(info[2]), dimension) : Selection{};
  if (chosen.pair == nullptr) return throw_range(env, "there is no such kernel");
  const auto query = elements<const std::byte>(info[4]);
  const auto slab = elements<const std::byte>(info[5]);
  const size_t stride = uint32_of(info[6]);
  const auto rows = elements<const uint32_t>(info[7]);
  const auto by_pair = elements<float>(info[8]);
  const auto by_rows = elements<float>(info[9]);
  if (query.size() < chosen.query_bytes || by_pair.size() < rows.size() || by_rows.size() < rows.size()) {
    return throw_range(env, "an array is too short");
  }
  const std::byte* const chunk = slab.data();
  const RowsView view{&chunk, stride};
  for (size_t i = 0; i < rows.size(); i++) {
    if (rows[i] >> 14 != 0 || rows[i] * stride + chosen.row_bytes > slab.size()) {
      return throw_range(env, "a row lies outside the slab");
    }
    by_pair[i] = chosen.pair(query.data(), view.at(rows[i]), dimension);
  }
  chosen.rows(query.data(), view, rows.data(), rows.size(), dimension, by_rows.data());
  return env.Undefined();
}

}  // namespace

void register_kernels(Napi::Env env, Napi::Object exports) {
  exports.Set("distance", Napi::Function::New(env, distance, "distance"));
  Napi::Object testing = Napi::Object::New(env);
  testing.Set("hasKernel", Napi::Function::New(env, has_kernel, "hasKernel"));
  testing.Set("measure", Napi::Function::New(env, measure, "measure"));
  exports.Set("testing", testing);
}

}  // namespace omen::binding
