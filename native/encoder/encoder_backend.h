#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "encoder/families/modules.h"
#include "kernels/kernels.h"

namespace bge::encoder {

struct EncoderOptions {
  // A folder with config.json.
  std::string folder;
  // model.safetensors or an fp32 ONNX graph of the same model; throws kModelUnsupported for others.
  std::string weights_path;
  kernels::Dtype dtype;
  // A folder for the converted weights, or empty: with it, later loads map them instead of
  // converting again.
  std::string cache_folder;
  // From any thread: the load ends soon with kAborted once this turns true. May be null.
  const std::atomic<bool>* stop = nullptr;
  // Of a causal model without a LogitScore module.
  std::optional<AnswerTokens> answers{};
};

// A model on our own kernels: packed rows without padding, so a pair's logit is the same bits alone
// and in any company. Weights are shared by all Runners.
class EncoderBackend : public backend::Backend {
 public:
  // Longest pair in tokens.
  virtual int max_tokens() const = 0;
};

// Blocks while the weights are converted. Throws Error kModelNotFound, kModelInvalid,
// kModelUnsupported (then the ONNX path may still run it), kInvalidOption (BGE_RERANKER_ISA),
// kOutOfMemory, kAborted.
std::unique_ptr<const EncoderBackend> load_encoder_backend(const EncoderOptions& options);

}  // namespace bge::encoder
