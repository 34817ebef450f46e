#include "onnxruntime/runtime.h"

#include <map>
#include <mutex>

#include "onnxruntime/ort_handle.h"
#include "onnxruntime/shared_library.h"

namespace bge::onnxruntime {

const OrtApi* open_api(const std::string& path, std::string& version) {
  std::string reason;
  void* library = open_library(path, reason);
  if (library == nullptr) {
    throw Error(ErrorCode::kRuntimeNotFound,
                "ONNX Runtime could not be opened; reinstall onnxruntime-node or set "
                "ONNXRUNTIME_LIBRARY to the library's absolute path (" +
                    reason + ")",
                path);
  }
  using GetApiBase = const OrtApiBase*(ORT_API_CALL*)();
  auto get_api_base = reinterpret_cast<GetApiBase>(find_symbol(library, "OrtGetApiBase"));
  if (get_api_base == nullptr) {
    throw Error(ErrorCode::kRuntimeIncompatible,
                "the library is not ONNX Runtime; set ONNXRUNTIME_LIBRARY to one that is", path);
  }
  const OrtApiBase* base = get_api_base();
  version = base->GetVersionString();
  const OrtApi* api = base->GetApi(kApiVersion);
  if (api == nullptr) {
    throw Error(ErrorCode::kRuntimeIncompatible,
                "ONNX Runtime " + version + " is too old; install onnxruntime-node 1." +
                    std::to_string(kApiVersion) + " or later",
                path);
  }
  return api;
}

std::shared_ptr<const Runtime> Runtime::open(const std::string& library_path) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Runtime>> open_runtimes;
  std::lock_guard lock(mutex);
  std::weak_ptr<const Runtime>& known = open_runtimes[library_path];
  if (std::shared_ptr<const Runtime> runtime = known.lock()) return runtime;

  std::string version;
  const OrtApi* api = open_api(library_path, version);
  OrtEnv* env = nullptr;
  // What fails comes back as a status. The log would write it to the host's stderr as well, and on
  // machines without a GPU a warning at every start.
  check(*api, api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "bge-reranker", &env), ErrorCode::kInternal,
        "ONNX Runtime's environment could not be made", library_path);
  auto runtime = std::make_shared<const Runtime>(api, env, version, library_path);
  // Where the variable of disable_telemetry() is not looked at (Windows).
  take_message(*api, api->DisableTelemetryEvents(env));
  known = runtime;
  return runtime;
}

Runtime::Runtime(const OrtApi* api, OrtEnv* env, std::string version, std::string library_path)
    : api_(api), env_(env), version_(std::move(version)), library_path_(std::move(library_path)) {}

Runtime::~Runtime() { api_->ReleaseEnv(env_); }

}  // namespace bge::onnxruntime
