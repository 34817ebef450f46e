#pragma once

#include <napi.h>

#include <memory>
#include <set>
#include <vector>

#include "binding/mailbox.h"
#include "engine/engine.h"

namespace bge::binding {

class LoadJob;

// What one Node environment (the main thread or a worker_thread) has of the addon. JS thread only,
// but for the mailbox's post().
//
// Node runs our cleanup hook while native threads may be anywhere: it stops and joins them all, so
// that nothing of ours runs once the environment is gone. The thread-safe function is made before
// the hook is added, and hooks run last-in first-out: it is still there while we join.
class Environment {
 public:
  explicit Environment(Napi::Env env);
  // The one of this environment, made by the addon's init.
  static Environment& of(Napi::Env env);

  Mailbox& mailbox() noexcept { return mailbox_; }

  void add(std::shared_ptr<LoadJob> job) { loads_.insert(std::move(job)); }
  void remove(const std::shared_ptr<LoadJob>& job) { loads_.erase(job); }
  // Forgotten by itself once nobody else holds it.
  void add(const std::shared_ptr<engine::Engine>& engine);

  Napi::FunctionReference engine_constructor;

 private:
  void clean_up();

  Mailbox mailbox_;
  std::set<std::shared_ptr<LoadJob>> loads_;
  std::vector<std::weak_ptr<engine::Engine>> engines_;
};

}  // namespace bge::binding
