#include "infer/onnx_backend.h"

#include <mutex>

#include "infer/model_signature.h"
#include "infer/onnx_runner.h"
#include "infer/session_loader.h"

namespace bge::infer {
namespace {

// Rows of similar length share a run on a GPU; 16,384 tokens keep one busy and its memory bounded.
constexpr BatchLimits kCudaLimits{.max_rows = 256, .max_tokens = 16384, .padded = true};
// On a CPU a pair alone is fastest: no padding is computed and the pairs run side by side.
constexpr BatchLimits kCpuLimits{.max_rows = 1};

class OnnxBackend final : public Backend {
 public:
  OnnxBackend(std::shared_ptr<const Runtime> runtime, LoadedSession loaded,
              const OnnxModelOptions& options)
      : info_{loaded.provider,
              std::move(loaded.provider_reason),
              runtime->version(),
              {},
              options.weight_bytes},
        model_(std::make_shared<const OnnxModel>(std::move(runtime), std::move(loaded.session),
                                                 options.model_path)) {}

  std::unique_ptr<Runner> make_runner() const override {
    return std::make_unique<OnnxRunner>(model_);
  }

  BatchLimits batch_limits() const override {
    return info_.provider == ExecutionProvider::kCuda ? kCudaLimits : kCpuLimits;
  }

  const BackendInfo& info() const override { return info_; }

 private:
  BackendInfo info_;
  std::shared_ptr<const OnnxModel> model_;
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

std::unique_ptr<const Backend> OnnxModelLoad::run() {
  std::shared_ptr<const Runtime> runtime = Runtime::open(state_->options.runtime_path);
  {
    std::lock_guard lock(state_->mutex);
    state_->loader = std::make_unique<SessionLoader>(runtime);
    if (state_->canceled) state_->loader->cancel();
  }
  const OnnxModelOptions& options = state_->options;
  LoadedSession loaded = state_->loader->load(options.model_path, options.providers);
  return std::make_unique<const OnnxBackend>(std::move(runtime), std::move(loaded), options);
}

void OnnxModelLoad::cancel() noexcept {
  std::lock_guard lock(state_->mutex);
  state_->canceled = true;
  if (state_->loader) state_->loader->cancel();
}

}  // namespace bge::infer
