#include "encoder/families/bert.h"

#include <utility>
#include <vector>

#include "encoder/families/registry.h"

namespace bge::encoder {
namespace {

PostNormLayer bind_layer(WeightBinder& weights, const std::string& name, const BertConfig& config) {
  const auto [hidden, layers, heads, intermediate] = config.shape;
  SelfAttention attention(
      weights,
      SelfAttention::Names{name + "attention.self.query", name + "attention.self.key",
                           name + "attention.self.value"},
      {hidden, heads});
  return PostNormLayer(
      weights, std::move(attention),
      {name + "attention.output.dense", name + "attention.output.LayerNorm",
       name + "intermediate.dense", name + "output.dense", name + "output.LayerNorm"},
      {{hidden, intermediate}, config.epsilon});
}

Head bind_head(WeightBinder& weights, const BertConfig& config, const std::string& prefix,
               const BertHeadNames& names) {
  const int width = config.shape.hidden;
  if (config.modules) return config.modules->bind(weights, width);
  Head head(width);
  head.add_dense(weights, (names.in_encoder ? prefix : outer_of(prefix)) + names.dense, width,
                 Activation::kTanh);
  head.set_output(weights, outer_of(prefix) + names.output);
  return head;
}

}  // namespace

BertConfig read_bert_config(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                            int default_pad_id) {
  config.require(config.text("hidden_act", "gelu") == "gelu", "another hidden_act than gelu");
  config.require(config.text("position_embedding_type", "absolute") == "absolute",
                 "relative positions");
  BertConfig read;
  constexpr int kLargestVocabulary = 1 << 24;
  read.vocabulary = config.integer("vocab_size", 1, kLargestVocabulary, 0);
  read.shape = read_transformer_shape(config);
  const int ids = read.vocabulary > 0 ? read.vocabulary : kLargestVocabulary;
  read.pad_id = config.integer("pad_token_id", 0, ids - 1, default_pad_id);
  read.types = config.integer("type_vocab_size", 1, 16, 0);
  read.positions = config.integer("max_position_embeddings", 1, 1 << 16, 0);
  read.epsilon = static_cast<float>(config.number("layer_norm_eps", 1e-12));
  read.modules = modules;
  return read;
}

BertConfig completed(BertConfig config, const WeightFile& file) {
  const std::string tables = file.prefix_of("embeddings.word_embeddings.weight") + "embeddings.";
  const auto complete = [&](int& rows, const char* table) {
    if (rows == 0) rows = file.rows(tables + table + ".weight");
  };
  complete(config.vocabulary, "word_embeddings");
  complete(config.positions, "position_embeddings");
  complete(config.types, "token_type_embeddings");
  return config;
}

PostNormModel::Facts bert_facts(const BertConfig& config, int max_tokens) {
  return {{config.vocabulary, config.types, max_tokens},
          workspace_of(config.shape, max_tokens),
          config.pooling()};
}

PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertHeadNames& head) {
  // Whatever the exporter put before the names: bert. or nothing.
  const std::string prefix = weights.file().prefix_of("embeddings.word_embeddings.weight");
  const std::string tables = prefix + "embeddings.";
  Embeddings embeddings(weights,
                        {tables + "word_embeddings.weight", tables + "position_embeddings.weight",
                         tables + "token_type_embeddings.weight", tables + "LayerNorm"},
                        {config.vocabulary, config.positions, config.types, config.shape.hidden},
                        config.epsilon);
  std::vector<PostNormLayer> layers;
  for (int i = 0; i < config.shape.layers; ++i)
    layers.push_back(
        bind_layer(weights, prefix + "encoder.layer." + std::to_string(i) + ".", config));
  return {embeddings, std::move(layers), bind_head(weights, config, prefix, head)};
}

ModelBinding read_bert(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  constexpr int kDefaultPadId = 0;
  return [read = read_bert_config(config, modules, kDefaultPadId)](WeightBinder& weights) {
    const BertConfig whole = completed(read, weights.file());
    return std::make_unique<const PostNormModel>(
        bert_facts(whole, whole.positions),
        bind_bert(weights, whole, {"pooler.dense", true, "classifier"}));
  };
}

}  // namespace bge::encoder
