#include "onnxruntime/session_options.h"

#include <string>
#include <utility>
#include <vector>

namespace bge::onnxruntime {
namespace {

// The provider's own option names and values.
std::vector<std::pair<const char*, std::string>> provider_options(const CudaOptions& cuda,
                                                                  int32_t device_id) {
  std::vector<std::pair<const char*, std::string>> options{
      {"device_id", std::to_string(device_id)},
      {"arena_extend_strategy", cuda.arena_extend_strategy},
      {"use_tf32", cuda.tf32 ? "1" : "0"},
  };
  if (cuda.memory_limit_bytes > 0) {
    options.emplace_back("gpu_mem_limit", std::to_string(cuda.memory_limit_bytes));
  }
  return options;
}

}  // namespace

Handle<OrtSessionOptions> make_session_options(const OrtApi& api) {
  Handle<OrtSessionOptions> handle(api.ReleaseSessionOptions);
  check(api, api.CreateSessionOptions(handle.out()), ErrorCode::kInternal, "session options");
  OrtSessionOptions* options = handle.get();
  const auto set = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInternal, "session options");
  };
  // The runtime's own pools stay empty: our workers call Run, each on its own thread.
  set(api.SetIntraOpNumThreads(options, 1));
  set(api.SetInterOpNumThreads(options, 1));
  set(api.SetSessionExecutionMode(options, ORT_SEQUENTIAL));
  set(api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
  // A pattern is kept for every shape seen; with one pair a run that is every length up to 512.
  set(api.DisableMemPattern(options));
  // Failures come back as statuses; the log would print them a second time.
  set(api.SetSessionLogSeverityLevel(options, ORT_LOGGING_LEVEL_FATAL));
  return handle;
}

void append_cuda(const OrtApi& api, OrtSessionOptions* options, const CudaOptions& cuda,
                 int32_t device_id) {
  const auto ok = [&api](OrtStatus* status) {
    const std::string message = take_message(api, status);
    if (!message.empty()) throw Error(ErrorCode::kProviderUnavailable, message);
  };
  std::vector<const char*> keys;
  std::vector<const char*> values;
  const auto pairs = provider_options(cuda, device_id);
  for (const auto& [key, value] : pairs) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  Handle<OrtCUDAProviderOptionsV2> provider(api.ReleaseCUDAProviderOptions);
  ok(api.CreateCUDAProviderOptions(provider.out()));
  ok(api.UpdateCUDAProviderOptions(provider.get(), keys.data(), values.data(), keys.size()));
  ok(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, provider.get()));
}

}  // namespace bge::onnxruntime
