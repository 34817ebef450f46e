#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

#include "base/error.h"
#include "tokenize/tokenizer.h"

namespace bge::engine {

// Counts the tokens of texts, one after the other, on a thread of its own that the first text
// starts: workers are busy for whole runs of the model, and a count is waited for.
class TokenCounter {
 public:
  using Completion = std::function<void(const std::variant<size_t, Error>&)>;

  // The tokenizer must outlive stop().
  explicit TokenCounter(const tokenize::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  ~TokenCounter() { stop(); }
  TokenCounter(const TokenCounter&) = delete;
  TokenCounter& operator=(const TokenCounter&) = delete;

  // Owner's thread; the completion comes on the counter's, with the tokens of the text on its own,
  // special tokens left out. Throws kOutOfMemory where the system gives no thread.
  void count(std::string text, Completion completion);

  // Drops what has not begun, without completions, and joins the thread. Nothing may be counted
  // afterwards.
  void stop() noexcept;

 private:
  struct Task {
    std::string text;
    Completion completion;
  };

  void run() noexcept;
  void settle(const Task& task) const noexcept;

  const tokenize::Tokenizer& tokenizer_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool stopped_ = false;    // guarded by mutex_
};

}  // namespace bge::engine
