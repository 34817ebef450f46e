#include "family_fixture.h"
#include "post_norm_reference.h"

namespace bge::encoder {
namespace {

// BERT's kin whose code lies in their own repositories: small models with random weights, by the
// names and entries that those repositories have.
struct TestKin : FamilyTensors {
  enum class Kind { kJinaBert, kGte, kGtePlain, kFlash };
  static constexpr int kHidden = 192, kHeads = 3, kLayers = 3, kIntermediate = 256;
  static constexpr int kVocabulary = 50, kTokens = 160, kPadId = 1;

  explicit TestKin(Kind which) : kind(which) {
    add(tables() + "word_embeddings.weight", {kVocabulary, kHidden}, 0.5f);
    if (kind == Kind::kFlash)
      add(tables() + "position_embeddings.weight", {kTokens + kPadId + 1, kHidden}, 0.5f);
    if (kind != Kind::kGtePlain) add(tables() + "token_type_embeddings.weight", {1, kHidden}, 0.5f);
    add_norm(embedding_norm(), kHidden);
    const PostNormReference::Names names = this->names();
    const int halves = is_gated() ? 2 : 1;
    for (int i = 0; i < kLayers; ++i) {
      const std::string layer = layer_name(i);
      if (names.key.empty()) {
        add_linear(layer + names.query, 3 * kHidden, kHidden);
      } else {
        for (const std::string& name : {names.query, names.key, names.value})
          add_linear(layer + name, kHidden, kHidden);
      }
      add_linear(layer + names.attention_output, kHidden, kHidden);
      add_norm(layer + names.attention_norm, kHidden);
      add_linear(layer + names.up, halves * kIntermediate, kHidden, !is_gated());
      add_linear(layer + names.down, kHidden, kIntermediate);
      add_norm(layer + names.output_norm, kHidden);
    }
    add_linear(dense(), kHidden, kHidden);
    add_linear(output(), 1, kHidden);
  }

  bool is_gte() const { return kind == Kind::kGte || kind == Kind::kGtePlain; }
  bool is_gated() const { return kind != Kind::kFlash; }
  std::string prefix() const {
    return kind == Kind::kFlash ? "roberta." : is_gte() ? "new." : "bert.";
  }
  std::string tables() const { return prefix() + "embeddings."; }
  std::string embedding_norm() const {
    return kind == Kind::kFlash ? prefix() + "emb_ln" : tables() + "LayerNorm";
  }
  std::string layer_name(int i) const {
    return prefix() + (kind == Kind::kFlash ? "encoder.layers." : "encoder.layer.") +
           std::to_string(i) + ".";
  }
  std::string dense() const {
    return kind == Kind::kFlash ? "classifier.dense" : prefix() + "pooler.dense";
  }
  std::string output() const { return kind == Kind::kFlash ? "classifier.out_proj" : "classifier"; }

  PostNormReference::Names names() const {
    switch (kind) {
      case Kind::kJinaBert:
        return {"attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "attention.output.LayerNorm",
                "mlp.gated_layers",
                "mlp.wo",
                "mlp.layernorm"};
      case Kind::kGte:
        return {"attention.qkv_proj", "",        "",
                "attention.o_proj",   "attn_ln", "mlp.up_gate_proj",
                "mlp.down_proj",      "mlp_ln"};
      case Kind::kGtePlain:
        return {"attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj",
                "attn_ln",          "mlp.up_gate_proj", "mlp.down_proj",    "mlp_ln"};
      case Kind::kFlash:
        return {"mixer.Wqkv", "", "", "mixer.out_proj", "norm1", "mlp.fc1", "mlp.fc2", "norm2"};
    }
    return {};
  }

  std::map<std::string, std::string> config() const {
    std::map<std::string, std::string> entries{
        {"hidden_act", "\"gelu\""},
        {"vocab_size", std::to_string(kVocabulary)},
        {"hidden_size", std::to_string(kHidden)},
        {"num_hidden_layers", std::to_string(kLayers)},
        {"num_attention_heads", std::to_string(kHeads)},
        {"intermediate_size", std::to_string(kIntermediate)},
        {"max_position_embeddings",
         std::to_string(kind == Kind::kFlash ? kTokens + kPadId + 1 : kTokens)},
        {"type_vocab_size", kind == Kind::kGtePlain ? "0" : "1"},
        {"pad_token_id", std::to_string(kPadId)},
        {"layer_norm_eps", "1e-5"}};
    std::map<std::string, std::string> more;
    if (kind == Kind::kJinaBert)
      more = {{"model_type", "\"bert\""},
              {"architectures", "[\"JinaBertForSequenceClassification\"]"},
              {"auto_map", R"({"AutoConfig":
                  "jinaai/jina-bert-implementation--configuration_bert.JinaBertConfig"})"},
              {"position_embedding_type", "\"alibi\""},
              {"feed_forward_type", "\"geglu\""}};
    if (is_gte())
      more = {{"model_type", "\"new\""},
              {"architectures", "[\"NewForSequenceClassification\"]"},
              {"auto_map", R"({"AutoConfig": "Alibaba-NLP/new-impl--configuration.NewConfig"})"},
              {"position_embedding_type", "\"rope\""},
              {"layer_norm_type", "\"layer_norm\""},
              {"pack_qkv", kind == Kind::kGte ? "true" : "false"},
              {"rope_theta", "2000"}};
    if (kind == Kind::kGte) more["rope_scaling"] = R"({"type": "ntk", "factor": 8.0})";
    if (kind == Kind::kFlash)
      more = {{"architectures", "[\"XLMRobertaForSequenceClassification\"]"},
              {"auto_map", R"({"AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig"})"},
              {"position_embedding_type", "\"absolute\""}};
    entries.insert(more.begin(), more.end());
    return entries;
  }

  void write(const std::filesystem::path& folder) const {
    write_file(folder / "config.json", json_of(config()));
    write_file(folder / "model.safetensors", safetensors_bytes(tensors));
  }

  double logit(const Ids& ids) const {
    PostNormReference reference{tensors, kHeads, 1e-5, names()};
    constexpr int kWidth = kHidden / kHeads;
    if (kind == Kind::kJinaBert) {
      reference.gate = PostNormReference::Gate::kFirst;
      // Of three heads: two as of two, the third as every other of four.
      reference.score = [](const std::string&, int head, size_t i, size_t j, const auto& q,
                           const auto& k) {
        constexpr double kSlopes[] = {1.0 / 16, 1.0 / 256, 1.0 / 4};
        const double distance = i > j ? i - j : j - i;
        const int first = head * kWidth;
        return formulas::dot(&q[first], &k[first], kWidth) / std::sqrt(kWidth) -
               kSlopes[head] * distance;
      };
    }
    if (is_gte()) {
      reference.gate = PostNormReference::Gate::kSecond;
      reference.turn = [this](size_t token, auto& query, auto& key) {
        const double factor = kind == Kind::kGte ? 8.0 : 1.0;
        for (auto* row : {&query, &key})
          for (int head = 0; head < kHeads; ++head)
            for (int i = 0; i < kWidth / 2; ++i) {
              const double frequency =
                  std::pow(2000 * factor, -2.0 * i / kWidth) / std::pow(factor, 2.0 / kWidth);
              double& a = (*row)[head * kWidth + i];
              double& b = (*row)[head * kWidth + i + kWidth / 2];
              const double turned =
                  a * std::cos(token * frequency) - b * std::sin(token * frequency);
              b = b * std::cos(token * frequency) + a * std::sin(token * frequency);
              a = turned;
            }
      };
    }
    PostNormReference::Rows x;
    size_t position = kPadId + 1;
    for (const int32_t id : ids) {
      std::vector<std::pair<std::string, size_t>> rows{{tables() + "word_embeddings.weight", id}};
      if (kind != Kind::kGtePlain) rows.emplace_back(tables() + "token_type_embeddings.weight", 0);
      if (kind == Kind::kFlash)
        rows.emplace_back(tables() + "position_embeddings.weight",
                          id == kPadId ? kPadId : position++);
      x.push_back(reference.norm(embedding_norm(), reference.embed(rows)));
    }
    for (int layer = 0; layer < kLayers; ++layer) reference.run_layer(layer_name(layer), x);
    auto pooled = reference.linear(dense(), x[0]);
    for (double& v : pooled) v = std::tanh(v);
    return reference.linear(output(), pooled)[0];
  }

  Kind kind;
};

using Kind = TestKin::Kind;

class BertKin : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { model_.write(folder_.path()); }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  TemporaryFolder folder_;
  const TestKin model_{GetParam()};
  const std::vector<Ids> sequences_ =
      random_sequences({1, 2, 17, 33, 64, 100, TestKin::kTokens}, TestKin::kVocabulary);
};

TEST_P(BertKin, AgreesWithTheFormulas) {
  expect_the_formulas(folder_.path(), sequences_,
                      [&](const Ids& ids) { return model_.logit(ids); });
}

TEST_P(BertKin, ASequenceScoresTheSameBitsInAnyCompanyAndOnAnyThread) {
  expect_the_same_bits_in_any_company(folder_.path(), sequences_);
}

TEST_P(BertKin, EveryInstructionSetScoresInt8ToTheSameBits) {
  expect_int8_to_be_the_same_everywhere(folder_.path(), sequences_);
}

TEST_P(BertKin, OneTokenMoreIsTooLong) {
  const auto backend = load_folder(folder_.path(), kernels::Dtype::kInt8);
  EXPECT_EQ(backend->max_tokens(), TestKin::kTokens);
}

TEST_P(BertKin, OtherCodeOfItsOwnIsNamed) {
  expect_to_be_named(
      folder_.path(), model_.config(),
      {{"auto_map", R"({"AutoConfig": "someone/else--configuration.OtherConfig"})", "auto_map"},
       {"hidden_act", "\"silu\"", "hidden_act"},
       {"position_embedding_type", "\"relative_key\"", "relative"}});
}

INSTANTIATE_TEST_SUITE_P(Kind, BertKin,
                         testing::Values(Kind::kJinaBert, Kind::kGte, Kind::kGtePlain,
                                         Kind::kFlash));

TEST(BertKinRefusals, WhatOurKernelsDoNotRunIsNamed) {
  const TemporaryFolder folder;
  const TestKin jina(Kind::kJinaBert);
  jina.write(folder.path());
  expect_to_be_named(folder.path(), jina.config(),
                     {{"feed_forward_type", "\"reglu\"", "feed_forward_type reglu"},
                      {"auto_map",
                       R"({"AutoConfig":
                       "jinaai/jina-bert-v2-qk-post-norm--configuration_bert.JinaBertConfig"})",
                       "normalised queries and keys"}});
  const TestKin gte(Kind::kGte);
  gte.write(folder.path());
  expect_to_be_named(
      folder.path(), gte.config(),
      {{"rope_scaling", R"({"type": "linear", "factor": 2})", "rope_scaling linear"},
       {"rope_scaling", R"({"type": "ntk", "factor": 2, "mixed_b": 0.6})", "rope_scaling ntk"},
       {"layer_norm_type", "\"rms_norm\"", "layer_norm_type rms_norm"},
       {"logn_attention_scale", "true", "logn_attention_scale"}});
}

TEST(BertKinRefusals, AConfigThatContradictsTheWeightsIsInvalid) {
  const TemporaryFolder folder;
  const TestKin gte(Kind::kGte);
  gte.write(folder.path());
  expect_to_be_contradicted(folder.path(), gte.config(),
                            {{"pack_qkv", "false", "q_proj"},
                             {"type_vocab_size", "2", "token_type_embeddings"},
                             {"intermediate_size", "128", "up_gate_proj"}});
}

}  // namespace
}  // namespace bge::encoder
