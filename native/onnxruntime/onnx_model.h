#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnxruntime/model_signature.h"
#include "onnxruntime/ort_handle.h"
#include "onnxruntime/runtime.h"

namespace bge::onnxruntime {

// A session with what is known of its graph; read-only after construction.
struct OnnxModel {
  OnnxModel(std::shared_ptr<const Runtime> runtime_in_use, Handle<OrtSession> opened,
            const std::string& model_path, const std::string& output_name);

  std::shared_ptr<const Runtime> runtime;  // outlives the session
  Handle<OrtSession> session;
  ModelSignature signature;
  std::vector<const char*> input_names;

  const OrtApi& api() const noexcept { return runtime->api(); }
};

// Options of one Runner's runs: what they log, and the flag that ends them.
Handle<OrtRunOptions> make_run_options(const OrtApi& api);

// The arena's memory of the host.
Handle<OrtMemoryInfo> make_cpu_memory_info(const OrtApi& api);

}  // namespace bge::onnxruntime
