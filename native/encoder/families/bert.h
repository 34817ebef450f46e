#pragma once

#include <optional>
#include <string>
#include <variant>

#include "encoder/families/config_reader.h"
#include "encoder/families/post_norm_model.h"

// BERT (Devlin et al. 2018): post-norm layers, absolute positions, the head on the first token.
namespace bge::encoder {

struct BertConfig {
  TransformerShape shape;
  int vocabulary;
  int positions;
  int types;
  int pad_id;
  float epsilon;
  // The head, where it is not the family's own.
  std::optional<ModuleChain> modules;

  Pooling pooling() const { return modules ? modules->pooling : Pooling::kFirst; }
};

// What config.json leaves out has transformers' defaults (4.44 and 5.24); sizes of tables that it
// leaves out are 0 until completed() takes them from the tables. Throws as ConfigReader does.
BertConfig read_bert_config(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                            int default_pad_id);
int read_types(const ConfigReader& config);
// The same without types, and without a look at how positions are told.
BertConfig read_bert_parts(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                           int default_pad_id);
BertConfig completed(BertConfig config, const WeightFile& file);

// The linear layers of the head; `dense` stands in the encoder (the pooler) or beside it.
struct BertHeadNames {
  std::string dense;
  bool in_encoder;
  std::string output;
};

// Names in the weight file behind its prefix; those of a layer behind its number.
struct BertNames {
  std::string embedding_norm;
  std::string layers;
  // Layers of their own, or all three in one.
  std::variant<SelfAttention::Names, std::string> attention;
  PostNormLayer::Names layer;
  BertHeadNames head;
};

// As transformers has them.
BertNames bert_names(const BertHeadNames& head);

// What kin of BERT does in a layer: entries that are none leave it BERT's.
struct BertVariant {
  bool has_positions = true;
  // Of the attention.
  Rotary rotary{};
  Alibi alibi{};
  FeedForwardShape feed_forward;
};

PostNormModel::Facts bert_facts(const BertConfig& config, int max_tokens);
PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertNames& names, const BertVariant& variant);
PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertNames& names);

}  // namespace bge::encoder
