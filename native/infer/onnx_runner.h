#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "infer/backend.h"
#include "infer/model_signature.h"
#include "infer/runtime.h"
#include "infer/status.h"

namespace bge::infer {

// A session with what is known of its graph; read-only after construction.
struct OnnxModel {
  OnnxModel(std::shared_ptr<const Runtime> runtime_in_use, Handle<OrtSession> opened,
            const std::string& model_path);

  std::shared_ptr<const Runtime> runtime;  // outlives the session
  Handle<OrtSession> session;
  ModelSignature signature;
  std::vector<const char*> input_names;
};

class OnnxRunner final : public Runner {
 public:
  explicit OnnxRunner(std::shared_ptr<const OnnxModel> model);

  void run(std::span<const Row> rows, std::span<float> logits) override;
  void cancel() noexcept override;

 private:
  // The tensor's bytes stay in `buffer` until the run is over.
  Handle<OrtValue> make_input(const ModelInput& input, std::span<const Row> rows, size_t longest,
                              std::vector<int64_t>& buffer) const;
  void read_logits(const OrtValue* output, std::span<float> logits) const;

  std::shared_ptr<const OnnxModel> model_;
  Handle<OrtMemoryInfo> cpu_memory_;
  Handle<OrtRunOptions> run_options_;
  std::atomic<bool> canceled_ = false;
  std::vector<std::vector<int64_t>> input_buffers_;
};

}  // namespace bge::infer
