#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <random>
#include <thread>

#include "base/error.h"
#include "encoder/encoder_backend.h"
#include "modernbert_reference.h"

namespace bge::encoder {
namespace {

using kernels::Dtype;
using Variant = TestModernBert::Variant;
using Ids = std::vector<int32_t>;

// Longer than the window and its strips, and shorter; one token.
std::vector<Ids> make_sequences() {
  std::mt19937 random(6);
  std::vector<Ids> all;
  for (const size_t length : {1, 2, 9, 16, 17, 24, 25, 60, 133, 300}) {
    Ids ids(length);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 50);
    all.push_back(ids);
  }
  return all;
}

std::vector<float> run(backend::Runner& runner, const std::vector<Ids>& sequences) {
  std::vector<backend::Row> rows;
  const Ids types(300, 0);
  for (const Ids& ids : sequences) rows.push_back({ids, std::span(types).first(ids.size())});
  std::vector<float> logits(rows.size());
  runner.run(rows, logits);
  return logits;
}

std::vector<float> run_alone(const backend::Backend& backend, const std::vector<Ids>& sequences) {
  const auto runner = backend.make_runner();
  std::vector<float> logits;
  for (const Ids& ids : sequences) logits.push_back(run(*runner, {ids})[0]);
  return logits;
}

std::unique_ptr<const EncoderBackend> load(const std::filesystem::path& folder, Dtype dtype,
                                           const std::string& cache = "") {
  return load_encoder_backend(
      {folder.string(), (folder / "model.safetensors").string(), dtype, cache});
}

struct Form {
  const char* name;
  Variant variant;
  bool biases;
};

class ModernBert : public testing::TestWithParam<Form> {
 protected:
  void SetUp() override { model_.write(folder_.path()); }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  std::unique_ptr<const EncoderBackend> load(Dtype dtype, const std::string& cache = "") const {
    return encoder::load(folder_.path(), dtype, cache);
  }

  TemporaryFolder folder_;
  TestModernBert model_{GetParam().variant, GetParam().biases};
};

TEST_P(ModernBert, AgreesWithTheFormulas) {
  const std::vector<Ids> sequences = make_sequences();
  const ModernBertReference reference(model_);
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const double bound = dtype == Dtype::kFp32 ? 1e-4 : dtype == Dtype::kBf16 ? 0.15 : 0.3;
    const std::vector<float> logits = run_alone(*load(dtype), sequences);
    for (size_t i = 0; i < sequences.size(); ++i)
      EXPECT_NEAR(logits[i], reference.logit(sequences[i]), bound) << sequences[i].size();
  }
}

TEST_P(ModernBert, ASequenceScoresTheSameBitsInAnyCompanyAndOnAnyThread) {
  const std::vector<Ids> sequences = make_sequences();
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const auto backend = load(dtype);
    const std::vector<float> alone = run_alone(*backend, sequences);
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 3; ++seed)
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        const auto runner = backend->make_runner();
        for (int batch = 0; batch < 40; ++batch) {
          std::vector<size_t> which(1 + random() % 8);
          std::vector<Ids> company;
          for (size_t& i : which) company.push_back(sequences[i = random() % sequences.size()]);
          const std::vector<float> logits = run(*runner, company);
          for (size_t i = 0; i < which.size(); ++i)
            ASSERT_EQ(std::bit_cast<uint32_t>(logits[i]), std::bit_cast<uint32_t>(alone[which[i]]));
        }
      });
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_P(ModernBert, EveryInstructionSetScoresInt8ToTheSameBits) {
  const std::vector<Ids> sequences = make_sequences();
  setenv("BGE_RERANKER_ISA", "portable", 1);
  const std::vector<float> portable = run_alone(*load(Dtype::kInt8), sequences);
  for (const kernels::Isa isa : kernels::supported_isas()) {
    const std::string name(kernels::isa_name(isa));
    setenv("BGE_RERANKER_ISA", name.c_str(), 1);
    EXPECT_EQ(run_alone(*load(Dtype::kInt8), sequences), portable) << name;
  }
}

TEST_P(ModernBert, TheCacheGivesTheSameBitsUnlessTheRotationChanges) {
  const std::vector<Ids> sequences = make_sequences();
  const std::string cache = (folder_.path() / "cache").string();
  const std::vector<float> converted = run_alone(*load(Dtype::kInt8, cache), sequences);
  EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), sequences), converted);
  write_file(folder_.path() / "config.json",
             model_.config_json({{"rope_parameters", R"({"full_attention": {"rope_theta": 900},
                                          "sliding_attention": {"rope_theta": 100}})"}}));
  EXPECT_NE(run_alone(*load(Dtype::kInt8, cache), sequences), converted);
}

TEST_P(ModernBert, EarlierReleasesOfTransformersSaidItOtherwise) {
  const std::vector<Ids> sequences = make_sequences();
  const std::vector<float> expected = run_alone(*load(Dtype::kInt8), sequences);
  write_file(folder_.path() / "config.json",
             model_.config_json({{"layer_types", ""},
                                 {"rope_parameters", ""},
                                 {"global_attn_every_n_layers", "2"},
                                 {"global_rope_theta", "5000.0"},
                                 {"local_rope_theta", "100.0"}}));
  EXPECT_EQ(run_alone(*load(Dtype::kInt8), sequences), expected);
}

INSTANTIATE_TEST_SUITE_P(Form, ModernBert,
                         testing::Values(Form{"first", Variant::kFirst, false},
                                         Form{"mean", Variant::kMean, true},
                                         Form{"modules", Variant::kModules, false}),
                         [](const auto& info) { return info.param.name; });

// What a load says of a folder that is not to be run.
struct Refusal {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

Refusal refusal_of(const std::filesystem::path& folder) {
  try {
    load(folder, Dtype::kInt8);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

TEST(ModernBertRefusals, WhatOurKernelsDoNotRunIsNamed) {
  struct Case {
    const char* key;
    const char* value;
    const char* named;
  };
  constexpr Case kCases[] = {
      {"hidden_activation", "\"silu\"", "hidden_activation silu"},
      {"classifier_activation", "\"relu\"", "classifier_activation relu"},
      {"classifier_pooling", "\"max\"", "classifier_pooling max"},
      {"layer_types", "[\"full_attention\", \"chunked_attention\"]", "chunked_attention"},
      {"layer_types", "[\"full_attention\"]", "1 layer_types for 4 layers"},
      {"rope_parameters", "{\"full_attention\": {\"rope_type\": \"yarn\", \"rope_theta\": 10000}}",
       "rope_type yarn"},
      {"rope_scaling", "{\"type\": \"linear\", \"factor\": 2}", "rope_scaling"},
      {"architectures", "[\"ModernBertForMaskedLM\"]", "ModernBertForMaskedLM"},
      {"model_type", "\"modernbert-decoder\"", "modernbert-decoder"},
  };
  const TemporaryFolder folder;
  const TestModernBert model(Variant::kFirst);
  model.write(folder.path());
  for (const Case& c : kCases) {
    write_file(folder.path() / "config.json", model.config_json({{c.key, c.value}}));
    const Refusal refusal = refusal_of(folder.path());
    EXPECT_EQ(refusal.code, ErrorCode::kModelUnsupported) << c.named;
    EXPECT_NE(refusal.message.find(c.named), std::string::npos) << refusal.message;
  }
}

TEST(ModernBertRefusals, AConfigThatContradictsTheWeightsIsInvalid) {
  const TemporaryFolder folder;
  const TestModernBert model(Variant::kFirst);
  model.write(folder.path());
  for (const auto& [key, value, tensor] :
       {std::array{"intermediate_size", "64", "mlp.Wi"}, std::array{"vocab_size", "51", "tok_emb"},
        std::array{"attention_bias", "true", "Wqkv.bias"}}) {
    write_file(folder.path() / "config.json", model.config_json({{key, value}}));
    const Refusal refusal = refusal_of(folder.path());
    EXPECT_EQ(refusal.code, ErrorCode::kModelInvalid) << key;
    EXPECT_NE(refusal.message.find(tensor), std::string::npos) << refusal.message;
  }
}

TEST(ModernBertRefusals, ModulesThatAreNotUnderstoodAreNamed) {
  struct Case {
    const char* file;
    std::string text;
    const char* named;
  };
  const auto dense = [](const std::string& more) {
    return "{\"in_features\": 64, \"out_features\": 64, \"bias\": false" + more + "}";
  };
  const auto chain = [](const std::string& type) {
    return "[" + TestModernBert::entry(0, "", "sentence_transformers.models.Transformer") + ", " +
           TestModernBert::entry(1, "1_Pooling", type) + "]";
  };
  const Case kCases[] = {
      {"1_Pooling/config.json", "{\"pooling_mode\": \"max\"}", "pooling_mode max"},
      {"1_Pooling/config.json", "{\"pooling_mode\": [\"cls\", \"mean\"]}", "2 pooling modes"},
      {"1_Pooling/config.json", "{\"pooling_mode_lasttoken\": true}", "lasttoken"},
      {"2_Dense/config.json", dense(", \"use_residual\": true"), "use_residual"},
      {"2_Dense/config.json",
       dense(", \"activation_function\": \"torch.nn.modules.activation.ELU\""),
       "torch.nn.modules.activation.ELU"},
      {"2_Dense/config.json", dense(", \"activation_function\": \"own.GELU\""), "own.GELU"},
      {"2_Dense/config.json", "{\"in_features\": 64, \"out_features\": 128, \"bias\": false}",
       "2_Dense/linear has 128 outputs"},
      {"2_Dense/config.json", dense(", \"module_input_name\": \"token_embeddings\""),
       "token_embeddings"},
      {"modules.json", chain("own.modules.Pooling"), "own.modules.Pooling"},
      {"modules.json", chain("sentence_transformers.models.LSTM"), "models.LSTM before Pooling"},
      {"modules.json", chain("sentence_transformers.models.Pooling"), "end in another thing"},
      {"config_sentence_transformers.json",
       "{\"activation_fn\": \"torch.nn.modules.activation.Softplus\"}", "Softplus"},
      {"config_sentence_transformers.json", "{\"default_prompt_name\": \"query\"}", "prompt"},
  };
  for (const Case& c : kCases) {
    const TemporaryFolder folder;
    TestModernBert(Variant::kModules).write(folder.path());
    write_file(folder.path() / c.file, c.text);
    const Refusal refusal = refusal_of(folder.path());
    EXPECT_EQ(refusal.code, ErrorCode::kModelUnsupported) << c.named;
    EXPECT_NE(refusal.message.find(c.named), std::string::npos) << refusal.message;
  }
}

TEST(ModernBertRefusals, AModuleThatIsMissingOrOfAnotherWidthIsSaid) {
  const TemporaryFolder folder;
  TestModernBert(Variant::kModules).write(folder.path());
  std::filesystem::remove(folder.path() / "3_LayerNorm" / "model.safetensors");
  EXPECT_EQ(refusal_of(folder.path()).code, ErrorCode::kModelNotFound);
  TestModernBert(Variant::kModules).write(folder.path());
  write_file(folder.path() / "5_Dense" / "config.json",
             "{\"in_features\": 128, \"out_features\": 1, \"module_output_name\": \"scores\", "
             "\"activation_function\": \"torch.nn.modules.linear.Identity\"}");
  EXPECT_EQ(refusal_of(folder.path()).code, ErrorCode::kModelInvalid);
}

}  // namespace
}  // namespace bge::encoder
