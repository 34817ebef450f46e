#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "encoder/weights/weight_file.h"

namespace bge::encoder {

// As much of a node as tells what it does with weights.
struct OnnxNode {
  std::string type;
  std::vector<std::string> inputs;  // an empty name: left out
  std::string output;               // the first
  bool transpose_b = false;
  int64_t axis = 1;  // as DequantizeLinear has it where none is given
};

struct OnnxGraph {
  std::vector<OnnxNode> nodes;  // in the file's order: after what they take
  // The initializers of the types that Element has, by their names in the graph. Integers are not
  // quantised yet: what they stand for is in the nodes.
  Tensors tensors;
};

// The weights by the names that PyTorch gave them: an exporter keeps the names of biases, and by
// the bias that is added to its product a weight is known. Quantised ones, as quantize_dynamic,
// Optimum and ONNX Runtime's own optimizer leave them, come with what their integers stand for.
// Throws Error kModelUnsupported where weights are held in a way that is not known here.
Tensors name_weights(OnnxGraph graph, const std::string& path);

}  // namespace bge::encoder
