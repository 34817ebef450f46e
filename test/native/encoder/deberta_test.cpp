#include "encoder/blocks/distance_scores.h"
#include "family_fixture.h"
#include "post_norm_reference.h"

namespace bge::encoder {
namespace {

// A small DeBERTa-v3 as mxbai-rerank is laid out.
struct TestDeberta : FamilyTensors {
  static constexpr int kHidden = 128, kHeads = 2, kLayers = 3, kIntermediate = 192, kTokens = 160;
  static constexpr int kBuckets = 32, kVocabulary = 50;

  TestDeberta() {
    add("deberta.embeddings.word_embeddings.weight", {kVocabulary, kHidden}, 0.5f);
    add_norm("deberta.embeddings.LayerNorm", kHidden);
    add("deberta.encoder.rel_embeddings.weight", {2 * kBuckets, kHidden}, 0.5f);
    add_norm("deberta.encoder.LayerNorm", kHidden);
    for (int i = 0; i < kLayers; ++i) {
      const std::string layer = layer_name(i);
      for (const char* name : {"query_proj", "key_proj", "value_proj"})
        add_linear(layer + "attention.self." + name, kHidden, kHidden);
      add_linear(layer + "attention.output.dense", kHidden, kHidden);
      add_norm(layer + "attention.output.LayerNorm", kHidden);
      add_linear(layer + "intermediate.dense", kIntermediate, kHidden);
      add_linear(layer + "output.dense", kHidden, kIntermediate);
      add_norm(layer + "output.LayerNorm", kHidden);
    }
    add_linear("pooler.dense", kHidden, kHidden);
    add_linear("classifier", 1, kHidden);
  }

  static std::string layer_name(int i) {
    return "deberta.encoder.layer." + std::to_string(i) + ".";
  }

  static std::map<std::string, std::string> config() {
    return {{"model_type", "\"deberta-v2\""},
            {"architectures", "[\"DebertaV2ForSequenceClassification\"]"},
            {"hidden_act", "\"gelu\""},
            {"vocab_size", std::to_string(kVocabulary)},
            {"hidden_size", std::to_string(kHidden)},
            {"num_hidden_layers", std::to_string(kLayers)},
            {"num_attention_heads", std::to_string(kHeads)},
            {"intermediate_size", std::to_string(kIntermediate)},
            {"max_position_embeddings", std::to_string(kTokens)},
            {"type_vocab_size", "0"},
            {"layer_norm_eps", "1e-7"},
            {"relative_attention", "true"},
            {"max_relative_positions", "-1"},
            {"position_buckets", std::to_string(kBuckets)},
            {"norm_rel_ebd", "\"layer_norm\""},
            {"share_att_key", "true"},
            {"pos_att_type", "\"p2c|c2p\""},
            {"position_biased_input", "false"},
            {"pooler_hidden_act", "\"gelu\""}};
  }

  void write(const std::filesystem::path& folder) const {
    write_file(folder / "config.json", json_of(config()));
    write_file(folder / "model.safetensors", safetensors_bytes(tensors));
  }

  // The formula of the paper (appendix A.5) and of transformers' make_log_bucket_position.
  static int row_of(int distance) {
    const int middle = kBuckets / 2;
    const int size = std::abs(distance);
    int bucket = size;
    if (size > middle)
      bucket =
          middle + static_cast<int>(std::ceil(std::log(1.0 * size / middle) /
                                              std::log((kTokens - 1.0) / middle) * (middle - 1)));
    return std::clamp((distance < 0 ? -bucket : bucket) + kBuckets, 0, 2 * kBuckets - 1);
  }

  double logit(const Ids& ids) const {
    PostNormReference reference{
        tensors,
        kHeads,
        1e-7,
        {"attention.self.query_proj", "attention.self.key_proj", "attention.self.value_proj",
         "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
         "output.dense", "output.LayerNorm"}};
    PostNormReference::Rows keys, queries;  // of distances, in the layer at work
    reference.score = [&](const std::string&, int head, size_t i, size_t j, const auto& q,
                          const auto& k) {
      constexpr int kWidth = kHidden / kHeads;
      const int row = row_of(static_cast<int>(i) - static_cast<int>(j));
      const auto product = [&](const auto& a, const auto& b) {
        return formulas::dot(&a[head * kWidth], &b[head * kWidth], kWidth);
      };
      return (product(q, k) + product(q, keys[row]) + product(k, queries[row])) /
             std::sqrt(3.0 * kWidth);
    };
    PostNormReference::Rows x;
    for (const int32_t id : ids)
      x.push_back(
          reference.norm("deberta.embeddings.LayerNorm",
                         reference.embed({{"deberta.embeddings.word_embeddings.weight", id}})));
    for (int layer = 0; layer < kLayers; ++layer) {
      keys.clear();
      queries.clear();
      for (int row = 0; row < 2 * kBuckets; ++row) {
        const auto vector =
            reference.norm("deberta.encoder.LayerNorm",
                           reference.embed({{"deberta.encoder.rel_embeddings.weight", row}}));
        keys.push_back(reference.linear(layer_name(layer) + "attention.self.key_proj", vector));
        queries.push_back(
            reference.linear(layer_name(layer) + "attention.self.query_proj", vector));
      }
      reference.run_layer(layer_name(layer), x);
    }
    auto pooled = reference.linear("pooler.dense", x[0]);
    for (double& v : pooled) v = formulas::gelu(v);
    return reference.linear("classifier", pooled)[0];
  }
};

class Deberta : public testing::Test {
 protected:
  void SetUp() override { model_.write(folder_.path()); }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  TemporaryFolder folder_;
  const TestDeberta model_;
  // Within the near distances and far beyond them, all that the model takes; one token.
  const std::vector<Ids> sequences_ =
      random_sequences({1, 2, 15, 16, 17, 33, 64, 100, 159, 160}, TestDeberta::kVocabulary);
};

TEST_F(Deberta, AgreesWithTheFormulas) {
  expect_the_formulas(folder_.path(), sequences_,
                      [&](const Ids& ids) { return model_.logit(ids); });
}

TEST_F(Deberta, ASequenceScoresTheSameBitsInAnyCompanyAndOnAnyThread) {
  expect_the_same_bits_in_any_company(folder_.path(), sequences_);
}

TEST_F(Deberta, EveryInstructionSetScoresInt8ToTheSameBits) {
  expect_int8_to_be_the_same_everywhere(folder_.path(), sequences_);
}

TEST_F(Deberta, TheCacheGivesTheSameBitsUnlessTheNormOfDistancesChanges) {
  const std::string cache = (folder_.path() / "cache").string();
  const auto load = [&] { return load_folder(folder_.path(), kernels::Dtype::kInt8, cache); };
  const std::vector<float> converted = run_alone(*load(), sequences_);
  EXPECT_EQ(run_alone(*load(), sequences_), converted);
  write_file(folder_.path() / "config.json",
             json_of(TestDeberta::config(), {{"norm_rel_ebd", "\"none\""}}));
  EXPECT_NE(run_alone(*load(), sequences_), converted);
}

TEST_F(Deberta, WhatOurKernelsDoNotRunIsNamed) {
  expect_to_be_named(folder_.path(), TestDeberta::config(),
                     {{"hidden_act", "\"gelu_new\"", "hidden_act gelu_new"},
                      {"pooler_hidden_act", "\"mish\"", "pooler_hidden_act mish"},
                      {"relative_attention", "false", "relative_attention false"},
                      {"position_biased_input", "true", "position_biased_input"},
                      {"share_att_key", "false", "share_att_key false"},
                      {"pos_att_type", "[\"c2p\"]", "pos_att_type"},
                      {"conv_kernel_size", "3", "conv_kernel_size"},
                      {"norm_rel_ebd", "\"rms_norm\"", "norm_rel_ebd rms_norm"},
                      {"position_buckets", "30", "30 position_buckets"},
                      {"embedding_size", "64", "embedding_size"},
                      {"num_attention_heads", "4", "heads of this width"},
                      {"architectures", "[\"DebertaV2ForTokenClassification\"]",
                       "DebertaV2ForTokenClassification"},
                      {"model_type", "\"deberta\"", "model_type deberta"}});
}

TEST_F(Deberta, AConfigThatContradictsTheWeightsIsInvalid) {
  expect_to_be_contradicted(folder_.path(), TestDeberta::config(),
                            {{"position_buckets", "64", "rel_embeddings"},
                             {"vocab_size", "51", "word_embeddings"},
                             {"type_vocab_size", "2", "token_type_embeddings"},
                             {"num_hidden_layers", "4", "layer.3"},
                             {"intermediate_size", "128", "intermediate.dense"}});
}

// The rows that torch's float32 gives the distances of DeBERTa-v3, where they change.
TEST(DistanceTable, FarDistancesShareRows) {
  const DistanceTable table({256, 512, 512});
  const auto expect_row = [&](int distance, int row) {
    EXPECT_EQ(table.row(distance), row) << distance;
    EXPECT_EQ(table.row(-distance), 512 - row) << -distance;
  };
  for (int distance = 0; distance <= 128; ++distance) expect_row(distance, 256 + distance);
  constexpr std::pair<int, int> kFar[] = {{129, 385}, {130, 386}, {131, 387}, {132, 387},
                                          {200, 425}, {249, 446}, {250, 446}, {300, 463},
                                          {400, 489}, {500, 510}, {510, 511}, {511, 511}};
  for (const auto& [distance, row] : kFar) expect_row(distance, row);
}

}  // namespace
}  // namespace bge::encoder
