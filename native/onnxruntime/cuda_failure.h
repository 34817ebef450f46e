#pragma once

#include <string>
#include <string_view>

namespace bge::onnxruntime {

// A message of ONNX Runtime, the CUDA libraries or the dynamic loader about a CUDA provider that
// does not work, as one clause with its remedy: "<what is wrong>; <what to do>". The message itself
// where it is of no known kind.
std::string explain_cuda_failure(std::string_view message);

// Without line breaks and closing full stops.
std::string one_line(std::string message);

}  // namespace bge::onnxruntime
