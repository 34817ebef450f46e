#include "binding/engine_object.h"

#include <variant>

#include "binding/convert.h"

namespace bge::binding {

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "NativeEngine",
                     {
                         InstanceMethod<&EngineObject::submit>("submit"),
                         InstanceMethod<&EngineObject::cancel>("cancel"),
                         InstanceMethod<&EngineObject::encode>("encode"),
                         InstanceMethod<&EngineObject::count_tokens>("countTokens"),
                         InstanceMethod<&EngineObject::stats>("stats"),
                         InstanceMethod<&EngineObject::close>("close"),
                         InstanceAccessor<&EngineObject::info>("info"),
                     });
}

Napi::Object EngineObject::create(Napi::Env env, std::shared_ptr<engine::Engine> engine) {
  const Napi::Object object = Environment::of(env).engine_constructor.New(
      {Napi::External<std::shared_ptr<engine::Engine>>::New(env, &engine)});
  return object;
}

EngineObject::EngineObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineObject>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw Napi::TypeError::New(info.Env(), "NativeEngine is made by load() alone");
  }
  engine_ = *info[0].As<Napi::External<std::shared_ptr<engine::Engine>>>().Data();
  environment_.add(engine_);
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(),
                                               static_cast<int64_t>(engine_->model_bytes()));
}

EngineObject::~EngineObject() {
  if (engine_ != nullptr && !is_closed_) {
    Napi::MemoryManagement::AdjustExternalMemory(Env(),
                                                 -static_cast<int64_t>(engine_->model_bytes()));
  }
}

// (requestId, query, texts, options) => Promise<NativeResult>
Napi::Value EngineObject::submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto id = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  schedule::RequestInput input = to_request(info[3].As<Napi::Object>());
  input.id = id;
  input.query = info[1].As<Napi::String>().Utf8Value();
  input.texts = to_strings(info[2].As<Napi::Array>());
  const Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
  Mailbox& mailbox = environment_.mailbox();
  try {
    start_waiting();
    pending_.emplace(id, deferred);
    engine_->submit(std::move(input), [this, id, &mailbox](schedule::Outcome outcome) {
      mailbox.post([this, id, outcome = std::move(outcome)](Napi::Env task_env) {
        settle(task_env, id, outcome);
      });
    });
  } catch (const Error& error) {
    settle(env, id, error);
  }
  return deferred.Promise();
}

// (requestId, 'ABORTED' | 'TIMEOUT') => boolean
Napi::Value EngineObject::cancel(const Napi::CallbackInfo& info) {
  const auto id = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const bool timed_out = info[1].As<Napi::String>().Utf8Value() == "TIMEOUT";
  const bool found = engine_->cancel(id, timed_out ? ErrorCode::kTimeout : ErrorCode::kAborted);
  return Napi::Boolean::New(info.Env(), found);
}

// (query, text, maxLength, truncation) => EncodedPair
Napi::Value EngineObject::encode(const Napi::CallbackInfo& info) {
  const engine::PairLimits limits{static_cast<size_t>(info[2].As<Napi::Number>().Int64Value()),
                                  to_truncation(info[3])};
  try {
    return from_encoded(info.Env(),
                        engine_->encode(info[0].As<Napi::String>().Utf8Value(),
                                        info[1].As<Napi::String>().Utf8Value(), limits));
  } catch (const Error& error) {
    napi_throw(info.Env(), from_error(info.Env(), error));
    return info.Env().Undefined();
  }
}

// (text) => Promise<number>
Napi::Value EngineObject::count_tokens(const Napi::CallbackInfo& info) {
  const Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(info.Env());
  Mailbox& mailbox = environment_.mailbox();
  try {
    engine_->count_tokens(
        info[0].As<Napi::String>().Utf8Value(), [this, deferred, &mailbox](const auto& counted) {
          mailbox.post([this, deferred, counted](Napi::Env env) {
            stop_waiting();
            if (const auto* tokens = std::get_if<size_t>(&counted)) {
              deferred.Resolve(Napi::Number::New(env, static_cast<double>(*tokens)));
            } else {
              deferred.Reject(from_error(env, std::get<Error>(counted)));
            }
          });
        });
    start_waiting();
  } catch (const Error& error) {
    deferred.Reject(from_error(info.Env(), error));
  }
  return deferred.Promise();
}

Napi::Value EngineObject::stats(const Napi::CallbackInfo& info) {
  return from_statistics(info.Env(), engine_->statistics(),
                         is_closed_ ? 0 : engine_->model_bytes());
}

// () => Promise<void>
Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  const Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(info.Env());
  if (is_closed_) {
    deferred.Resolve(info.Env().Undefined());
    return deferred.Promise();
  }
  start_waiting();
  closing_.push_back(deferred);
  Mailbox& mailbox = environment_.mailbox();
  engine_->close([this, &mailbox] { mailbox.post([this](Napi::Env env) { closed(env); }); });
  return deferred.Promise();
}

Napi::Value EngineObject::info(const Napi::CallbackInfo& info) {
  return from_info(info.Env(), engine_->info(), engine_->vocabulary());
}

void EngineObject::settle(Napi::Env env, uint64_t request_id, const schedule::Outcome& outcome) {
  const auto found = pending_.find(request_id);
  const Napi::Promise::Deferred deferred = found->second;
  pending_.erase(found);
  stop_waiting();
  if (const auto* ranking = std::get_if<schedule::Ranking>(&outcome)) {
    deferred.Resolve(from_ranking(env, *ranking));
  } else {
    deferred.Reject(from_error(env, std::get<Error>(outcome)));
  }
}

void EngineObject::closed(Napi::Env env) {
  is_closed_ = true;
  Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(engine_->model_bytes()));
  const std::vector<Napi::Promise::Deferred> waiting = std::exchange(closing_, {});
  for (const Napi::Promise::Deferred& deferred : waiting) {
    deferred.Resolve(env.Undefined());
    stop_waiting();
  }
}

void EngineObject::start_waiting() {
  Ref();
  environment_.mailbox().hold();
}

void EngineObject::stop_waiting() {
  environment_.mailbox().release();
  Unref();
}

}  // namespace bge::binding
