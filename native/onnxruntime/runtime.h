#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <string>

namespace bge::onnxruntime {

// The lowest API version that has all we call: load cancellation came with 1.22.
inline constexpr uint32_t kApiVersion = 22;

// The functions of the ONNX Runtime library at this absolute path, and its version. Throws
// kRuntimeNotFound when it cannot be opened and kRuntimeIncompatible when it is no ONNX Runtime or
// an older one than kApiVersion.
const OrtApi* open_api(const std::string& library_path, std::string& version);

// The ONNX Runtime shared library, opened at run time, with its process-wide environment.
//
// Libraries stay open until the process ends: sessions of other addons may live in the same one,
// and its threads and static destructors do not survive an unload. The environment is counted: it
// goes with the last Runtime that uses it.
class Runtime {
 public:
  // Throws what open_api() throws.
  static std::shared_ptr<const Runtime> open(const std::string& library_path);

  Runtime(const OrtApi* api, OrtEnv* env, std::string version, std::string library_path);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const OrtApi& api() const noexcept { return *api_; }
  OrtEnv* env() const noexcept { return env_; }
  const std::string& version() const noexcept { return version_; }
  const std::string& library_path() const noexcept { return library_path_; }

 private:
  const OrtApi* api_;
  OrtEnv* env_;
  std::string version_;
  std::string library_path_;
};

}  // namespace bge::onnxruntime
