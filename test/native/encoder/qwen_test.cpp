#include <gtest/gtest.h>

#include <bit>

#include "base/team.h"
#include "family_fixture.h"
#include "qwen_reference.h"

namespace bge::encoder {
namespace {

using kernels::Dtype;
using Ending = TestQwen::Ending;

constexpr int kLongest = 400;

std::vector<Ids> make_sequences() {
  return random_sequences({1, 2, 15, 16, 17, 33, 64, 65, 133, kLongest}, 50);
}

backend::Row row_of(const Ids& ids, const backend::Prefix* prefix) {
  static const Ids kTypes(kLongest, 0);
  return {ids, std::span(kTypes).first(ids.size()), prefix};
}

std::vector<float> run_rows(backend::Runner& runner, const std::vector<backend::Row>& rows) {
  std::vector<float> logits(rows.size());
  runner.run(rows, logits);
  return logits;
}

uint32_t bits(float x) { return std::bit_cast<uint32_t>(x); }

struct Form {
  const char* name;
  bool qwen3;
  Ending ending;
};

class Qwen : public testing::TestWithParam<Form> {
 protected:
  void SetUp() override { model_.write(folder_.path()); }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  std::unique_ptr<const EncoderBackend> load(
      Dtype dtype, const std::optional<AnswerTokens>& answers = std::nullopt) const {
    return load_encoder_backend({folder_.path().string(),
                                 (folder_.path() / "model.safetensors").string(), dtype, "",
                                 nullptr, answers});
  }
  void write_config(const std::map<std::string, std::string>& more) const {
    write_file(folder_.path() / "config.json", model_.config_json(more));
  }
  void expect_refused(ErrorCode code, const std::string& name) const {
    try {
      load(Dtype::kFp32);
      ADD_FAILURE() << "loaded, without a word of " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }

  TemporaryFolder folder_;
  TestQwen model_{GetParam().qwen3, GetParam().ending};
};

TEST_P(Qwen, AgreesWithTheFormulas) {
  const QwenReference reference(model_);
  expect_the_formulas(
      folder_.path(), make_sequences(), [&](const Ids& ids) { return reference.logit(ids); }, 0.6);
}

TEST_P(Qwen, ASequenceScoresTheSameBitsInAnyCompanyAndOnAnyThread) {
  expect_the_same_bits_in_any_company(folder_.path(), make_sequences());
}

// Rows with one prefix and another, rows without, in one run; prefixes that end anywhere in a tile.
TEST_P(Qwen, ASharedPrefixLeavesEveryBit) {
  const std::vector<Ids> sequences = make_sequences();
  for (const Dtype dtype : kDtypesOfModels) {
    const auto backend = load(dtype);
    const std::vector<float> alone = run_alone(*backend, sequences);
    const auto runner = backend->make_runner();
    Team nobody;
    std::vector<std::shared_ptr<const backend::Prefix>> prefixes;
    std::vector<backend::Row> rows;
    std::vector<size_t> which;
    for (size_t i = 0; i < sequences.size(); ++i)
      for (const size_t tokens : {0, 1, 16, 31, 63, 64, 132, 399}) {
        if (tokens >= sequences[i].size()) continue;
        prefixes.push_back(
            tokens == 0 ? nullptr
                        : runner->make_prefix(std::span(sequences[i]).first(tokens), nobody));
        ASSERT_EQ(prefixes.back() == nullptr, tokens == 0);
        rows.push_back(row_of(sequences[i], prefixes.back().get()));
        which.push_back(i);
      }
    const std::vector<float> logits = run_rows(*runner, rows);
    for (size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(bits(logits[i]), bits(alone[which[i]]))
          << sequences[which[i]].size() << " tokens, prefix of "
          << (prefixes[i] == nullptr ? 0 : prefixes[i]->tokens());
  }
}

TEST_P(Qwen, ARunWithoutARowsOwnTokensIsRefused) {
  const auto runner = load(Dtype::kInt8)->make_runner();
  Team nobody;
  const Ids ids(20, 3);
  const auto prefix = runner->make_prefix(ids, nobody);
  EXPECT_THROW(run_rows(*runner, {row_of(ids, prefix.get())}), Error);
}

TEST_P(Qwen, EveryInstructionSetScoresInt8ToTheSameBits) {
  expect_int8_to_be_the_same_everywhere(folder_.path(), make_sequences());
}

TEST_P(Qwen, ReadsBfloat16) {
  TestQwen rounded = model_;
  for (auto& [name, tensor] : rounded.tensors)
    for (float& x : tensor.data) x = rounded_to_bfloat16(x);
  write_file(folder_.path() / "model.safetensors", safetensors_bytes(rounded.tensors, kBfloat16));
  const Ids ids = make_sequences()[7];
  EXPECT_NEAR(run_alone(*load(Dtype::kFp32), {ids})[0], QwenReference(rounded).logit(ids), 1e-4);
}

TEST_P(Qwen, EarlierReleasesOfTransformersSaidItOtherwise) {
  const std::vector<Ids> sequences = make_sequences();
  const std::vector<float> expected = run_alone(*load(Dtype::kInt8), sequences);
  write_config({{"rope_parameters", ""},
                {"rope_theta", "5000.0"},
                {"rope_scaling", "null"},
                {"layer_types", ""}});
  EXPECT_EQ(run_alone(*load(Dtype::kInt8), sequences), expected);
}

TEST_P(Qwen, WhatIsNotKnownIsRefusedByName) {
  const std::map<std::string, std::string> unknown{
      {"hidden_act", "\"gelu\""},
      {"use_sliding_window", "true"},
      {"layer_types", R"(["full_attention", "sliding_attention", "full_attention"])"},
      {"rope_parameters", R"({"rope_type": "yarn", "rope_theta": 5000, "factor": 4})"},
      {"rope_scaling", R"({"type": "linear", "factor": 2})"},
      {"quantization_config", R"({"quant_method": "gptq"})"},
  };
  const std::map<std::string, std::string> names{{"layer_types", "sliding_attention"},
                                                 {"rope_parameters", "rope_scaling"}};
  for (const auto& [key, value] : unknown) {
    write_config({{key, value}});
    const auto name = names.find(key);
    expect_refused(ErrorCode::kModelUnsupported, name == names.end() ? key : name->second);
  }
}

TEST_P(Qwen, WeightsThatConfigContradictsAreRefused) {
  for (const auto& [key, value] : {std::pair{"num_key_value_heads", GetParam().qwen3 ? "3" : "2"},
                                   {"vocab_size", "51"},
                                   {"num_hidden_layers", "4"},
                                   {"intermediate_size", "256"}}) {
    write_config({{key, value}});
    expect_refused(ErrorCode::kModelInvalid, "model");
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Qwen,
                         testing::Values(Form{"Qwen3LogitScore", true, Ending::kLogitScore},
                                         Form{"Qwen3Label", true, Ending::kLabel},
                                         Form{"Qwen2OneToken", false, Ending::kOneToken}),
                         [](const auto& form) { return std::string(form.param.name); });

class QwenAnswers : public testing::Test {
 protected:
  std::unique_ptr<const EncoderBackend> load(const std::optional<AnswerTokens>& answers) const {
    return load_encoder_backend({folder_.path().string(),
                                 (folder_.path() / "model.safetensors").string(), Dtype::kFp32, "",
                                 nullptr, answers});
  }
  TemporaryFolder folder_;
  TestQwen model_{true, Ending::kLogitScore};
};

TEST_F(QwenAnswers, OfABareModelAreGiven) {
  model_.write(folder_.path());
  const std::vector<Ids> sequences = make_sequences();
  const std::vector<float> expected = run_alone(*load(std::nullopt), sequences);
  std::filesystem::remove(folder_.path() / "modules.json");
  EXPECT_EQ(run_alone(*load(AnswerTokens{model_.yes, model_.no}), sequences), expected);
  try {
    load(std::nullopt);
    ADD_FAILURE() << "no answers, no refusal";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelUnsupported);
    EXPECT_NE(std::string(error.what()).find("LogitScore"), std::string::npos) << error.what();
  }
}

TEST_F(QwenAnswers, OutsideTheVocabularyAreRefused) {
  model_.no = 50;
  model_.write(folder_.path());
  try {
    load(std::nullopt);
    ADD_FAILURE() << "a token that the table lacks";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelInvalid);
    EXPECT_NE(std::string(error.what()).find("50"), std::string::npos) << error.what();
  }
}

TEST_F(QwenAnswers, OfAnotherInputAreRefused) {
  model_.write(folder_.path());
  write_file(folder_.path() / "1_LogitScore" / "config.json",
             R"({"true_token_id": 7, "module_input_name": "image_logits"})");
  try {
    load(std::nullopt);
    ADD_FAILURE() << "another input";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelUnsupported);
    EXPECT_NE(std::string(error.what()).find("image_logits"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace bge::encoder
