#include "engine/engine.h"

#include <algorithm>
#include <future>

#include "base/file.h"
#include "base/memory.h"

namespace bge::engine {
Engine::Engine(std::unique_ptr<const tokenize::Tokenizer> tokenizer,
               std::unique_ptr<const infer::Backend> backend, const EngineOptions& options)
    : info_(backend->info()),
      model_bytes_(info_.weight_bytes + file_bytes(options.tokenizer_path)),
      vocabulary_(tokenizer->vocabulary_size()),
      scheduler_({options.max_queued_tokens, options.limits.max_length, backend->batch_limits(),
                  options.threads}),
      tokenizer_(std::move(tokenizer)),
      counter_(*tokenizer_),
      backend_(std::move(backend)) {
  for (size_t i = 0; i < options.threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(scheduler_, *tokenizer_, backend_->make_runner(), options.limits));
  }
  try {
    for (const std::unique_ptr<Worker>& worker : workers_) {
      threads_.emplace_back(&Worker::run, worker.get());
    }
  } catch (...) {
    stop();  // no destructor runs for a half-made Engine
    throw;
  }
}

Engine::~Engine() { stop(); }

void Engine::submit(schedule::RequestInput input, schedule::Completion completion) {
  scheduler_.submit(std::move(input), std::move(completion));
}

tokenize::EncodedPair Engine::encode(const std::string& query, const std::string& text,
                                     const PairLimits& limits) const {
  if (closing_) throw Error(ErrorCode::kClosed, "this Reranker was closed; load another one");
  return tokenizer_->pair(tokenizer_->encode(query).ids, tokenizer_->encode(text).ids,
                          limits.max_length, limits.truncation);
}

void Engine::count_tokens(std::string text, TokenCounter::Completion completion) {
  if (closing_) throw Error(ErrorCode::kClosed, "this Reranker was closed; load another one");
  counter_.count(std::move(text), std::move(completion));
}

void Engine::close(std::function<void()> closed) {
  if (closing_) return;
  scheduler_.close();
  closing_thread_ = std::thread([this, closed = std::move(closed)] {
    join_workers();
    {
      std::lock_guard lock(workers_mutex_);
      workers_.clear();
    }
    backend_.reset();
    counter_.stop();
    tokenizer_.reset();
    give_memory_back();
    closed();
  });
  closing_ = true;
}

void Engine::stop() noexcept {
  scheduler_.stop();
  {
    std::lock_guard lock(workers_mutex_);
    for (const std::unique_ptr<Worker>& worker : workers_) worker->cancel();
  }
  if (closing_thread_.joinable()) {
    closing_thread_.join();
  } else {
    join_workers();
    counter_.stop();
  }
}

void Engine::join_workers() noexcept {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

EngineLoad::EngineLoad(EngineOptions options) : options_(std::move(options)) {
  if (const auto* onnx = std::get_if<infer::OnnxModelOptions>(&options_.model)) {
    onnx_.emplace(*onnx);
  } else {
    std::get<encoder::PackedBackendOptions>(options_.model).stop = &canceled_;
  }
}

void EngineLoad::cancel() noexcept {
  canceled_ = true;
  if (onnx_) onnx_->cancel();
}

std::shared_ptr<Engine> EngineLoad::run() {
  auto tokenizer = std::async(std::launch::async, [this] {
    return tokenize::Tokenizer::from_file(options_.tokenizer_path);
  });
  std::unique_ptr<const infer::Backend> backend = load_backend();
  std::unique_ptr<const tokenize::Tokenizer> loaded = tokenizer.get();
  if (options_.limits.max_length < loaded->special_tokens_in_pair()) {
    throw Error(ErrorCode::kInvalidOption,
                "maxLength " + std::to_string(options_.limits.max_length) +
                    " has no room for the special tokens of a pair; raise it");
  }
  return std::make_shared<Engine>(std::move(loaded), std::move(backend), options_);
}

std::unique_ptr<const infer::Backend> EngineLoad::load_backend() {
  if (onnx_) return onnx_->run();
  auto packed =
      encoder::load_packed_backend(std::get<encoder::PackedBackendOptions>(options_.model));
  if (options_.limits.max_length > static_cast<size_t>(packed->max_tokens())) {
    throw Error(ErrorCode::kInvalidOption, "maxLength " +
                                               std::to_string(options_.limits.max_length) +
                                               " is beyond the model's " +
                                               std::to_string(packed->max_tokens()) + "; lower it");
  }
  return packed;
}

}  // namespace bge::engine
