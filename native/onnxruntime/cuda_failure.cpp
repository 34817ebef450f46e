#include "onnxruntime/cuda_failure.h"

#include <array>
#include <regex>

namespace bge::onnxruntime {
namespace {

struct Symptom {
  // Of the whole message, any case.
  const char* pattern;
  // $1 and $2 are the pattern's groups.
  const char* explanation;
};

// The first that matches counts: causes before what follows from them.
constexpr std::array kSymptoms{
    Symptom{"libcuda\\.so[.0-9]*: cannot open|nvcuda\\.dll.{0,40}missing",
            "the NVIDIA driver is not installed here; install it, or start the container with its "
            "GPUs"},
    Symptom{"(libcudnn[a-z_]*\\.so\\.?([0-9]*))[.0-9]*: cannot open",
            "$1 is missing; install cuDNN $2 and put its folder on LD_LIBRARY_PATH"},
    Symptom{"(lib(?:cudart|cublasLt|cublas|nvrtc)\\.so\\.([0-9]+))[.0-9]*: cannot open",
            "$1 is missing; install CUDA $2 and put its library folder on LD_LIBRARY_PATH"},
    Symptom{"libonnxruntime_providers_[a-z]+\\.so: cannot open|execution provider is not enabled "
            "in this build",
            "this ONNX Runtime has no CUDA provider; set ONNXRUNTIME_LIBRARY to one that has, as "
            "docs/platforms.md says"},
    Symptom{"([a-zA-Z0-9_+-]+\\.so[.0-9]*): cannot open",
            "$1 is missing; install the CUDA libraries that this ONNX Runtime was built for and "
            "put their folder on LD_LIBRARY_PATH"},
    Symptom{"depends on \"([^\"]+)\" which is missing",
            "$1 is missing; install the CUDA and cuDNN that this ONNX Runtime was built for and "
            "put their bin folders on PATH"},
    Symptom{"driver version is insufficient|CUDA failure 35\\b",
            "the NVIDIA driver is too old for the CUDA that this ONNX Runtime uses; update the "
            "driver, or use an ONNX Runtime for an older CUDA"},
    Symptom{"unsupported display driver|system has unsupported|CUDA failure 80[34]\\b",
            "the NVIDIA driver and the CUDA compatibility libraries do not fit together; remove "
            "the latter from LD_LIBRARY_PATH or update the driver"},
    Symptom{"no CUDA-capable device|CUDA failure 100\\b",
            "there is no CUDA device to see; check nvidia-smi, CUDA_VISIBLE_DEVICES and, in a "
            "container, that it was given GPUs"},
    Symptom{"invalid device ordinal|CUDA failure 101\\b|invalid device id",
            "there is no CUDA device of that number; correct cuda.deviceIds"},
    Symptom{
        "no kernel image|CUDA failure 209\\b",
        "this ONNX Runtime has no code for this GPU's generation; use an ONNX Runtime that has"},
    Symptom{"out of memory|CUDA failure 2\\b|Failed to allocate memory|"
            "CUBLAS_STATUS_ALLOC_FAILED|available memory of",
            "the GPU's memory does not suffice; free some, or raise cuda.memoryLimitBytes"},
    Symptom{"undefined symbol: ([a-zA-Z0-9_]+)",
            "the CUDA libraries found are of another version than this ONNX Runtime was built for "
            "($1 is not in them); install the ones it needs"},
};

}  // namespace

std::string one_line(std::string message) {
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  return message;
}

std::string explain_cuda_failure(std::string_view message) {
  const std::string text = one_line(std::string(message));
  for (const Symptom& symptom : kSymptoms) {
    std::smatch match;
    if (std::regex_search(text, match, std::regex(symptom.pattern, std::regex::icase))) {
      return match.format(symptom.explanation);
    }
  }
  return text + "; see docs/platforms.md";
}

}  // namespace bge::onnxruntime
