#pragma once

#include <onnxruntime_c_api.h>

#include <span>

namespace bge::onnxruntime {

// One relevance logit for each row from the model's output: float32 or float16, one or two labels a
// row, in CPU memory. Throws kModelUnsupported for another number of labels, kInferenceFailed.
void read_logits(const OrtApi& api, const OrtValue* output, std::span<float> logits);

}  // namespace bge::onnxruntime
