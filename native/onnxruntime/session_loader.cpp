#include "onnxruntime/session_loader.h"

#include <filesystem>

#include "onnxruntime/cuda_failure.h"
#include "onnxruntime/cut_session.h"
#include "onnxruntime/session_options.h"

namespace bge::onnxruntime {

SessionLoader::SessionLoader(std::shared_ptr<const Runtime> runtime)
    : runtime_(std::move(runtime)) {}

LoadedSessions SessionLoader::load(const OnnxModelOptions& model) {
  const std::string output = model.logits_name.empty() ? model.output_name : kCutOutput;
  std::string refused;
  for (const backend::ExecutionProvider provider : model.providers) {
    const std::string name(backend::provider_name(provider));
    const std::string reason =
        refused.empty() ? name + " is the first of the providers asked for" : refused;
    if (provider == backend::ExecutionProvider::kCpu) {
      std::vector<Handle<OrtSession>> session;
      session.push_back(create(model, new_options(), ErrorCode::kModelInvalid));
      return {std::move(session), output, provider, reason};
    }
    try {
      return {open_on_cuda(model), output, provider, reason};
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kProviderUnavailable) throw;
      refused = name + " cannot be used: " + explain_cuda_failure(error.what());
    }
  }
  throw Error(ErrorCode::kProviderUnavailable, refused + "; or add 'cpu' to executionProviders");
}

std::vector<Handle<OrtSession>> SessionLoader::open_on_cuda(const OnnxModelOptions& model) {
  std::vector<Handle<OrtSession>> sessions;
  for (const int32_t device_id : model.cuda.device_ids) {
    OrtSessionOptions* const options = new_options();
    append_cuda(runtime_->api(), options, model.cuda, device_id);
    // On the CPU what fails is the model's fault; here it may be the provider's.
    sessions.push_back(create(model, options, ErrorCode::kProviderUnavailable));
  }
  return sessions;
}

void SessionLoader::cancel() noexcept {
  std::lock_guard lock(mutex_);
  canceled_ = true;
  for (const Handle<OrtSessionOptions>& options : options_) {
    OrtStatus* status = runtime_->api().SessionOptionsSetLoadCancellationFlag(options.get(), true);
    if (status != nullptr) runtime_->api().ReleaseStatus(status);
  }
}

OrtSessionOptions* SessionLoader::new_options() {
  Handle<OrtSessionOptions> handle = make_session_options(runtime_->api());
  OrtSessionOptions* options = handle.get();
  std::lock_guard lock(mutex_);
  if (canceled_) throw Error(ErrorCode::kAborted, "loading was cancelled");
  options_.push_back(std::move(handle));
  return options;
}

Handle<OrtSession> SessionLoader::create(const OnnxModelOptions& model, OrtSessionOptions* options,
                                         ErrorCode failure) const {
  const OrtApi& api = runtime_->api();
  Handle<OrtSession> session(api.ReleaseSession);
  const std::string& name = model.model_path;
  const std::filesystem::path path(
      std::u8string(reinterpret_cast<const char8_t*>(name.c_str()), name.size()));
  OrtStatus* status =
      model.logits_name.empty()
          ? api.CreateSession(runtime_->env(), path.c_str(), options, session.out())
          : create_cut_session(*runtime_, path, model.logits_name, options, session);
  if (status == nullptr) return session;
  const OrtErrorCode code = api.GetErrorCode(status);
  const std::string message = one_line(take_message(api, status));
  if (code == ORT_MODEL_LOAD_CANCELED) throw Error(ErrorCode::kAborted, "loading was cancelled");
  if (failure == ErrorCode::kProviderUnavailable) throw Error(failure, message);
  throw Error(failure, "the model cannot be loaded; get the file again (" + message + ")", name);
}

}  // namespace bge::onnxruntime
