#pragma once

#include <napi.h>

// What each file of the binding adds to the addon's exports; module.cpp calls them in turn.
namespace omen::binding {

void register_doctor(Napi::Env env, Napi::Object exports);
void register_kernels(Napi::Env env, Napi::Object exports);
void register_memory(Napi::Env env, Napi::Object exports);
void register_files(Napi::Env env, Napi::Object exports);
void register_codes(Napi::Env env, Napi::Object exports);
void register_bytes(Napi::Env env, Napi::Object exports);
void register_texts(Napi::Env env, Napi::Object exports);
void register_graph(Napi::Env env, Napi::Object exports);

}  // namespace omen::binding
