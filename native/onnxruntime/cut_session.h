#pragma once

#include <onnxruntime_c_api.h>

#include <filesystem>
#include <string>

#include "onnxruntime/ort_handle.h"
#include "onnxruntime/runtime.h"

namespace bge::onnxruntime {

// The output that a cut session has in place of the graph's own.
inline constexpr const char* kCutOutput = "bge_reranker.logits";

// Opens a model whose one output, kCutOutput, is the graph's inner value `value` as float32: what
// stands before an activation, exactly. Blocks as CreateSession does, and gives its statuses.
// Throws kRuntimeIncompatible where this runtime cannot edit graphs.
OrtStatus* create_cut_session(const Runtime& runtime, const std::filesystem::path& model_path,
                              const std::string& value, const OrtSessionOptions* options,
                              Handle<OrtSession>& session);

}  // namespace bge::onnxruntime
