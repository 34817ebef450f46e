#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "engine/engine.h"
#include "engine/load/model_options.h"

namespace bge::engine {

// A load that can be cancelled from another thread.
class EngineLoad {
 public:
  explicit EngineLoad(LoadOptions options);

  // Blocks, on a thread that may; once. Reads tokenizer and model side by side.
  std::shared_ptr<Engine> run();
  // From any thread: run() ends soon with kAborted.
  void cancel() noexcept;

 private:
  std::unique_ptr<const backend::Backend> load_backend();

  LoadOptions options_;
  std::optional<onnxruntime::OnnxModelLoad> onnx_;
  std::atomic<bool> canceled_ = false;
};

}  // namespace bge::engine
