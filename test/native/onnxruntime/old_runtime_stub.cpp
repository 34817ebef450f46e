// A library that looks like an ONNX Runtime from before the C API version that we ask for.
#include <onnxruntime_c_api.h>

namespace {

const OrtApi* ORT_API_CALL get_api(uint32_t) noexcept { return nullptr; }
const char* ORT_API_CALL get_version() noexcept { return "1.9.0"; }

constexpr OrtApiBase kBase{&get_api, &get_version};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* ORT_API_CALL
OrtGetApiBase() noexcept {
  return &kBase;
}
