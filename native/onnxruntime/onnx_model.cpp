#include "onnxruntime/onnx_model.h"

namespace bge::onnxruntime {

OnnxModel::OnnxModel(std::shared_ptr<const Runtime> runtime_in_use, Handle<OrtSession> opened,
                     const std::string& model_path, const std::string& output_name)
    : runtime(std::move(runtime_in_use)),
      session(std::move(opened)),
      signature(read_signature(runtime->api(), session.get(), model_path, output_name)) {
  for (const ModelInput& input : signature.inputs) input_names.push_back(input.name.c_str());
}

Handle<OrtRunOptions> make_run_options(const OrtApi& api) {
  Handle<OrtRunOptions> options(api.ReleaseRunOptions);
  check(api, api.CreateRunOptions(options.out()), ErrorCode::kInternal, "run options");
  // Failures come back as statuses; the log would print them a second time.
  check(api, api.RunOptionsSetRunLogSeverityLevel(options.get(), ORT_LOGGING_LEVEL_FATAL),
        ErrorCode::kInternal, "run options");
  return options;
}

Handle<OrtMemoryInfo> make_cpu_memory_info(const OrtApi& api) {
  Handle<OrtMemoryInfo> info(api.ReleaseMemoryInfo);
  check(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, info.out()),
        ErrorCode::kInternal, "memory info");
  return info;
}

}  // namespace bge::onnxruntime
