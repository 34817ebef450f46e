#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <vector>

namespace bge::onnxruntime {

enum class InputRole { kInputIds, kAttentionMask, kTokenTypeIds };

struct ModelInput {
  std::string name;
  InputRole role;
  // int32 where false.
  bool is_int64;
};

// What a sequence-classification graph takes and gives, read from the model itself.
struct ModelSignature {
  // Each [batch, tokens]; in the order of the graph.
  std::vector<ModelInput> inputs;
  // float32 or float16: [batch], [batch, 1] or [batch, 2].
  std::string logits_name;
};

// `output_name` is the output that holds logits; empty: 'logits', or the only one. Throws
// kModelUnsupported, naming what does not fit, for a graph that is no cross-encoder.
ModelSignature read_signature(const OrtApi& api, const OrtSession* session,
                              const std::string& model_path, const std::string& output_name);

}  // namespace bge::onnxruntime
