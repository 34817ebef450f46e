#include "binding/convert.h"

namespace bge::binding {
namespace {

Napi::Array from_ids(Napi::Env env, const std::vector<int32_t>& ids) {
  Napi::Array array = Napi::Array::New(env, ids.size());
  for (uint32_t i = 0; i < ids.size(); ++i) array.Set(i, ids[i]);
  return array;
}

Napi::Array from_strings(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (uint32_t i = 0; i < strings.size(); ++i) array.Set(i, strings[i]);
  return array;
}

Napi::Object from_histogram(Napi::Env env, const schedule::LatencyHistogram& histogram) {
  Napi::Array bounds = Napi::Array::New(env);
  for (uint32_t i = 0; i < histogram.kBoundsMs.size(); ++i) bounds.Set(i, histogram.kBoundsMs[i]);
  Napi::Array counts = Napi::Array::New(env);
  for (uint32_t i = 0; i < histogram.counts.size(); ++i) {
    counts.Set(i, static_cast<double>(histogram.counts[i]));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("bounds", bounds);
  object.Set("counts", counts);
  object.Set("count", static_cast<double>(histogram.count));
  object.Set("sum", histogram.sum_ms);
  return object;
}

double to_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string to_string(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::String>().Utf8Value();
}

// Empty where the property is undefined.
std::string to_optional_string(const Napi::Object& object, const char* key) {
  return object.Get(key).IsUndefined() ? std::string() : to_string(object, key);
}

size_t to_size(const Napi::Object& object, const char* key) {
  return static_cast<size_t>(object.Get(key).As<Napi::Number>().Int64Value());
}

bool to_bool(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::Boolean>().Value();
}

onnxruntime::OnnxModelOptions to_onnx_options(const Napi::Object& options) {
  std::vector<backend::ExecutionProvider> providers;
  for (const std::string& name : to_strings(options.Get("executionProviders").As<Napi::Array>())) {
    providers.push_back(name == "cuda" ? backend::ExecutionProvider::kCuda
                                       : backend::ExecutionProvider::kCpu);
  }
  onnxruntime::OnnxModelOptions converted{
      .model_path = to_string(options, "modelPath"),
      .output_name = {},
      .logits_name = {},
      .runtime_path = to_string(options, "runtimePath"),
      .providers = std::move(providers),
      .weight_bytes = to_size(options, "weightBytes"),
      .cuda = to_cuda_options(options.Get("cuda").As<Napi::Object>())};
  if (!options.Get("end").IsUndefined()) {
    const Napi::Object end = options.Get("end").As<Napi::Object>();
    converted.output_name = to_string(end, "output");
    converted.logits_name = to_optional_string(end, "before");
  }
  return converted;
}

// Nothing where the property is undefined.
std::optional<Napi::Object> to_optional_object(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return std::nullopt;
  return value.As<Napi::Object>();
}

std::optional<encoder::AnswerTokens> to_answers(const Napi::Object& options) {
  const auto answers = to_optional_object(options, "answers");
  if (!answers) return std::nullopt;
  const auto id = [&](const char* key) {
    return answers->Get(key).As<Napi::Number>().Int32Value();
  };
  return encoder::AnswerTokens{id("relevant"), id("other")};
}

std::optional<tokenize::Prompt> to_prompt(const Napi::Object& options) {
  const auto prompt = to_optional_object(options, "prompt");
  if (!prompt) return std::nullopt;
  tokenize::Prompt converted{.before_query = to_string(*prompt, "beforeQuery"),
                             .instructed = {},
                             .before_passage = to_string(*prompt, "beforePassage"),
                             .end = to_string(*prompt, "end"),
                             .joined = to_bool(*prompt, "joined")};
  if (const auto instructed = to_optional_object(*prompt, "instructed"))
    converted.instructed = {to_string(*instructed, "before"), to_string(*instructed, "after")};
  return converted;
}

encoder::EncoderOptions to_encoder_options(const Napi::Object& options) {
  const std::string dtype = to_string(options, "dtype");
  return {.folder = to_string(options, "configFolder"),
          .weights_path = to_string(options, "modelPath"),
          .dtype = dtype == "int8"   ? kernels::Dtype::kInt8
                   : dtype == "bf16" ? kernels::Dtype::kBf16
                                     : kernels::Dtype::kFp32,
          .cache_folder = to_optional_string(options, "weightCacheFolder"),
          .answers = to_answers(options)};
}

}  // namespace

onnxruntime::CudaOptions to_cuda_options(const Napi::Object& options) {
  const Napi::Array ids = options.Get("deviceIds").As<Napi::Array>();
  std::vector<int32_t> device_ids;
  for (uint32_t i = 0; i < ids.Length(); ++i) {
    device_ids.push_back(ids.Get(i).As<Napi::Number>().Int32Value());
  }
  return {.device_ids = std::move(device_ids),
          .memory_limit_bytes = to_size(options, "memoryLimitBytes"),
          .arena_extend_strategy = to_string(options, "arenaExtendStrategy"),
          .tf32 = to_bool(options, "tf32"),
          .max_batch_tokens = to_size(options, "maxBatchTokens")};
}

engine::LoadOptions to_load_options(const Napi::Object& options) {
  engine::EngineOptions engine{
      .tokenizer_path = to_string(options, "tokenizerPath"),
      .special_tokens = to_string(options, "specialTokens") == "text"
                            ? tokenize::SpecialTokens::kText
                            : tokenize::SpecialTokens::kParse,
      .threads = to_size(options, "threads"),
      .limits = {to_size(options, "maxLength"), to_truncation(options.Get("truncation"))},
      .max_queued_tokens = to_size(options, "maxQueuedTokens"),
      .prompt = to_prompt(options),
  };
  if (to_string(options, "engine") == "builtin") return {to_encoder_options(options), engine};
  return {to_onnx_options(options), engine};
}

schedule::RequestInput to_request(const Napi::Object& options) {
  return {.id = 0,
          .query = {},
          .texts = {},
          .top_k = to_size(options, "topK"),
          .raw_scores = to_bool(options, "rawScores"),
          .exact_counts = to_bool(options, "exactCounts"),
          .skip_failed = to_bool(options, "skipFailed"),
          .instruction = to_optional_text(options.Get("instruction"))};
}

tokenize::Truncation to_truncation(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>().Utf8Value();
  if (name == "only_second") return tokenize::Truncation::kOnlySecond;
  if (name == "only_first") return tokenize::Truncation::kOnlyFirst;
  if (name == "none") return tokenize::Truncation::kNone;
  return tokenize::Truncation::kLongestFirst;
}

std::optional<std::string> to_optional_text(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

std::vector<std::string> to_strings(const Napi::Array& values) {
  std::vector<std::string> strings;
  const uint32_t count = values.Length();
  strings.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Napi::HandleScope scope(values.Env());
    strings.push_back(values.Get(i).As<Napi::String>().Utf8Value());
  }
  return strings;
}

Napi::Object from_error(Napi::Env env, const Error& error) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", std::string(code_name(error.code())));
  object.Set("message", error.what());
  if (!error.path().empty()) object.Set("path", error.path());
  return object;
}

Napi::Object from_capabilities(Napi::Env env, const engine::Capabilities& capabilities) {
  Napi::Array families = Napi::Array::New(env);
  for (uint32_t i = 0; i < capabilities.families.size(); ++i) {
    const engine::FamilyNames& names = capabilities.families[i];
    Napi::Object family = Napi::Object::New(env);
    family.Set("name", names.name);
    family.Set("modelTypes", from_strings(env, names.model_types));
    family.Set("architectures", from_strings(env, names.architectures));
    family.Set("bareArchitectures", from_strings(env, names.bare_architectures));
    family.Set("codeClasses", from_strings(env, names.code_classes));
    family.Set("causalArchitectures", from_strings(env, names.causal_architectures));
    families.Set(i, family);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("instructionSet", capabilities.instruction_set);
  object.Set("instructionSets", from_strings(env, capabilities.instruction_sets));
  object.Set("hasFastFp32", capabilities.has_fast_fp32);
  object.Set("hasFastBf16", capabilities.has_fast_bf16);
  object.Set("dtypes", from_strings(env, capabilities.dtypes));
  object.Set("families", families);
  return object;
}

Napi::Object from_ranking(Napi::Env env, const schedule::Ranking& ranking) {
  const std::vector<schedule::RankedResult>& results = ranking.results;
  const size_t count = results.size();
  Napi::Int32Array ids = Napi::Int32Array::New(env, count);
  Napi::Float64Array scores = Napi::Float64Array::New(env, count);
  Napi::Int32Array tokens = Napi::Int32Array::New(env, count);
  Napi::Int32Array truncated = Napi::Int32Array::New(env, count);
  for (size_t i = 0; i < count; ++i) {
    ids[i] = static_cast<int32_t>(results[i].id);
    scores[i] = results[i].score;
    tokens[i] = static_cast<int32_t>(results[i].tokens);
    truncated[i] = static_cast<int32_t>(results[i].truncated_tokens);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("ids", ids);
  object.Set("scores", scores);
  object.Set("tokens", tokens);
  object.Set("truncatedTokens", truncated);
  Napi::Array skipped = Napi::Array::New(env, ranking.skipped.size());
  for (uint32_t i = 0; i < ranking.skipped.size(); ++i) {
    Napi::Object row = from_error(env, ranking.skipped[i].error);
    row.Set("id", ranking.skipped[i].id);
    skipped.Set(i, row);
  }
  object.Set("skipped", skipped);
  object.Set("queueMs", to_ms(ranking.queued));
  object.Set("tokenizeMs", to_ms(ranking.tokenizing));
  object.Set("runMs", to_ms(ranking.running));
  return object;
}

Napi::Object from_encoded(Napi::Env env, const tokenize::EncodedPair& pair) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("ids", from_ids(env, pair.ids));
  object.Set("typeIds", from_ids(env, pair.type_ids));
  object.Set("truncatedTokens", static_cast<double>(pair.truncated_tokens));
  return object;
}

Napi::Object from_info(Napi::Env env, const backend::BackendInfo& info, size_t vocabulary) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("provider", std::string(backend::provider_name(info.provider)));
  object.Set("providerReason", info.provider_reason);
  object.Set("runtimeVersion", info.runtime_version);
  object.Set("instructionSet", info.instruction_set);
  object.Set("vocabulary", static_cast<double>(vocabulary));
  object.Set("deviceIds", from_ids(env, info.device_ids));
  object.Set("weightCache", info.weight_cache);
  object.Set("weightCacheReason", info.weight_cache_reason);
  return object;
}

Napi::Object from_statistics(Napi::Env env, const schedule::Statistics& statistics,
                             size_t engine_bytes) {
  const auto set = [env](Napi::Object& object, const char* key, uint64_t value) {
    object.Set(key, Napi::Number::New(env, static_cast<double>(value)));
  };
  Napi::Object requests = Napi::Object::New(env);
  set(requests, "admitted", statistics.admitted);
  set(requests, "completed", statistics.completed);
  set(requests, "failed", statistics.failed);
  set(requests, "aborted", statistics.aborted);
  set(requests, "timedOut", statistics.timed_out);
  set(requests, "refused", statistics.refused);
  Napi::Object latency = Napi::Object::New(env);
  latency.Set("tokenize", from_histogram(env, statistics.tokenize));
  latency.Set("queue", from_histogram(env, statistics.queue));
  latency.Set("run", from_histogram(env, statistics.run));
  latency.Set("total", from_histogram(env, statistics.total));
  Napi::Object memory = Napi::Object::New(env);
  set(memory, "engineBytes", engine_bytes);

  Napi::Object object = Napi::Object::New(env);
  set(object, "activeRequests", statistics.active_requests);
  set(object, "queuedPairs", statistics.queued_pairs);
  set(object, "queuedTokens", statistics.queued_tokens);
  object.Set("requests", requests);
  set(object, "scoredPairs", statistics.scored_pairs);
  set(object, "scoredTokens", statistics.scored_tokens);
  set(object, "batches", statistics.batches);
  object.Set("latency", latency);
  object.Set("memory", memory);
  return object;
}

}  // namespace bge::binding
