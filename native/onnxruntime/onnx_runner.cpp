#include "onnxruntime/onnx_runner.h"

#include "onnxruntime/input_tensor.h"
#include "onnxruntime/logits.h"

namespace bge::onnxruntime {

OnnxRunner::OnnxRunner(std::shared_ptr<const OnnxModel> model)
    : model_(std::move(model)),
      cpu_memory_(make_cpu_memory_info(model_->api())),
      run_options_(make_run_options(model_->api())),
      input_buffers_(model_->signature.inputs.size()) {}

void OnnxRunner::run(std::span<const backend::Row> rows, std::span<float> logits) {
  const OrtApi& api = model_->api();
  const PaddedRows padded(rows);
  const std::vector<ModelInput>& inputs = model_->signature.inputs;
  std::vector<Handle<OrtValue>> tensors;
  std::vector<const OrtValue*> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    input_buffers_[i].resize(padded.count());
    tensors.push_back(
        make_input(api, inputs[i], padded, cpu_memory_.get(), input_buffers_[i].data()));
    values.push_back(tensors.back().get());
  }

  Handle<OrtValue> output(api.ReleaseValue);
  const char* const output_name = model_->signature.logits_name.c_str();
  OrtStatus* const status =
      api.Run(model_->session.get(), run_options_.get(), model_->input_names.data(), values.data(),
              values.size(), &output_name, 1, output.out());
  check(api, status, canceled_ ? ErrorCode::kAborted : ErrorCode::kInferenceFailed,
        "the model failed on this input");
  read_logits(api, output.get(), logits);
}

void OnnxRunner::cancel() noexcept {
  const OrtApi& api = model_->api();
  canceled_ = true;
  if (OrtStatus* status = api.RunOptionsSetTerminate(run_options_.get())) api.ReleaseStatus(status);
}

}  // namespace bge::onnxruntime
