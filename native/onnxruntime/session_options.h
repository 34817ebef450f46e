#pragma once

#include <onnxruntime_c_api.h>

#include "onnxruntime/cuda_options.h"
#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {

// Options of a session whose runs all happen on the threads that call Run.
Handle<OrtSessionOptions> make_session_options(const OrtApi& api);

// Has the CUDA provider run what it can of the session, on this device. Throws
// kProviderUnavailable, with the runtime's message, where there is no such provider.
void append_cuda(const OrtApi& api, OrtSessionOptions* options, const CudaOptions& cuda,
                 int32_t device_id);

}  // namespace bge::onnxruntime
