#include "base/error.h"

namespace bge {

std::string_view code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidInput: return "INVALID_INPUT";
    case ErrorCode::kInvalidOption: return "INVALID_OPTION";
    case ErrorCode::kModelNotFound: return "MODEL_NOT_FOUND";
    case ErrorCode::kModelInvalid: return "MODEL_INVALID";
    case ErrorCode::kModelUnsupported: return "MODEL_UNSUPPORTED";
    case ErrorCode::kTokenizerInvalid: return "TOKENIZER_INVALID";
    case ErrorCode::kTokenizerUnsupported: return "TOKENIZER_UNSUPPORTED";
    case ErrorCode::kRuntimeNotFound: return "RUNTIME_NOT_FOUND";
    case ErrorCode::kRuntimeIncompatible: return "RUNTIME_INCOMPATIBLE";
    case ErrorCode::kProviderUnavailable: return "PROVIDER_UNAVAILABLE";
    case ErrorCode::kTooLong: return "TOO_LONG";
    case ErrorCode::kInferenceFailed: return "INFERENCE_FAILED";
    case ErrorCode::kOverloaded: return "OVERLOADED";
    case ErrorCode::kTimeout: return "TIMEOUT";
    case ErrorCode::kAborted: return "ABORTED";
    case ErrorCode::kClosed: return "CLOSED";
    case ErrorCode::kOutOfMemory: return "OUT_OF_MEMORY";
    case ErrorCode::kInternal: return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace bge
