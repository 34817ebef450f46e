#include "infer/session_loader.h"

#include <filesystem>

namespace bge::infer {
namespace {

// The runtime's message without its line breaks and closing full stop.
std::string one_line(std::string message) {
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  return message;
}

}  // namespace

SessionLoader::SessionLoader(std::shared_ptr<const Runtime> runtime)
    : runtime_(std::move(runtime)) {}

LoadedSession SessionLoader::load(const std::string& model_path,
                                  const std::vector<ExecutionProvider>& providers) {
  std::string refused;
  for (const ExecutionProvider provider : providers) {
    const std::string name(provider_name(provider));
    try {
      OrtSessionOptions* options = new_options();
      append(provider, options);
      // What fails on cpu is the model's fault; on another provider it may be the provider's.
      const ErrorCode failure = provider == ExecutionProvider::kCpu
                                    ? ErrorCode::kModelInvalid
                                    : ErrorCode::kProviderUnavailable;
      return {create(model_path, options, failure), provider,
              refused.empty() ? name + " is the first of the providers asked for" : refused};
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kProviderUnavailable) throw;
      refused += (refused.empty() ? "" : "; ") + name + " cannot be used: " + error.what();
    }
  }
  throw Error(ErrorCode::kProviderUnavailable,
              refused + "; install what is missing or add 'cpu' to executionProviders");
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
  const OrtApi& api = runtime_->api();
  Handle<OrtSessionOptions> handle(api.ReleaseSessionOptions);
  check(api, api.CreateSessionOptions(handle.out()), ErrorCode::kInternal, "session options");
  OrtSessionOptions* options = handle.get();
  const auto set = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInternal, "session options");
  };
  // The runtime's own pools stay empty: our workers call Run, each on its own thread.
  set(api.SetIntraOpNumThreads(options, 1));
  set(api.SetInterOpNumThreads(options, 1));
  set(api.SetSessionExecutionMode(options, ORT_SEQUENTIAL));
  set(api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
  // A pattern is kept for every shape seen; with one pair a run that is every length up to 512.
  set(api.DisableMemPattern(options));
  // Failures come back as statuses; the log would print them a second time.
  set(api.SetSessionLogSeverityLevel(options, ORT_LOGGING_LEVEL_FATAL));

  std::lock_guard lock(mutex_);
  if (canceled_) throw Error(ErrorCode::kAborted, "loading was cancelled");
  options_.push_back(std::move(handle));
  return options;
}

void SessionLoader::append(ExecutionProvider provider, OrtSessionOptions* options) const {
  if (provider == ExecutionProvider::kCpu) return;
  const OrtApi& api = runtime_->api();
  Handle<OrtCUDAProviderOptionsV2> cuda(api.ReleaseCUDAProviderOptions);
  std::string message = take_message(api, api.CreateCUDAProviderOptions(cuda.out()));
  if (message.empty()) {
    message =
        take_message(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda.get()));
  }
  if (!message.empty()) throw Error(ErrorCode::kProviderUnavailable, one_line(message));
}

Handle<OrtSession> SessionLoader::create(const std::string& model_path, OrtSessionOptions* options,
                                         ErrorCode failure) const {
  const OrtApi& api = runtime_->api();
  Handle<OrtSession> session(api.ReleaseSession);
  const std::filesystem::path path(
      std::u8string(reinterpret_cast<const char8_t*>(model_path.c_str()), model_path.size()));
  OrtStatus* status = api.CreateSession(runtime_->env(), path.c_str(), options, session.out());
  if (status == nullptr) return session;
  const OrtErrorCode code = api.GetErrorCode(status);
  const std::string message = one_line(take_message(api, status));
  if (code == ORT_MODEL_LOAD_CANCELED) throw Error(ErrorCode::kAborted, "loading was cancelled");
  if (failure == ErrorCode::kProviderUnavailable) throw Error(failure, message);
  throw Error(failure, "the model cannot be loaded; get the file again (" + message + ")",
              model_path);
}

}  // namespace bge::infer
