#include "onnxruntime/onnx_backend.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bge::onnxruntime {
namespace {

// The Error that loading with this runtime library ends in.
Error load_error(const std::string& runtime_path) {
  OnnxModelLoad load({.model_path = "model.onnx",
                      .output_name = {},
                      .logits_name = {},
                      .runtime_path = runtime_path,
                      .providers = {backend::ExecutionProvider::kCpu},
                      .cuda = {}});
  try {
    load.run();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "no error");
}

TEST(OnnxModelLoad, NamesARuntimeThatIsNotThere) {
  const Error error = load_error("/no/such/libonnxruntime.so");
  EXPECT_EQ(error.code(), ErrorCode::kRuntimeNotFound);
  EXPECT_EQ(error.path(), "/no/such/libonnxruntime.so");
  EXPECT_NE(std::string(error.what()).find("ONNXRUNTIME_LIBRARY"), std::string::npos);
}

TEST(OnnxModelLoad, RefusesALibraryThatIsNoRuntime) {
  EXPECT_EQ(load_error(OTHER_LIBRARY).code(), ErrorCode::kRuntimeIncompatible);
}

TEST(OnnxModelLoad, RefusesAnOldRuntimeAndNamesItsVersion) {
  const Error error = load_error(OLD_RUNTIME);
  EXPECT_EQ(error.code(), ErrorCode::kRuntimeIncompatible);
  EXPECT_NE(std::string(error.what()).find("1.9.0"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace bge::onnxruntime
