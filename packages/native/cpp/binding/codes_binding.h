#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "codes.h"

namespace omen::binding {

// Codes(dimension, metric, kind, parameters: Float32Array, bytesPerRow): one slab of codes. Keeps its chunks alive.
class CodesObject : public Napi::ObjectWrap<CodesObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CodesObject(const Napi::CallbackInfo& info);

  Codes& codes() { return *codes_; }

 private:
  Napi::Value attach(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value score_sync(const Napi::CallbackInfo& info);
  Napi::Value scan(const Napi::CallbackInfo& info);
  Napi::Value scan_sync(const Napi::CallbackInfo& info);

  std::optional<Codes> codes_;
  std::vector<Napi::ObjectReference> chunks_;
};

}  // namespace omen::binding
