#include "binding/load_job.h"

#include <new>
#include <system_error>
#include <utility>

#include "binding/convert.h"
#include "binding/engine_object.h"
#include "binding/environment.h"

namespace bge::binding {
namespace {

Error no_thread(const std::system_error& error) {
  return Error(ErrorCode::kOutOfMemory,
               std::string("the system gives no more threads; use fewer (") + error.what() + ")");
}

}  // namespace

Napi::Promise LoadJob::start(Napi::Env env, engine::LoadOptions options) {
  Environment& environment = Environment::of(env);
  auto job = std::make_shared<LoadJob>(env, std::move(options));
  Mailbox& mailbox = environment.mailbox();
  // The job stays in the environment's list until its thread is joined, so the thread may use it.
  // What it posts runs on this thread, after this function.
  try {
    job->thread_ = std::thread([job = job.get(), &mailbox] {
      job->run();
      mailbox.post([job](Napi::Env env) { job->settle(env); });
    });
  } catch (const std::system_error& error) {
    job->deferred_.Reject(from_error(env, no_thread(error)));
    return job->deferred_.Promise();
  }
  environment.add(job);
  mailbox.hold();
  return job->deferred_.Promise();
}

LoadJob::LoadJob(Napi::Env env, engine::LoadOptions options)
    : load_(std::move(options)), deferred_(Napi::Promise::Deferred::New(env)) {}

void LoadJob::stop() noexcept {
  load_.cancel();
  if (thread_.joinable()) thread_.join();
}

void LoadJob::run() noexcept {
  try {
    engine_ = load_.run();
  } catch (const Error& error) {
    error_ = std::make_unique<Error>(error);
  } catch (const std::system_error& error) {
    error_ = std::make_unique<Error>(no_thread(error));
  } catch (const std::bad_alloc&) {
    error_ = std::make_unique<Error>(ErrorCode::kOutOfMemory,
                                     "memory ran out while the model was loaded");
  } catch (const std::exception& error) {
    error_ = std::make_unique<Error>(ErrorCode::kInternal, error.what());
  }
}

void LoadJob::settle(Napi::Env env) {
  Environment& environment = Environment::of(env);
  const std::shared_ptr<LoadJob> self = shared_from_this();
  thread_.join();
  environment.remove(self);
  environment.mailbox().release();
  if (error_) {
    deferred_.Reject(from_error(env, *error_));
  } else {
    deferred_.Resolve(EngineObject::create(env, std::move(engine_)));
  }
}

}  // namespace bge::binding
