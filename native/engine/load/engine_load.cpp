#include "engine/load/engine_load.h"

#include <future>

namespace bge::engine {

EngineLoad::EngineLoad(LoadOptions options) : options_(std::move(options)) {
  if (const auto* onnx = std::get_if<onnxruntime::OnnxModelOptions>(&options_.model)) {
    onnx_.emplace(*onnx);
  } else {
    std::get<encoder::EncoderOptions>(options_.model).stop = &canceled_;
  }
}

void EngineLoad::cancel() noexcept {
  canceled_ = true;
  if (onnx_) onnx_->cancel();
}

std::shared_ptr<Engine> EngineLoad::run() {
  const EngineOptions& engine = options_.engine;
  auto tokenizer = std::async(std::launch::async, [&engine] {
    // What texts of a prompt say is text anyway; its template's tokens are to be parsed.
    const tokenize::SpecialTokens special_tokens =
        engine.prompt ? tokenize::SpecialTokens::kParse : engine.special_tokens;
    return tokenize::Tokenizer::from_file(engine.tokenizer_path, special_tokens);
  });
  std::unique_ptr<const backend::Backend> backend = load_backend();
  std::unique_ptr<const tokenize::Tokenizer> loaded = tokenizer.get();
  if (engine.limits.max_length < tokenize::PairEncoder(*loaded, engine.prompt).special_tokens()) {
    throw Error(ErrorCode::kInvalidOption,
                "maxLength " + std::to_string(engine.limits.max_length) +
                    " has no room for the special tokens of a pair; raise it");
  }
  return std::make_shared<Engine>(std::move(loaded), std::move(backend), engine);
}

std::unique_ptr<const backend::Backend> EngineLoad::load_backend() {
  if (onnx_) return onnx_->run();
  auto encoder = encoder::load_encoder_backend(std::get<encoder::EncoderOptions>(options_.model));
  const size_t max_length = options_.engine.limits.max_length;
  if (max_length > static_cast<size_t>(encoder->max_tokens())) {
    throw Error(ErrorCode::kInvalidOption,
                "maxLength " + std::to_string(max_length) + " is beyond the model's " +
                    std::to_string(encoder->max_tokens()) + "; lower it");
  }
  return encoder;
}

}  // namespace bge::engine
