#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "binding/environment.h"
#include "engine/engine.h"

namespace bge::binding {

// The engine as JavaScript holds it: NativeEngine of src/addon/native-api.ts. JS thread only.
//
// While a promise is out, the object references itself, so that neither it nor its engine is
// collected before every promise is settled.
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<engine::Engine> engine);

  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;

 private:
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value count_tokens(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);

  void settle(Napi::Env env, uint64_t request_id, const schedule::Outcome& outcome);
  void closed(Napi::Env env);
  void start_waiting();
  void stop_waiting();

  Environment& environment_;  // not in the destructor: it may go first
  std::shared_ptr<engine::Engine> engine_;
  std::unordered_map<uint64_t, Napi::Promise::Deferred> pending_;
  std::vector<Napi::Promise::Deferred> closing_;
  bool is_closed_ = false;
};

}  // namespace bge::binding
