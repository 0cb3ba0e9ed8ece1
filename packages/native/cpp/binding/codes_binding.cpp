#include "binding/codes_binding.h"

#include <algorithm>
#include <limits>

#include "binding/arguments.h"
#include "binding/binding.h"
#include "binding/task.h"
#include "codecs/codecs.h"

namespace omen::binding {
namespace {

// Vectors that one thread takes at a time.
constexpr size_t kVectorsPerShare = 256;

class EncodeTask : public Task {
 public:
  EncodeTask(Napi::Env env, const Codes& codes, std::span<const std::byte> vectors, std::span<const uint32_t> rows,
             ThreadPool& pool, size_t threads)
      : Task(env), codes_(codes), vectors_(vectors), rows_(rows), pool_(pool), threads_(threads) {}

  void run(const StopFlag& stop) override {
    std::atomic<size_t> next{0};
    parallel(pool_, threads_, [&](size_t) {
      const size_t bytes = codes_.shape().vector_bytes();
      std::vector<std::byte> scratch(bytes);
      for (size_t start; !stop && (start = next.fetch_add(kVectorsPerShare)) < rows_.size();) {
        const size_t end = std::min(start + kVectorsPerShare, rows_.size());
        for (size_t i = start; i < end; i++) {
          const Refusal refusal = codes_.encode_row(vectors_.data() + i * bytes, rows_[i], scratch.data());
          if (refusal != Refusal::none) return refused_.note(i, refusal);
        }
      }
    });
  }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, refused_.value()); }

 private:
  const Codes& codes_;
  std::span<const std::byte> vectors_;
  std::span<const uint32_t> rows_;
  ThreadPool& pool_;
  size_t threads_;
  FirstRefusal refused_;
};

Refusal scan_one(const Codes& codes, const std::byte* query, uint32_t row_count, Accept accept, const Results& out,
                 size_t index) {
  thread_local BoundQuery bound;
  thread_local CandidatePool pool;
  thread_local std::vector<std::byte> prepared;
  prepared.resize(codes.shape().vector_bytes());
  Refusal refusal = prepare_vector(codes.shape(), query, prepared.data());
  if (refusal == Refusal::none) refusal = bound.bind(codes, prepared.data());
  if (refusal != Refusal::none) return refusal;
  pool.reset(out.k);
  scan(bound, codes, row_count, accept, nullptr, pool);
  out.counts[index] =
      uint32_t(write_results(codes.shape().metric, {pool.begin(), pool.end()}, out.k,
                             std::numeric_limits<float>::infinity(), &out.rows[index * out.k], &out.distances[index * out.k]));
  return Refusal::none;
}

class ScanTask : public Task {
 public:
  ScanTask(Napi::Env env, const Codes& codes, std::span<const std::byte> queries, uint32_t row_count, Accept accept,
           Results out, size_t threads)
      : Task(env), codes_(codes), queries_(queries), row_count_(row_count), accept_(accept), out_(out), threads_(threads) {}

  void run(const StopFlag& stop) override {
    const size_t bytes = codes_.shape().vector_bytes();
    const size_t count = queries_.size() / bytes;
    std::atomic<size_t> next{0};
    parallel(bulk_pool(), std::min(threads_, count), [&](size_t) {
      for (size_t i; !stop && (i = next.fetch_add(1)) < count;) {
        const Refusal refusal = scan_one(codes_, queries_.data() + i * bytes, row_count_, accept_, out_, i);
        if (refusal != Refusal::none) return refused_.note(i, refusal);
      }
    });
  }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, refused_.value()); }

 private:
  const Codes& codes_;
  std::span<const std::byte> queries_;
  uint32_t row_count_;
  Accept accept_;
  Results out_;
  size_t threads_;
  FirstRefusal refused_;
};

}  // namespace

Napi::Function CodesObject::define(Napi::Env env) {
  return DefineClass(env, "Codes",
                     {
                         InstanceMethod<&CodesObject::attach>("attach"),
                         InstanceMethod<&CodesObject::encode>("encode"),
                         InstanceMethod<&CodesObject::score_sync>("scoreSync"),
                         InstanceMethod<&CodesObject::scan>("scan"),
                         InstanceMethod<&CodesObject::scan_sync>("scanSync"),
                     });
}

CodesObject::CodesObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Shape shape{uint32_of(info[0]), Metric(uint32_of(info[1]))};
  const size_t bytes_per_row = uint32_of(info[4]);
  auto codec = make_codec(info[2].As<Napi::String>().Utf8Value(), shape, elements<const float>(info[3]));
  // The object exists whatever is thrown, and is never used then.
  if (!codec) {
    throw_range(info.Env(), "no such codes: unknown by kind, or wrong parameters, or no kernel for the metric");
  } else if (codec->code_bytes() > bytes_per_row) {
    throw_range(info.Env(), "the rows are too short for their codes");
  } else {
    codes_.emplace(shape, std::move(codec), bytes_per_row);
  }
}

// attach(chunk: Uint8Array)
Napi::Value CodesObject::attach(const Napi::CallbackInfo& info) {
  const std::span<std::byte> chunk = elements<std::byte>(info[0]);
  if (!attach_to(codes_->slab(), chunk)) return throw_range(info.Env(), "a chunk follows one that is not full");
  chunks_.push_back(Napi::Persistent(info[0].As<Napi::Object>()));
  return info.Env().Undefined();
}

// encode(vectors, rows: Uint32Array, threads, background): Promise<number>
Napi::Value CodesObject::encode(const Napi::CallbackInfo& info) {
  const auto vectors = elements<const std::byte>(info[0]);
  const auto rows = elements<const uint32_t>(info[1]);
  if (vectors.size() != rows.size() * codes_->shape().vector_bytes()) {
    return throw_range(info.Env(), "there must be one row for each vector");
  }
  for (const uint32_t row : rows) {
    if (row >= codes_->slab().capacity_rows()) return throw_range(info.Env(), "a row is beyond the slab");
  }
  ThreadPool& pool = pool_of(info[3]);
  auto task = std::make_unique<EncodeTask>(info.Env(), *codes_, vectors, rows, pool, uint32_of(info[2]));
  task->keep(Value());
  task->keep(info[0].As<Napi::Object>());
  task->keep(info[1].As<Napi::Object>());
  return start(info.Env(), pool, std::move(task));
}

// scoreSync(query, rows: Uint32Array, distances: Float32Array): number
Napi::Value CodesObject::score_sync(const Napi::CallbackInfo& info) {
  const auto query = elements<const std::byte>(info[0]);
  const auto rows = elements<const uint32_t>(info[1]);
  const auto distances = elements<float>(info[2]);
  if (query.size() != codes_->shape().vector_bytes() || distances.size() < rows.size()) {
    return throw_range(info.Env(), "the query or the distances have the wrong length");
  }
  for (const uint32_t row : rows) {
    if (row >= codes_->slab().capacity_rows()) return throw_range(info.Env(), "a row is beyond the slab");
  }
  std::vector<std::byte> prepared(query.size());
  BoundQuery bound;
  FirstRefusal refused;
  Refusal refusal = prepare_vector(codes_->shape(), query.data(), prepared.data());
  if (refusal == Refusal::none) refusal = bound.bind(*codes_, prepared.data());
  if (refusal == Refusal::none) {
    bound.score(rows.data(), rows.size(), distances.data());
  } else {
    refused.note(0, refusal);
  }
  return Napi::Number::New(info.Env(), refused.value());
}

// scan(queries, k, rowCount, accept, threads, rows, distances, counts): Promise<number>
Napi::Value CodesObject::scan(const Napi::CallbackInfo& info) {
  const auto queries = elements<const std::byte>(info[0]);
  const Results out = Results::from(info, 5, uint32_of(info[1]));
  if (!out.holds(queries.size() / codes_->shape().vector_bytes()) || uint32_of(info[2]) > codes_->slab().capacity_rows()) {
    return throw_range(info.Env(), "the results have no room, or there are fewer rows");
  }
  auto task = std::make_unique<ScanTask>(info.Env(), *codes_, queries, uint32_of(info[2]), accept_of(info[3]), out,
                                         uint32_of(info[4]));
  task->keep(Value());
  for (const size_t i : {0, 3, 5, 6, 7}) {
    if (info[i].IsObject()) task->keep(info[i].As<Napi::Object>());
  }
  return start(info.Env(), bulk_pool(), std::move(task));
}

// scanSync(queries, k, rowCount, accept, rows, distances, counts): number
Napi::Value CodesObject::scan_sync(const Napi::CallbackInfo& info) {
  const auto queries = elements<const std::byte>(info[0]);
  const Results out = Results::from(info, 4, uint32_of(info[1]));
  const size_t bytes = codes_->shape().vector_bytes();
  if (!out.holds(queries.size() / bytes) || uint32_of(info[2]) > codes_->slab().capacity_rows()) {
    return throw_range(info.Env(), "the results have no room, or there are fewer rows");
  }
  FirstRefusal refused;
  for (size_t i = 0; i < queries.size() / bytes; i++) {
    const Refusal refusal = scan_one(*codes_, queries.data() + i * bytes, uint32_of(info[2]), accept_of(info[3]), out, i);
    if (refusal != Refusal::none) refused.note(i, refusal);
  }
  return Napi::Number::New(info.Env(), refused.value());
}

void register_codes(Napi::Env env, Napi::Object exports) { exports.Set("Codes", CodesObject::define(env)); }

}  // namespace omen::binding
