#include "engine/engine.h"

#include "base/file.h"
#include "base/memory.h"

namespace bge::engine {
Engine::Engine(std::unique_ptr<const tokenize::Tokenizer> tokenizer,
               std::unique_ptr<const backend::Backend> backend, const EngineOptions& options)
    : info_(backend->info()),
      model_bytes_(info_.weight_bytes + file_bytes(options.tokenizer_path)),
      vocabulary_(tokenizer->vocabulary_size()),
      scheduler_({options.max_queued_tokens, options.limits.max_length, backend->batch_limits(),
                  options.threads}),
      tokenizer_(std::move(tokenizer)),
      encoder_(std::in_place, *tokenizer_, options.prompt),
      counter_(*tokenizer_),
      backend_(std::move(backend)) {
  for (size_t i = 0; i < options.threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(scheduler_, *encoder_, backend_->make_runner(), options.limits));
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
                                     const PairLimits& limits,
                                     const std::optional<std::string>& instruction) const {
  if (closing_) throw Error(ErrorCode::kClosed, "this Reranker was closed; load another one");
  return encoder_->pair(encoder_->query(query, instruction), text, limits.max_length,
                        limits.truncation, true);
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
    encoder_.reset();
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

}  // namespace bge::engine
