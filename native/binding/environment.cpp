#include "binding/environment.h"

#include "binding/load_job.h"

namespace bge::binding {

Environment::Environment(Napi::Env env) : mailbox_(env) {
  env.AddCleanupHook([](Environment* self) { self->clean_up(); }, this);
}

Environment& Environment::of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

void Environment::add(const std::shared_ptr<engine::Engine>& engine) {
  std::erase_if(engines_, [](const auto& known) { return known.expired(); });
  engines_.push_back(engine);
}

void Environment::clean_up() {
  for (const std::shared_ptr<LoadJob>& job : loads_) job->stop();
  for (const std::weak_ptr<engine::Engine>& known : engines_) {
    if (const std::shared_ptr<engine::Engine> engine = known.lock()) engine->stop();
  }
  mailbox_.close();
  loads_.clear();
}

}  // namespace bge::binding
