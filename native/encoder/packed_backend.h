#pragma once

#include <memory>
#include <string>

#include "infer/backend.h"
#include "kernels/kernels.h"

namespace bge::encoder {

struct PackedBackendOptions {
  // A folder with config.json.
  std::string folder;
  // model.safetensors or an fp32 ONNX graph of the same model; throws kModelUnsupported for others.
  std::string weights_path;
  kernels::Dtype dtype;
  // A folder for the converted weights, or empty: with it, later loads map them instead of
  // converting again.
  std::string cache_folder;
};

// A model on our own kernels: packed rows without padding, so a pair's logit is the same bits alone
// and in any company. Weights are shared by all Runners.
class PackedBackend : public infer::Backend {
 public:
  // Longest pair in tokens.
  virtual int max_tokens() const = 0;
};

// Blocks while the weights are converted. Throws Error kModelNotFound, kModelInvalid,
// kModelUnsupported (then the ONNX path may still run it), kInvalidOption (BGE_RERANKER_ISA),
// kOutOfMemory.
std::unique_ptr<const PackedBackend> load_packed_backend(const PackedBackendOptions& options);

}  // namespace bge::encoder
