#include <napi.h>

#include "base/error.h"
#include "binding/convert.h"
#include "binding/engine_object.h"
#include "binding/environment.h"
#include "binding/load_job.h"
#include "binding/stay_loaded.h"
#include "engine/load/capabilities.h"
#include "engine/load/onnx_runtime.h"

namespace bge::binding {
namespace {

// The shape of the interface in src/addon/native-api.ts, which carries the same number.
constexpr int kApiVersion = 12;

Napi::Value load(const Napi::CallbackInfo& info) {
  return LoadJob::start(info.Env(), to_load_options(info[0].As<Napi::Object>()));
}

// A function, since it asks the system for the tile registers: only when it matters.
Napi::Value capabilities(const Napi::CallbackInfo& info) {
  return from_capabilities(info.Env(), engine::capabilities());
}

// On the calling thread: for a process of its own.
Napi::Value probe_cuda(const Napi::CallbackInfo& info) {
  try {
    engine::probe_cuda(info[0].As<Napi::String>().Utf8Value(),
                       to_cuda_options(info[1].As<Napi::Object>()),
                       std::chrono::milliseconds(info[2].As<Napi::Number>().Int64Value()));
    return info.Env().Undefined();
  } catch (const Error& error) {
    return from_error(info.Env(), error);
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  // Here, since this is the JS thread: process.env is read and written on it.
  engine::prepare_onnx_runtime();
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);
  environment->engine_constructor = Napi::Persistent(EngineObject::define(env));
  exports.Set("apiVersion", kApiVersion);
  exports.Set("capabilities", Napi::Function::New(env, capabilities, "capabilities"));
  exports.Set("load", Napi::Function::New(env, load, "load"));
  exports.Set("probeCuda", Napi::Function::New(env, probe_cuda, "probeCuda"));
  return exports;
}

}  // namespace
}  // namespace bge::binding

Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return bge::binding::init(env, exports);
}

NODE_API_MODULE(bge_reranker, InitAddon)
