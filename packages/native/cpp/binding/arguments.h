#pragma once

#include <napi.h>

#include <algorithm>
#include <span>

#include "codes.h"
#include "thread_pool.h"

// Reading the arguments of calls from this package's own TypeScript, which has checked their types.
namespace omen::binding {

inline size_t element_size(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
  }
  return 1;
}

// The elements of a typed array; none for undefined. One call of Node's: searches pass many arrays.
template <typename T>
std::span<T> elements(const Napi::Value& value) {
  void* data = nullptr;
  size_t length = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok) return {};
  return {static_cast<T*>(data), length * element_size(type) / sizeof(T)};
}

inline uint32_t uint32_of(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

// Where long work goes; true for work that nobody waits for.
inline ThreadPool& pool_of(const Napi::Value& background) {
  return background.ToBoolean() ? background_pool() : bulk_pool();
}

// A typed array, or undefined: a set of rows.
inline Accept accept_of(const Napi::Value& value) {
  const std::span<const uint32_t> words = elements<const uint32_t>(value);
  // An empty set accepts nothing, and differs from none given.
  static constexpr uint32_t kNothing = 0;
  if (!value.IsTypedArray()) return {};
  return {words.empty() ? &kNothing : words.data(), words.size()};
}

// Hands a chunk over to a slab; false when that cannot have another. The last chunk of a slab may be short.
inline bool attach_to(Slab& slab, std::span<std::byte> chunk) {
  if (slab.capacity_rows() % kChunkRows != 0) return false;
  slab.attach(chunk.data(), std::min<size_t>(chunk.size() / slab.stride(), kChunkRows));
  return true;
}

// Where results go: `k` places for each query.
struct Results {
  uint32_t k;
  std::span<uint32_t> rows;
  std::span<float> distances;
  std::span<uint32_t> counts;

  static Results from(const Napi::CallbackInfo& info, size_t first, uint32_t k) {
    return {k, elements<uint32_t>(info[first]), elements<float>(info[first + 1]), elements<uint32_t>(info[first + 2])};
  }
  bool holds(size_t queries) const {
    return rows.size() >= queries * k && distances.size() >= queries * k && counts.size() >= queries;
  }
};

// The first refused vector of a batch; none refused yet: index is the largest.
struct FirstRefusal {
  std::atomic<uint64_t> packed{~uint64_t(0)};  // index and reason in one, so that the smallest index wins

  void note(size_t index, Refusal refusal) {
    const uint64_t mine = uint64_t(index) << 8 | uint64_t(refusal);
    uint64_t seen = packed.load();
    while (mine < seen && !packed.compare_exchange_weak(seen, mine)) {
    }
  }
  // −1 when none was refused, else index · 4 + reason: one number is the cheapest answer to hand over.
  double value() const {
    const uint64_t seen = packed.load();
    return seen == ~uint64_t(0) ? -1 : double((seen >> 8) * 4 + (seen & 0xff));
  }
};

inline Napi::Value throw_range(Napi::Env env, const char* what) {
  Napi::RangeError::New(env, what).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace omen::binding
