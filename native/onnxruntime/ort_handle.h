#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace bge::onnxruntime {

// Owns an object of the C API and gives it back through the Release function that belongs to it.
template <typename T>
class Handle {
 public:
  using Release = void(ORT_API_CALL*)(T*);

  explicit Handle(Release release) : release_(release) {}
  Handle(Handle&& other) noexcept : release_(other.release_), object_(other.object_) {
    other.object_ = nullptr;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (object_ != nullptr) release_(object_);
  }

  T* get() const noexcept { return object_; }
  void swap(Handle& other) noexcept {
    std::swap(release_, other.release_);
    std::swap(object_, other.object_);
  }
  // The object belongs to something else from now on.
  void release() noexcept { object_ = nullptr; }
  // Where a Create function is to put the object; the Handle must be empty.
  T** out() noexcept { return &object_; }

 private:
  Release release_;
  T* object_ = nullptr;
};

// Takes the status. Empty when it is a success.
inline std::string take_message(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return message.empty() ? "unknown error" : message;
}

// Throws Error(code, "<what>: <the runtime's message>") unless the status is a success.
inline void check(const OrtApi& api, OrtStatus* status, ErrorCode code, const std::string& what,
                  const std::string& path = {}) {
  if (status == nullptr) return;
  throw Error(code, what + ": " + take_message(api, status), path);
}

}  // namespace bge::onnxruntime
