#include "engine/load/onnx_runtime.h"

#include "onnxruntime/cuda_probe.h"
#include "onnxruntime/telemetry.h"

namespace bge::engine {

void prepare_onnx_runtime() noexcept { onnxruntime::disable_telemetry(); }

void probe_cuda(const std::string& library_path, const onnxruntime::CudaOptions& options,
                std::chrono::milliseconds limit) {
  onnxruntime::probe_cuda(library_path, options, limit);
}

}  // namespace bge::engine
