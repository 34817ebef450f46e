#include "onnxruntime/cuda_probe.h"

#include <array>
#include <cstdlib>
#include <thread>

#include "onnxruntime/cuda_failure.h"
#include "onnxruntime/runtime.h"
#include "onnxruntime/session_options.h"

namespace bge::onnxruntime {
namespace {

// ModelProto of y = MatMul(x, x), float [2, 2], opset 13: a cuBLAS kernel has to run.
constexpr std::array<unsigned char, 76> kMatMulModel{
    0x08, 0x07, 0x12, 0x00, 0x3a, 0x40, 0x0a, 0x11, 0x0a, 0x01, 0x78, 0x0a, 0x01, 0x78, 0x12, 0x01,
    0x79, 0x22, 0x06, 0x4d, 0x61, 0x74, 0x4d, 0x75, 0x6c, 0x12, 0x01, 0x67, 0x5a, 0x13, 0x0a, 0x01,
    0x78, 0x12, 0x0e, 0x0a, 0x0c, 0x08, 0x01, 0x12, 0x08, 0x0a, 0x02, 0x08, 0x02, 0x0a, 0x02, 0x08,
    0x02, 0x62, 0x13, 0x0a, 0x01, 0x79, 0x12, 0x0e, 0x0a, 0x0c, 0x08, 0x01, 0x12, 0x08, 0x0a, 0x02,
    0x08, 0x02, 0x0a, 0x02, 0x08, 0x02, 0x42, 0x04, 0x0a, 0x00, 0x10, 0x0d};

// What the runtime logs holds the cause (the library that is missing); its statuses often do not.
void ORT_API_CALL collect(void* log, OrtLoggingLevel, const char*, const char*, const char*,
                          const char* message) {
  static_cast<std::string*>(log)->append(" ").append(message);
}

void fail(const OrtApi& api, OrtStatus* status) {
  const std::string message = take_message(api, status);
  if (!message.empty()) throw Error(ErrorCode::kProviderUnavailable, message);
}

void multiply(const OrtApi& api, OrtSession* session) {
  std::array<float, 4> matrix{1, 2, 3, 4};
  const std::array<int64_t, 2> shape{2, 2};
  Handle<OrtMemoryInfo> memory(api.ReleaseMemoryInfo);
  Handle<OrtValue> input(api.ReleaseValue);
  Handle<OrtValue> output(api.ReleaseValue);
  fail(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, memory.out()));
  fail(api, api.CreateTensorWithDataAsOrtValue(memory.get(), matrix.data(), sizeof matrix,
                                               shape.data(), shape.size(),
                                               ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, input.out()));
  const OrtValue* const inputs = input.get();
  const char* const input_name = "x";
  const char* const output_name = "y";
  fail(api, api.Run(session, nullptr, &input_name, &inputs, 1, &output_name, 1, output.out()));
}

void probe_device(const OrtApi& api, const OrtEnv* env, const CudaOptions& cuda,
                  int32_t device_id) {
  const Handle<OrtSessionOptions> options = make_session_options(api);
  append_cuda(api, options.get(), cuda, device_id);
  Handle<OrtSession> session(api.ReleaseSession);
  fail(api, api.CreateSessionFromArray(env, kMatMulModel.data(), kMatMulModel.size(), options.get(),
                                       session.out()));
  multiply(api, session.get());
}

}  // namespace

void probe_cuda(const std::string& library_path, const CudaOptions& cuda,
                std::chrono::milliseconds limit) {
  std::thread([limit] {
    std::this_thread::sleep_for(limit);
    std::_Exit(EXIT_FAILURE);
  }).detach();
  std::string version;
  const OrtApi& api = *open_api(library_path, version);
  std::string log;
  Handle<OrtEnv> env(api.ReleaseEnv);
  check(api,
        api.CreateEnvWithCustomLogger(collect, &log, ORT_LOGGING_LEVEL_ERROR, "probe", env.out()),
        ErrorCode::kInternal, "ONNX Runtime's environment could not be made", library_path);
  try {
    for (const int32_t device_id : cuda.device_ids) probe_device(api, env.get(), cuda, device_id);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kProviderUnavailable) throw;
    throw Error(ErrorCode::kProviderUnavailable, explain_cuda_failure(error.what() + log));
  }
}

}  // namespace bge::onnxruntime
