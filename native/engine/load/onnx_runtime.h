#pragma once

#include <chrono>
#include <string>

#include "onnxruntime/cuda_options.h"

// What concerns ONNX Runtime in this process as a whole, apart from any model.
namespace bge::engine {

// Before the first load, on the thread that owns the process's environment variables: keeps ONNX
// Runtime from reporting to its maker.
void prepare_onnx_runtime() noexcept;

// Tries CUDA on the calling thread; see onnxruntime::probe_cuda(), whose errors it throws.
void probe_cuda(const std::string& library_path, const onnxruntime::CudaOptions& options,
                std::chrono::milliseconds limit);

}  // namespace bge::engine
