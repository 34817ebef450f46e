#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace bge {

// The stable error codes that reach JavaScript. src/errors.ts and docs/api.md list the same
// set; test/reranker/error-codes.test.ts holds the three against each other.
enum class ErrorCode {
  kInvalidInput,
  kInvalidOption,
  kModelNotFound,
  kModelInvalid,
  kModelUnsupported,
  kTokenizerInvalid,
  kTokenizerUnsupported,
  kRuntimeNotFound,
  kRuntimeIncompatible,
  kProviderUnavailable,
  kTooLong,
  kInferenceFailed,
  kOverloaded,
  kTimeout,
  kAborted,
  kClosed,
  kOutOfMemory,
  kInternal,
};

// The code as JavaScript sees it, for example "INVALID_INPUT".
std::string_view code_name(ErrorCode code) noexcept;

// An error a caller can act on. `what()` is one sentence that says what to change; `path()` is the
// file or the JSON pointer it is about, empty where there is none.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string path = {})
      : std::runtime_error(message), code_(code), path_(std::move(path)) {}

  ErrorCode code() const noexcept { return code_; }
  const std::string& path() const noexcept { return path_; }

 private:
  ErrorCode code_;
  std::string path_;
};

}  // namespace bge
