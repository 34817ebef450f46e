#pragma once

#include <napi.h>

#include <memory>
#include <thread>

#include "engine/load/engine_load.h"

namespace bge::binding {

// One Reranker.load on its way: a thread that reads the model, and the promise that waits for it.
class LoadJob : public std::enable_shared_from_this<LoadJob> {
 public:
  // JS thread. The promise resolves to the engine's JS object or rejects with a failure.
  static Napi::Promise start(Napi::Env env, engine::LoadOptions options);

  LoadJob(Napi::Env env, engine::LoadOptions options);

  // JS thread: ends the load and joins its thread; the promise stays unsettled.
  void stop() noexcept;

 private:
  void run() noexcept;
  void settle(Napi::Env env);

  engine::EngineLoad load_;
  Napi::Promise::Deferred deferred_;
  std::thread thread_;
  // Written by the thread before it posts, read on the JS thread after.
  std::shared_ptr<engine::Engine> engine_;
  std::unique_ptr<Error> error_;
};

}  // namespace bge::binding
