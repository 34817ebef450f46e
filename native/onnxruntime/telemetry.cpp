#include "onnxruntime/telemetry.h"

#include <cstdlib>

namespace bge::onnxruntime {

void disable_telemetry() noexcept {
  constexpr char kVariable[] = "ORT_DISABLE_TELEMETRY";
#ifdef _WIN32
  if (std::getenv(kVariable) == nullptr) _putenv_s(kVariable, "1");
#else
  setenv(kVariable, "1", /*overwrite=*/0);
#endif
}

}  // namespace bge::onnxruntime
