#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <mutex>

namespace bge::binding {

// Carries tasks from any thread to the JS thread of one environment, over one thread-safe function.
class Mailbox {
 public:
  using Task = std::function<void(Napi::Env)>;

  // JS thread, as is all but post().
  explicit Mailbox(Napi::Env env);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. The task runs soon on the JS thread, in the order of posting; after close() it is
  // dropped unrun.
  void post(Task task);

  // While somebody holds it, the event loop does not end for lack of work.
  void hold();
  void release();

  // Drops what has not run. The environment is going; nothing is called afterwards.
  void close();

 private:
  static void deliver(napi_env env, napi_value callback, void* context, void* data);
  std::deque<Task> take_tasks();

  Napi::Env env_;
  napi_threadsafe_function function_ = nullptr;
  size_t holds_ = 0;
  std::mutex mutex_;
  bool closed_ = false;     // guarded by mutex_
  std::deque<Task> tasks_;  // guarded by mutex_
};

}  // namespace bge::binding
