#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/execution_provider.h"
#include "onnxruntime/onnx_backend.h"
#include "onnxruntime/ort_handle.h"
#include "onnxruntime/runtime.h"

namespace bge::onnxruntime {

struct LoadedSessions {
  // One; on CUDA one for each of its devices, in their order.
  std::vector<Handle<OrtSession>> sessions;
  // Of the sessions, where it is known; as in OnnxModelOptions.
  std::string output_name;
  backend::ExecutionProvider provider;
  // One sentence: why this one.
  std::string provider_reason;
};

// Opens a model on the first execution provider that works.
class SessionLoader {
 public:
  explicit SessionLoader(std::shared_ptr<const Runtime> runtime);

  // Blocks while the model is read and optimised. Throws kProviderUnavailable when no provider of
  // the list works, kModelInvalid when the file is no model, kAborted after cancel().
  LoadedSessions load(const OnnxModelOptions& model);

  // From any thread: a load in progress ends soon with kAborted, and so does every later one.
  void cancel() noexcept;

 private:
  std::vector<Handle<OrtSession>> open_on_cuda(const OnnxModelOptions& model);
  OrtSessionOptions* new_options();
  Handle<OrtSession> create(const OnnxModelOptions& model, OrtSessionOptions* options,
                            ErrorCode failure) const;

  std::shared_ptr<const Runtime> runtime_;
  std::mutex mutex_;
  bool canceled_ = false;                           // guarded by mutex_
  std::vector<Handle<OrtSessionOptions>> options_;  // guarded by mutex_; one a session tried
};

}  // namespace bge::onnxruntime
