#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "infer/backend.h"
#include "infer/onnx_model.h"
#include "infer/status.h"

namespace bge::infer {

// Runs a model whose session is on the CPU.
class OnnxRunner final : public Runner {
 public:
  explicit OnnxRunner(std::shared_ptr<const OnnxModel> model);

  void run(std::span<const Row> rows, std::span<float> logits) override;
  void cancel() noexcept override;

 private:
  std::shared_ptr<const OnnxModel> model_;
  Handle<OrtMemoryInfo> cpu_memory_;
  Handle<OrtRunOptions> run_options_;
  std::atomic<bool> canceled_ = false;
  std::vector<std::vector<int64_t>> input_buffers_;
};

}  // namespace bge::infer
