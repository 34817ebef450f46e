#include "encoder/families/bert.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "encoder/families/registry.h"

namespace bge::encoder {
namespace {

SelfAttention bind_attention(WeightBinder& weights, const std::string& layer,
                             const BertNames& names, const SelfAttention::Shape& shape) {
  if (const auto* fused = std::get_if<std::string>(&names.attention))
    return {weights, SelfAttention::FusedName{layer + *fused, WeightBinder::Bias::kAdded}, shape};
  const auto& [query, key, value] = std::get<SelfAttention::Names>(names.attention);
  return {weights, SelfAttention::Names{layer + query, layer + key, layer + value}, shape};
}

PostNormLayer bind_layer(WeightBinder& weights, const std::string& layer, const BertConfig& config,
                         const BertNames& names, const BertVariant& variant) {
  SelfAttention::Shape shape{config.shape.hidden, config.shape.heads, variant.rotary};
  shape.alibi = variant.alibi;
  SelfAttention attention = bind_attention(weights, layer, names, shape);
  const PostNormLayer::Names& rest = names.layer;
  return {weights,
          std::move(attention),
          {layer + rest.attention_output, layer + rest.attention_norm, layer + rest.up,
           layer + rest.down, layer + rest.output_norm},
          {variant.feed_forward, config.epsilon}};
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

int read_types(const ConfigReader& config) { return config.integer("type_vocab_size", 1, 16, 0); }

BertConfig read_bert_config(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                            int default_pad_id) {
  config.require(config.text("position_embedding_type", "absolute") == "absolute",
                 "relative positions");
  BertConfig read = read_bert_parts(config, modules, default_pad_id);
  read.types = read_types(config);
  return read;
}

BertConfig read_bert_parts(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                           int default_pad_id) {
  config.require(config.text("hidden_act", "gelu") == "gelu", "another hidden_act than gelu");
  BertConfig read;
  constexpr int kLargestVocabulary = 1 << 24;
  read.vocabulary = config.integer("vocab_size", 1, kLargestVocabulary, 0);
  read.shape = read_transformer_shape(config);
  const int ids = read.vocabulary > 0 ? read.vocabulary : kLargestVocabulary;
  read.pad_id = config.integer("pad_token_id", 0, ids - 1, default_pad_id);
  read.types = 0;
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
  return {{config.vocabulary, std::max(config.types, 1), max_tokens},
          workspace_of(config.shape, max_tokens),
          config.pooling()};
}

BertNames bert_names(const BertHeadNames& head) {
  return {
      "embeddings.LayerNorm",
      "encoder.layer.",
      SelfAttention::Names{"attention.self.query", "attention.self.key", "attention.self.value"},
      {"attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
       "output.LayerNorm"},
      head};
}

PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertNames& names, const BertVariant& variant) {
  // Whatever the exporter put before the names: bert. or nothing.
  const std::string prefix = weights.file().prefix_of("embeddings.word_embeddings.weight");
  const std::string tables = prefix + "embeddings.";
  Embeddings embeddings(weights,
                        {tables + "word_embeddings.weight",
                         variant.has_positions ? tables + "position_embeddings.weight" : "",
                         config.types > 0 ? tables + "token_type_embeddings.weight" : "",
                         prefix + names.embedding_norm},
                        {config.vocabulary, config.positions, config.types, config.shape.hidden},
                        config.epsilon);
  std::vector<PostNormLayer> layers;
  for (int i = 0; i < config.shape.layers; ++i)
    layers.push_back(bind_layer(weights, prefix + names.layers + std::to_string(i) + ".", config,
                                names, variant));
  return {std::move(embeddings), std::move(layers), bind_head(weights, config, prefix, names.head)};
}

PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertNames& names) {
  return bind_bert(weights, config, names,
                   {.feed_forward = {config.shape.hidden, config.shape.intermediate}});
}

ModelBinding read_bert(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  constexpr int kDefaultPadId = 0;
  return [read = read_bert_config(config, modules, kDefaultPadId)](WeightBinder& weights) {
    const BertConfig whole = completed(read, weights.file());
    return std::make_unique<const PostNormModel>(
        bert_facts(whole, whole.positions),
        bind_bert(weights, whole, bert_names({"pooler.dense", true, "classifier"})));
  };
}

}  // namespace bge::encoder
