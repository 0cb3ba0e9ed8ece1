#include "binding/binding.h"
#include "binding/task.h"
#include "pin.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  omen::pin_module();
  omen::binding::register_doctor(env, exports);
  omen::binding::register_kernels(env, exports);
  omen::binding::register_tasks(env, exports);
  omen::binding::register_memory(env, exports);
  omen::binding::register_files(env, exports);
  omen::binding::register_bytes(env, exports);
  omen::binding::register_texts(env, exports);
  omen::binding::register_codes(env, exports);
  omen::binding::register_graph(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(omen_native, initialise)
