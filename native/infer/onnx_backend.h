#pragma once

#include <memory>
#include <string>
#include <vector>

#include "infer/backend.h"
#include "infer/execution_provider.h"

namespace bge::infer {

struct OnnxModelOptions {
  std::string model_path;
  std::string runtime_path;
  // Tried in order; not empty.
  std::vector<ExecutionProvider> providers;
};

// How a model was loaded.
struct OnnxModelInfo {
  ExecutionProvider provider;
  std::string provider_reason;
  std::string runtime_version;
};

// Any sequence-classification ONNX graph, run by ONNX Runtime. One session serves all Runners.
class OnnxBackend : public Backend {
 public:
  virtual const OnnxModelInfo& info() const = 0;
};

// A load that another thread can cancel.
class OnnxModelLoad {
 public:
  explicit OnnxModelLoad(OnnxModelOptions options);
  ~OnnxModelLoad();

  // Blocks; once. Throws what opening the runtime and SessionLoader::load throw.
  std::unique_ptr<const OnnxBackend> run();
  // From any thread: run() ends soon with kAborted.
  void cancel() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bge::infer
