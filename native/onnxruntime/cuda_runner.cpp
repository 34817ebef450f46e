#include "onnxruntime/cuda_runner.h"

#include "onnxruntime/input_tensor.h"
#include "onnxruntime/logits.h"

namespace bge::onnxruntime {
namespace {

constexpr const char* kFailed = "the model failed on this input";

// What the binding gives for its one output; both the value and the list are the caller's to free.
class BoundOutput {
 public:
  BoundOutput(const OrtApi& api, const OrtIoBinding* binding, OrtAllocator* allocator)
      : api_(api), allocator_(allocator) {
    check(api, api.GetBoundOutputValues(binding, allocator, &values_, &count_),
          ErrorCode::kInferenceFailed, kFailed);
  }
  BoundOutput(const BoundOutput&) = delete;
  BoundOutput& operator=(const BoundOutput&) = delete;
  ~BoundOutput() {
    for (size_t i = 0; i < count_; ++i) api_.ReleaseValue(values_[i]);
    if (OrtStatus* status = api_.AllocatorFree(allocator_, values_)) api_.ReleaseStatus(status);
  }

  const OrtValue* get() const noexcept { return values_[0]; }

 private:
  const OrtApi& api_;
  OrtAllocator* allocator_;
  OrtValue** values_ = nullptr;
  size_t count_ = 0;
};

}  // namespace

CudaRunner::CudaRunner(std::shared_ptr<const OnnxModel> model, int32_t device_id)
    : model_(std::move(model)),
      cpu_memory_(make_cpu_memory_info(model_->api())),
      run_options_(make_run_options(model_->api())),
      pinned_(model_->api(), model_->session.get(), device_id),
      binding_(model_->api().ReleaseIoBinding) {
  const OrtApi& api = model_->api();
  const auto ok = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInternal, "IO binding");
  };
  ok(api.CreateIoBinding(model_->session.get(), binding_.out()));
  ok(api.GetAllocatorWithDefaultOptions(&default_allocator_));
  for (size_t i = 0; i < model_->signature.inputs.size(); ++i) {
    buffers_.emplace_back(api, pinned_.allocator());
  }
}

void CudaRunner::run(std::span<const backend::Row> rows, std::span<float> logits) {
  const OrtApi& api = model_->api();
  bind_inputs(rows);
  // Bound anew for every run: the last run's logits, of another shape, are in the binding
  // otherwise.
  check(api,
        api.BindOutputToDevice(binding_.get(), model_->signature.logits_name.c_str(),
                               cpu_memory_.get()),
        ErrorCode::kInferenceFailed, kFailed);
  OrtStatus* const status =
      api.RunWithBinding(model_->session.get(), run_options_.get(), binding_.get());
  check(api, status, canceled_ ? ErrorCode::kAborted : ErrorCode::kInferenceFailed, kFailed);
  check(api, api.SynchronizeBoundOutputs(binding_.get()), ErrorCode::kInferenceFailed, kFailed);
  read_output(logits);
}

void CudaRunner::bind_inputs(std::span<const backend::Row> rows) {
  const OrtApi& api = model_->api();
  const PaddedRows padded(rows);
  const std::vector<ModelInput>& inputs = model_->signature.inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    void* const memory = buffers_[i].reserve(tensor_bytes(inputs[i], padded));
    const Handle<OrtValue> tensor = make_input(api, inputs[i], padded, pinned_.info(), memory);
    check(api, api.BindInput(binding_.get(), inputs[i].name.c_str(), tensor.get()),
          ErrorCode::kInferenceFailed, kFailed);
  }
  // Copies from page-locked memory do not wait by themselves.
  check(api, api.SynchronizeBoundInputs(binding_.get()), ErrorCode::kInferenceFailed, kFailed);
}

void CudaRunner::read_output(std::span<float> logits) const {
  const BoundOutput output(model_->api(), binding_.get(), default_allocator_);
  read_logits(model_->api(), output.get(), logits);
}

void CudaRunner::cancel() noexcept {
  const OrtApi& api = model_->api();
  canceled_ = true;
  if (OrtStatus* status = api.RunOptionsSetTerminate(run_options_.get())) api.ReleaseStatus(status);
}

}  // namespace bge::onnxruntime
