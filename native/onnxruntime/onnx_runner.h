#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "onnxruntime/onnx_model.h"
#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {

// Runs a model whose session is on the CPU.
class OnnxRunner final : public backend::Runner {
 public:
  explicit OnnxRunner(std::shared_ptr<const OnnxModel> model);

  void run(std::span<const backend::Row> rows, std::span<float> logits) override;
  void cancel() noexcept override;

 private:
  std::shared_ptr<const OnnxModel> model_;
  Handle<OrtMemoryInfo> cpu_memory_;
  Handle<OrtRunOptions> run_options_;
  std::atomic<bool> canceled_ = false;
  std::vector<std::vector<int64_t>> input_buffers_;
};

}  // namespace bge::onnxruntime
