#include "binding/mailbox.h"

#include <exception>
#include <utility>

namespace bge::binding {

Mailbox::Mailbox(Napi::Env env) : env_(env) {
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "bge-reranker"),
                                      0, 1, nullptr, nullptr, this, &Mailbox::deliver, &function_);
  if (status != napi_ok) throw Napi::Error::New(env, "the thread-safe function cannot be made");
  napi_unref_threadsafe_function(env, function_);
}

void Mailbox::post(Task task) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  tasks_.push_back(std::move(task));
  // One call delivers all that has come by then. The queue has no bound, so the call cannot block.
  if (tasks_.size() == 1) {
    napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
  }
}

void Mailbox::hold() {
  if (holds_++ == 0) napi_ref_threadsafe_function(env_, function_);
}

void Mailbox::release() {
  if (--holds_ == 0) napi_unref_threadsafe_function(env_, function_);
}

void Mailbox::close() {
  std::deque<Task> dropped;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(tasks_);
    napi_release_threadsafe_function(function_, napi_tsfn_abort);
  }
}

void Mailbox::deliver(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // the environment is going: close() drops the tasks
  for (const Task& task : static_cast<Mailbox*>(context)->take_tasks()) {
    Napi::HandleScope scope(env);
    try {
      task(Napi::Env(env));
    } catch (const std::exception&) {
      // Napi::Error: JavaScript cannot run any more (a worker_thread that is being terminated), and
      // the promise dies with its environment. The other tasks still have native state to give
      // back.
    }
  }
}

std::deque<Mailbox::Task> Mailbox::take_tasks() {
  std::lock_guard lock(mutex_);
  return std::exchange(tasks_, {});
}

}  // namespace bge::binding
