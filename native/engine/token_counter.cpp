#include "engine/token_counter.h"

#include <new>
#include <system_error>
#include <utility>

namespace bge::engine {

void TokenCounter::count(std::string text, Completion completion) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back({std::move(text), std::move(completion)});
  }
  ready_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    std::lock_guard lock(mutex_);
    tasks_.pop_back();
    throw Error(ErrorCode::kOutOfMemory,
                std::string("the system gives no more threads; use fewer (") + error.what() + ")");
  }
}

void TokenCounter::stop() noexcept {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    tasks_.clear();
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TokenCounter::run() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    settle(task);
    lock.lock();
  }
}

void TokenCounter::settle(const Task& task) const noexcept {
  try {
    task.completion(tokenizer_.encode(task.text).ids.size());
  } catch (const Error& error) {
    task.completion(error);
  } catch (const std::bad_alloc&) {
    task.completion(Error(ErrorCode::kOutOfMemory, "memory ran out in the tokenizer"));
  } catch (const std::exception& error) {
    task.completion(Error(ErrorCode::kInternal, error.what()));
  }
}

}  // namespace bge::engine
