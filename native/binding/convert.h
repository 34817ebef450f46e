#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/load/capabilities.h"
#include "engine/load/model_options.h"

namespace bge::binding {

// Between JS values and the core's plain types; the shapes are those of src/addon/native-api.ts.
// All on the JS thread. src/validate.ts and src/options.ts have checked the values; what is checked
// here protects memory only.

engine::LoadOptions to_load_options(const Napi::Object& options);
// What of a request is no text; its id, query and texts are left empty.
schedule::RequestInput to_request(const Napi::Object& options);
onnxruntime::CudaOptions to_cuda_options(const Napi::Object& options);
tokenize::Truncation to_truncation(const Napi::Value& value);
std::vector<std::string> to_strings(const Napi::Array& values);

// {code, message, path?}: src/errors.ts makes the Error, in the caller's realm.
Napi::Object from_error(Napi::Env env, const Error& error);
Napi::Object from_capabilities(Napi::Env env, const engine::Capabilities& capabilities);
Napi::Object from_ranking(Napi::Env env, const schedule::Ranking& ranking);
Napi::Object from_encoded(Napi::Env env, const tokenize::EncodedPair& pair);
Napi::Object from_info(Napi::Env env, const backend::BackendInfo& info, size_t vocabulary);
Napi::Object from_statistics(Napi::Env env, const schedule::Statistics& statistics,
                             size_t engine_bytes);

}  // namespace bge::binding
