#pragma once

#include <string>

#include "infer/cuda_options.h"

namespace bge::infer {

// Opens the ONNX Runtime library, its CUDA provider and the driver, and multiplies two small
// matrices on every device. Meant for a process that may be lost: drivers can crash or hang.
// Throws kProviderUnavailable with what is wrong and what to do, and what open_api() throws.
void probe_cuda(const std::string& library_path, const CudaOptions& options);

}  // namespace bge::infer
