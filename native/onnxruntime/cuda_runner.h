#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "onnxruntime/onnx_model.h"
#include "onnxruntime/ort_handle.h"
#include "onnxruntime/pinned_memory.h"

namespace bge::onnxruntime {

// Runs a model whose session is on a CUDA device: inputs go there from page-locked memory that is
// kept between runs, logits come back to the host's. The runtime gives each run in progress a CUDA
// stream of its own, so Runners on one session overlap.
class CudaRunner final : public backend::Runner {
 public:
  CudaRunner(std::shared_ptr<const OnnxModel> model, int32_t device_id);

  void run(std::span<const backend::Row> rows, std::span<float> logits) override;
  void cancel() noexcept override;

 private:
  void bind_inputs(std::span<const backend::Row> rows);
  void read_output(std::span<float> logits) const;

  std::shared_ptr<const OnnxModel> model_;
  Handle<OrtMemoryInfo> cpu_memory_;
  Handle<OrtRunOptions> run_options_;
  PinnedMemory pinned_;
  std::vector<PinnedBuffer> buffers_;  // one an input
  Handle<OrtIoBinding> binding_;
  OrtAllocator* default_allocator_ = nullptr;  // the runtime's own
  std::atomic<bool> canceled_ = false;
};

}  // namespace bge::onnxruntime
