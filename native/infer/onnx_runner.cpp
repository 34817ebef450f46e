#include "infer/onnx_runner.h"

#include <algorithm>
#include <array>

namespace bge::infer {
namespace {

// Padding positions hold 0 in every input; attention_mask 0 keeps them out of the scores.
int64_t value_at(InputRole role, const Row& row, size_t position) {
  switch (role) {
    case InputRole::kInputIds: return row.ids[position];
    case InputRole::kAttentionMask: return 1;
    case InputRole::kTokenTypeIds: return row.type_ids[position];
  }
  return 0;
}

template <typename Integer>
void fill(Integer* out, InputRole role, std::span<const Row> rows, size_t longest) {
  for (size_t r = 0; r < rows.size(); ++r) {
    Integer* const line = out + r * longest;
    const size_t length = rows[r].ids.size();
    for (size_t t = 0; t < length; ++t) line[t] = static_cast<Integer>(value_at(role, rows[r], t));
    std::fill(line + length, line + longest, Integer{0});
  }
}

}  // namespace

OnnxModel::OnnxModel(std::shared_ptr<const Runtime> runtime_in_use, Handle<OrtSession> opened,
                     const std::string& model_path)
    : runtime(std::move(runtime_in_use)),
      session(std::move(opened)),
      signature(read_signature(runtime->api(), session.get(), model_path)) {
  for (const ModelInput& input : signature.inputs) input_names.push_back(input.name.c_str());
}

OnnxRunner::OnnxRunner(std::shared_ptr<const OnnxModel> model)
    : model_(std::move(model)),
      cpu_memory_(model_->runtime->api().ReleaseMemoryInfo),
      run_options_(model_->runtime->api().ReleaseRunOptions),
      input_buffers_(model_->signature.inputs.size()) {
  const OrtApi& api = model_->runtime->api();
  check(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, cpu_memory_.out()),
        ErrorCode::kInternal, "memory info");
  check(api, api.CreateRunOptions(run_options_.out()), ErrorCode::kInternal, "run options");
  // Failures come back as statuses; the log would print them a second time.
  check(api, api.RunOptionsSetRunLogSeverityLevel(run_options_.get(), ORT_LOGGING_LEVEL_FATAL),
        ErrorCode::kInternal, "run options");
}

void OnnxRunner::run(std::span<const Row> rows, std::span<float> logits) {
  const OrtApi& api = model_->runtime->api();
  size_t longest = 0;
  for (const Row& row : rows) longest = std::max(longest, row.ids.size());

  const std::vector<ModelInput>& inputs = model_->signature.inputs;
  std::vector<Handle<OrtValue>> tensors;
  std::vector<const OrtValue*> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    tensors.push_back(make_input(inputs[i], rows, longest, input_buffers_[i]));
    values.push_back(tensors.back().get());
  }

  Handle<OrtValue> output(api.ReleaseValue);
  const char* const output_name = model_->signature.logits_name.c_str();
  OrtStatus* const status =
      api.Run(model_->session.get(), run_options_.get(), model_->input_names.data(), values.data(),
              values.size(), &output_name, 1, output.out());
  check(api, status, canceled_ ? ErrorCode::kAborted : ErrorCode::kInferenceFailed,
        "the model failed on this input");
  read_logits(output.get(), logits);
}

void OnnxRunner::cancel() noexcept {
  const OrtApi& api = model_->runtime->api();
  canceled_ = true;
  if (OrtStatus* status = api.RunOptionsSetTerminate(run_options_.get())) api.ReleaseStatus(status);
}

Handle<OrtValue> OnnxRunner::make_input(const ModelInput& input, std::span<const Row> rows,
                                        size_t longest, std::vector<int64_t>& buffer) const {
  const size_t count = rows.size() * longest;
  buffer.resize(count);
  if (input.is_int64) {
    fill(buffer.data(), input.role, rows, longest);
  } else {
    fill(reinterpret_cast<int32_t*>(buffer.data()), input.role, rows, longest);
  }
  const std::array<int64_t, 2> shape{static_cast<int64_t>(rows.size()),
                                     static_cast<int64_t>(longest)};
  const OrtApi& api = model_->runtime->api();
  Handle<OrtValue> tensor(api.ReleaseValue);
  check(
      api,
      api.CreateTensorWithDataAsOrtValue(
          cpu_memory_.get(), buffer.data(),
          count * (input.is_int64 ? sizeof(int64_t) : sizeof(int32_t)), shape.data(), shape.size(),
          input.is_int64 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64
                         : ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
          tensor.out()),
      ErrorCode::kInternal, "input tensor");
  return tensor;
}

void OnnxRunner::read_logits(const OrtValue* output, std::span<float> logits) const {
  const OrtApi& api = model_->runtime->api();
  const auto ok = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInferenceFailed, "the model's logits cannot be read");
  };
  Handle<OrtTensorTypeAndShapeInfo> shape(api.ReleaseTensorTypeAndShapeInfo);
  size_t count = 0;
  ok(api.GetTensorTypeAndShape(output, shape.out()));
  ok(api.GetTensorShapeElementCount(shape.get(), &count));
  const size_t labels = count / logits.size();
  if (count % logits.size() != 0 || labels < 1 || labels > 2) {
    throw Error(ErrorCode::kModelUnsupported, "the model gave " + std::to_string(count) +
                                                  " logits for " + std::to_string(logits.size()) +
                                                  " pairs; 1 or 2 a pair can be ranked");
  }
  void* raw = nullptr;
  ok(api.GetTensorMutableData(const_cast<OrtValue*>(output), &raw));
  const float* const values = static_cast<const float*>(raw);
  for (size_t i = 0; i < logits.size(); ++i) {
    // Of two labels the second is relevance: sigmoid of the difference is its softmax.
    logits[i] = labels == 1 ? values[i] : values[2 * i + 1] - values[2 * i];
  }
}

}  // namespace bge::infer
