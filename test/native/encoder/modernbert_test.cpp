#include <gtest/gtest.h>

#include <array>

#include "family_fixture.h"
#include "modernbert_reference.h"

namespace bge::encoder {
namespace {

using kernels::Dtype;
using Variant = TestModernBert::Variant;

// Longer than the window and its strips, and shorter; one token.
std::vector<Ids> make_sequences() {
  return random_sequences({1, 2, 9, 16, 17, 24, 25, 60, 133, 300}, 50);
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
    return load_folder(folder_.path(), dtype, cache);
  }

  TemporaryFolder folder_;
  TestModernBert model_{GetParam().variant, GetParam().biases};
};

TEST_P(ModernBert, AgreesWithTheFormulas) {
  const ModernBertReference reference(model_);
  expect_the_formulas(
      folder_.path(), make_sequences(), [&](const Ids& ids) { return reference.logit(ids); }, 0.3);
}

TEST_P(ModernBert, ASequenceScoresTheSameBitsInAnyCompanyAndOnAnyThread) {
  expect_the_same_bits_in_any_company(folder_.path(), make_sequences());
}

TEST_P(ModernBert, EveryInstructionSetScoresInt8ToTheSameBits) {
  expect_int8_to_be_the_same_everywhere(folder_.path(), make_sequences());
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
