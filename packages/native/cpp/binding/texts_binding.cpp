#include "binding/arguments.h"
#include "binding/binding.h"
#include "texts.h"

namespace omen::binding {
namespace {

// Texts(bytes, ends, sound | undefined): it keeps the arrays alive.
class TextsObject : public Napi::ObjectWrap<TextsObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Texts", {InstanceMethod<&TextsObject::join>("join")});
  }

  explicit TextsObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info),
        column_{elements<const std::byte>(info[0]), elements<const uint32_t>(info[1]),
                elements<const uint32_t>(info[2]), info[2].IsTypedArray()} {
    Napi::Array kept = Napi::Array::New(info.Env());
    for (uint32_t i = 0; i < 3; i++) kept.Set(i, info[i]);
    kept_ = Napi::Persistent(kept.As<Napi::Object>());
  }

 private:
  // join(rows, count): string | undefined
  Napi::Value join(const Napi::CallbackInfo& info) {
    static thread_local std::string joined;
    const auto rows = elements<const uint32_t>(info[0]);
    const size_t count = std::min<size_t>(uint32_of(info[1]), rows.size());
    if (!join_texts(column_, rows.first(count), joined)) return info.Env().Undefined();
    return Napi::String::New(info.Env(), joined);
  }

  TextColumn column_;
  Napi::ObjectReference kept_;
};

}  // namespace

void register_texts(Napi::Env env, Napi::Object exports) { exports.Set("Texts", TextsObject::define(env)); }

}  // namespace omen::binding
