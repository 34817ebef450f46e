#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backend/backend.h"
#include "engine/token_counter.h"
#include "engine/worker.h"
#include "schedule/scheduler.h"
#include "tokenize/pair_encoder.h"
#include "tokenize/tokenizer.h"

namespace bge::engine {

struct EngineOptions {
  // The tokenizer was read from it.
  std::string tokenizer_path;
  tokenize::SpecialTokens special_tokens;
  size_t threads;
  PairLimits limits;
  size_t max_queued_tokens;
  std::optional<tokenize::Prompt> prompt{};
};

// A loaded model with its tokenizer, queue and worker threads.
//
// "Owner" is the one thread that made it (in the addon: the JS thread of its environment). Its
// functions are the owner's; completions come on worker threads, or on the owner's inside cancel().
class Engine {
 public:
  Engine(std::unique_ptr<const tokenize::Tokenizer> tokenizer,
         std::unique_ptr<const backend::Backend> backend, const EngineOptions& options);
  // stop()
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const backend::BackendInfo& info() const noexcept { return info_; }
  // Tokens that the tokenizer has, added ones included.
  size_t vocabulary() const noexcept { return vocabulary_; }
  // Bytes of the weights and of the tokenizer's file: near what the engine holds in memory.
  size_t model_bytes() const noexcept { return model_bytes_; }

  // Throws kOverloaded or kClosed; the completion is then never called.
  void submit(schedule::RequestInput input, schedule::Completion completion);
  bool cancel(uint64_t request_id, ErrorCode code) { return scheduler_.cancel(request_id, code); }
  schedule::Statistics statistics() const { return scheduler_.statistics(); }

  // Tokenizes on the calling thread, as a request does. Throws kTooLong, kInvalidOption, kClosed.
  tokenize::EncodedPair encode(const std::string& query, const std::string& text,
                               const PairLimits& limits,
                               const std::optional<std::string>& instruction = {}) const;

  // The tokens of a text on its own, counted on a thread of its own. Throws kClosed, kOutOfMemory;
  // the completion is then never called.
  void count_tokens(std::string text, TokenCounter::Completion completion);

  // Refuses new work from now on. When the accepted work is done and the model is freed, calls
  // `closed` once, on a thread of its own. Only the first call counts.
  void close(std::function<void()> closed);

  // In any state: drops all work without completions, ends runs in progress, joins every thread.
  void stop() noexcept;

 private:
  void join_workers() noexcept;

  const backend::BackendInfo info_;
  const size_t model_bytes_;
  const size_t vocabulary_;
  schedule::Scheduler scheduler_;
  std::unique_ptr<const tokenize::Tokenizer> tokenizer_;  // the closing thread's after close()
  std::optional<tokenize::PairEncoder> encoder_;          // likewise
  TokenCounter counter_;                                  // likewise
  std::unique_ptr<const backend::Backend> backend_;       // likewise
  bool closing_ = false;
  std::mutex workers_mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;  // guarded by workers_mutex_
  std::vector<std::thread> threads_;              // the closing thread's after close()
  std::thread closing_thread_;
};

}  // namespace bge::engine
