#include "onnxruntime/onnx_backend.h"

#include <atomic>
#include <mutex>

#include "base/file.h"
#include "onnxruntime/cuda_runner.h"
#include "onnxruntime/onnx_model.h"
#include "onnxruntime/onnx_runner.h"
#include "onnxruntime/session_loader.h"

namespace bge::onnxruntime {
namespace {

// Rows of similar length share a run on a GPU, up to a number of tokens that keeps it busy and its
// memory bounded.
constexpr size_t kCudaMaxRows = 256;

class OnnxBackend final : public backend::Backend {
 public:
  OnnxBackend(std::shared_ptr<const Runtime> runtime, LoadedSessions loaded,
              const OnnxModelOptions& options)
      : info_{.provider = loaded.provider,
              .provider_reason = std::move(loaded.provider_reason),
              .runtime_version = runtime->version(),
              .instruction_set = {},
              .weight_bytes = loaded.sessions.size() * options.weight_bytes},
        max_batch_tokens_(options.cuda.max_batch_tokens) {
    if (on_cuda()) info_.device_ids = options.cuda.device_ids;
    for (Handle<OrtSession>& session : loaded.sessions) {
      models_.push_back(std::make_shared<const OnnxModel>(runtime, std::move(session),
                                                          options.model_path, loaded.output_name));
    }
  }

  // Runners are spread over the devices by turns.
  std::unique_ptr<backend::Runner> make_runner() const override {
    if (!on_cuda()) return std::make_unique<OnnxRunner>(models_.front());
    const size_t device = next_device_++ % models_.size();
    return std::make_unique<CudaRunner>(models_[device], info_.device_ids[device]);
  }

  backend::BatchLimits batch_limits() const override {
    // On a CPU a pair alone is fastest: no padding is computed and the pairs run side by side.
    if (!on_cuda()) return {.max_rows = 1};
    return {.max_rows = kCudaMaxRows, .max_tokens = max_batch_tokens_, .padded = true};
  }

  const backend::BackendInfo& info() const override { return info_; }

 private:
  bool on_cuda() const noexcept { return info_.provider == backend::ExecutionProvider::kCuda; }

  backend::BackendInfo info_;
  size_t max_batch_tokens_;
  std::vector<std::shared_ptr<const OnnxModel>> models_;  // one a device
  mutable std::atomic<size_t> next_device_ = 0;
};

}  // namespace

struct OnnxModelLoad::State {
  explicit State(OnnxModelOptions given) : options(std::move(given)) {}

  const OnnxModelOptions options;
  std::mutex mutex;
  bool canceled = false;                  // guarded by mutex
  std::unique_ptr<SessionLoader> loader;  // guarded by mutex until set, then its own
};

OnnxModelLoad::OnnxModelLoad(OnnxModelOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

OnnxModelLoad::~OnnxModelLoad() = default;

std::unique_ptr<const backend::Backend> OnnxModelLoad::run() {
  std::shared_ptr<const Runtime> runtime = Runtime::open(state_->options.runtime_path);
  {
    std::lock_guard lock(state_->mutex);
    state_->loader = std::make_unique<SessionLoader>(runtime);
    if (state_->canceled) state_->loader->cancel();
  }
  const OnnxModelOptions& options = state_->options;
  LoadedSessions loaded = state_->loader->load(options);
  return std::make_unique<const OnnxBackend>(std::move(runtime), std::move(loaded), options);
}

void OnnxModelLoad::cancel() noexcept {
  std::lock_guard lock(state_->mutex);
  state_->canceled = true;
  if (state_->loader) state_->loader->cancel();
}

}  // namespace bge::onnxruntime
