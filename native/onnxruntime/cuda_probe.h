#pragma once

#include <chrono>
#include <string>

#include "onnxruntime/cuda_options.h"

namespace bge::onnxruntime {

// Opens the ONNX Runtime library, its CUDA provider and the driver, and multiplies two small
// matrices on every device. Meant for a process that may be lost: drivers can crash or hang. After
// `limit` that process ends, so that it does not outlive one that would have ended it.
// Throws kProviderUnavailable with what is wrong and what to do, and what open_api() throws.
void probe_cuda(const std::string& library_path, const CudaOptions& options,
                std::chrono::milliseconds limit);

}  // namespace bge::onnxruntime
