#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/execution_provider.h"
#include "onnxruntime/cuda_options.h"

namespace bge::onnxruntime {

struct OnnxModelOptions {
  std::string model_path;
  // The graph's output that holds scores. Empty: 'logits', or the only one.
  std::string output_name;
  // The value inside the graph that is to be given in its place. Empty: none.
  std::string logits_name;
  std::string runtime_path;
  // Tried in order; not empty.
  std::vector<backend::ExecutionProvider> providers;
  // Of the file and its external data.
  size_t weight_bytes = 0;
  CudaOptions cuda;
};

// Loads any sequence-classification ONNX graph, to be run by ONNX Runtime; one session serves all
// Runners, on CUDA all Runners of a device. Another thread can cancel the load.
class OnnxModelLoad {
 public:
  explicit OnnxModelLoad(OnnxModelOptions options);
  ~OnnxModelLoad();

  // Blocks; once. Throws what opening the runtime and SessionLoader::load throw.
  std::unique_ptr<const backend::Backend> run();
  // From any thread: run() ends soon with kAborted.
  void cancel() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bge::onnxruntime
