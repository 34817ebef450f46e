#pragma once

#include <variant>

#include "encoder/encoder_backend.h"
#include "engine/engine.h"
#include "onnxruntime/onnx_backend.h"

namespace bge::engine {

// A model and what is to run it: ONNX Runtime, or our own kernels.
using ModelOptions = std::variant<onnxruntime::OnnxModelOptions, encoder::EncoderOptions>;

struct LoadOptions {
  ModelOptions model;
  EngineOptions engine;
};

}  // namespace bge::engine
